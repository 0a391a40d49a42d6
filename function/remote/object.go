package remote

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// Kind of the Objects, of GroupVersion.
const Kind = "Object"

// GroupVersion of namespaced Objects.
var GroupVersion = schema.GroupVersion{Group: "kubernetes.m.crossplane.io", Version: "v1alpha1"} //nolint:gochecknoglobals // As API packages have it.

// An Object of provider-kubernetes, as far as it is composed, without its manifest. See
// https://github.com/crossplane-contrib/provider-kubernetes/blob/v1.3.0/apis/namespaced/object/v1alpha1/types.go
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec ObjectSpec `json:"spec"`
}

// An ObjectSpec is what an Object should do.
type ObjectSpec struct {
	ManagementPolicies []string                         `json:"managementPolicies,omitempty"`
	ProviderConfigRef  v1alpha1.ProviderConfigReference `json:"providerConfigRef"`
	References         []Reference                      `json:"references,omitempty"`
	Readiness          Readiness                        `json:"readiness"`

	// Watch is only honoured where the provider's feature of that name is on.
	Watch bool `json:"watch"`
}

// A Reference copies a field of an object of the control plane into the manifest.
type Reference struct {
	PatchesFrom PatchesFrom `json:"patchesFrom"`
	ToFieldPath string      `json:"toFieldPath"`
}

// PatchesFrom is a field of an object of the control plane.
type PatchesFrom struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	FieldPath  string `json:"fieldPath"`
}

// Readiness is how the provider tells whether an Object is ready.
type Readiness struct {
	Policy   string `json:"policy"`
	CELQuery string `json:"celQuery,omitempty"`
}
