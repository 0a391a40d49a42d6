// Package v1alpha1 holds the managed resources for NATS: an Endpoint that tells
// whether a system may be used, what lives in it (Stream, KeyValue,
// ObjectStore), and Users with limited rights.
//
// +kubebuilder:object:generate=true
// +groupName=nats.graphplane.io
// +versionName=v1alpha1
package v1alpha1
