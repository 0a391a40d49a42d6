// Package v1alpha1 holds the parts of a ProviderConfig that the etcd and NATS
// groups share: how a Secret is referred to and how TLS is configured. It is
// not an API group of its own.
//
// +kubebuilder:object:generate=true
package v1alpha1
