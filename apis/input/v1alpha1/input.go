// Package v1alpha1 contains the input of the composition function, fn.graphplane.io/v1alpha1.
// +kubebuilder:object:generate=true
// +groupName=fn.graphplane.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of this package.
var GroupVersion = schema.GroupVersion{Group: "fn.graphplane.io", Version: "v1alpha1"}

// Input of the composition function. It belongs to a Composition, so that a platform team tries a change of it on some
// graphs first, by CompositionRevision.
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:resource:categories=crossplane
type Input struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// RuntimeVersion is the tag of the default images where neither the graph nor its InferenceCluster names one.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`
	RuntimeVersion string `json:"runtimeVersion,omitempty"`
}
