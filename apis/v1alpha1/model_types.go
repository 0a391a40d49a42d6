package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// A Model is a set of weights and the name it is served by.
// +kubebuilder:validation:XValidation:rule="!has(self.image) || !(has(self.cache) || has(self.revision))",message="image holds the weights, so that cache and revision have nothing to say: remove them, or remove image",fieldPath=".image"
// +kubebuilder:validation:XValidation:rule="!has(self.download) || has(self.cache)",message="download needs a cache to fill: set cache, or remove download",fieldPath=".download"
type Model struct {
	// Name of the model: a Hugging Face repository, or a path inside a mounted volume.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// ServedName is the name clients ask for. Defaults to name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServedName string `json:"servedName,omitempty"`

	// Revision of the model repository: a branch, tag or commit.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// TokenSecretRef is the key of a Secret that holds a Hugging Face token, set as HF_TOKEN.
	// +optional
	TokenSecretRef *SecretKeyReference `json:"tokenSecretRef,omitempty"`

	// Cache is a claim with weights and tokenizer, mounted in every component that reads them, the frontend too.
	// +optional
	Cache *Mount `json:"cache,omitempty"`

	// Download fills the cache by a Job before the first worker starts. Without it each worker downloads what it does not
	// find there.
	// +optional
	Download *ModelDownload `json:"download,omitempty"`

	// Image is an OCI image with weights and tokenizer, mounted read-only in every component that reads them. The nodes
	// need Kubernetes 1.35, or 1.33 with the feature gate ImageVolume.
	// +optional
	Image *ModelImage `json:"image,omitempty"`
}

// ModelDownload is a Job that downloads a model from Hugging Face. It runs on the nodes of the first worker, so that a
// volume is made where workers can mount it, and uses no GPU. A change of the model makes another Job.
type ModelDownload struct {
	// Image of the Job, with Python and huggingface_hub. Defaults to that of the graph's backend.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Image string `json:"image,omitempty"`
}

// ModelImage is an OCI image that holds a model.
type ModelImage struct {
	// Reference of the image, as registry.example.com/models/qwen3:1. The pull secrets are those of the pods.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reference string `json:"reference"`

	// Path of the model in the image, from its root.
	// +optional
	// +kubebuilder:validation:Pattern=`^[^/:][^:]*$`
	// +kubebuilder:validation:MaxLength=1024
	Path string `json:"path,omitempty"`

	// MountPath of the image in the containers, absolute and without colons.
	// +optional
	// +kubebuilder:default="/model"
	// +kubebuilder:validation:Pattern=`^/[^:]*$`
	// +kubebuilder:validation:MaxLength=1024
	MountPath string `json:"mountPath,omitempty"`

	// PullPolicy of the image. Defaults to Always for the tag latest, else to IfNotPresent.
	// +optional
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	PullPolicy corev1.PullPolicy `json:"pullPolicy,omitempty"`
}

// SecretKeyReference is a key of a Secret in the graph's namespace.
type SecretKeyReference struct {
	// Name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key in the Secret.
	// +optional
	// +kubebuilder:default=HF_TOKEN
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}
