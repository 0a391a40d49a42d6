package v1alpha1

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds of this package.
const (
	InferenceGraphKind   = "InferenceGraph"
	InferenceClusterKind = "InferenceCluster"
)

// GroupVersion is the API group and version of this package.
var GroupVersion = schema.GroupVersion{Group: "graphplane.io", Version: "v1alpha1"}

// AddToScheme adds the kinds of this package to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &InferenceGraph{}, &InferenceGraphList{}, &InferenceCluster{}, &InferenceClusterList{})
	return nil
}
