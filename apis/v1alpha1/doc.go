// Package v1alpha1 contains the graphplane.io/v1alpha1 API: InferenceGraph, one distributed inference service, and
// InferenceCluster, a Kubernetes cluster that such services may run on.
//
// Both kinds are Crossplane composite resources. Their CompositeResourceDefinitions are generated from these types.
// +kubebuilder:object:generate=true
// +groupName=graphplane.io
package v1alpha1
