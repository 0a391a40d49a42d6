// Package v1alpha1 holds the managed resources for etcd: an Endpoint that tells
// whether a cluster may be used, and the Roles and Users in it.
//
// +kubebuilder:object:generate=true
// +groupName=etcd.graphplane.io
// +versionName=v1alpha1
package v1alpha1
