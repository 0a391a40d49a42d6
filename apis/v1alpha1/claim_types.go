package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// A Mount is a claim mounted in a container.
type Mount struct {
	// Claim is a name in spec.claims.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Claim string `json:"claim"`

	// MountPath in the container, absolute and without colons.
	// +kubebuilder:validation:Pattern=`^/[^:]*$`
	// +kubebuilder:validation:MaxLength=1024
	MountPath string `json:"mountPath"`
}

// A Claim is a PersistentVolumeClaim: composed when it has a size, else it must exist.
// +kubebuilder:validation:XValidation:rule="has(self.size) || !(has(self.storageClassName) || has(self.accessMode))",message="storageClassName and accessMode are for claims that are created: set size too, or leave both out to use a claim that exists"
// +kubebuilder:validation:XValidation:rule="has(self.size) == has(oldSelf.size)",message="size cannot be added to or removed from a claim: use a claim of another name",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName))",message="storageClassName of a claim is immutable: use a claim of another name",fieldPath=".storageClassName"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (has(self.accessMode) == has(oldSelf.accessMode) && (!has(self.accessMode) || self.accessMode == oldSelf.accessMode))",message="accessMode of a claim is immutable: use a claim of another name",fieldPath=".accessMode"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || !has(oldSelf.size) || quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",message="size of a claim cannot shrink: use a claim of another name",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || quantity(string(self.size)).isGreaterThan(quantity('0'))",message="size must be more than 0, as 100Gi",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!(self.name in ['shared-memory', 'graphplane-nats'])",message="shared-memory and graphplane-nats are volumes that Graphplane mounts: use another name",fieldPath=".name"
type Claim struct {
	// Name by which components mount the claim. A claim that is created is called <graph>-<name>; a claim that exists is
	// called by this name.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// Size of the volume to create. Without it the claim must exist in the graph's namespace.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	Size *resource.Quantity `json:"size,omitempty"`

	// StorageClassName of the volume to create. Defaults to the InferenceCluster's, then to the cluster's.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName *string `json:"storageClassName,omitempty"`

	// AccessMode of the volume to create.
	// +optional
	// +kubebuilder:validation:Enum=ReadWriteOnce;ReadWriteOncePod;ReadWriteMany;ReadOnlyMany
	AccessMode corev1.PersistentVolumeAccessMode `json:"accessMode,omitempty"`

	// Retain keeps a created claim, and the weights in it, when the graph is deleted.
	// +optional
	// +kubebuilder:default=true
	Retain *bool `json:"retain,omitempty"`
}
