package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Reasons of the conditions of Roles and Users beside the shared ones.
const (
	// ReasonAuthDisabled : authentication is off, so rights limit nothing.
	ReasonAuthDisabled = "AuthDisabled"
	// ReasonPermissionDenied : our own user lacks the root role.
	ReasonPermissionDenied = "PermissionDenied"
)

// A PermissionType is what a permission allows.
//
// +kubebuilder:validation:Enum=Read;Write;ReadWrite
type PermissionType string

// Permission types.
const (
	PermissionRead      PermissionType = "Read"
	PermissionWrite     PermissionType = "Write"
	PermissionReadWrite PermissionType = "ReadWrite"
)

// KeysOnDelete says what becomes of a Role's keys when the Role is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type KeysOnDelete string

// What becomes of keys.
const (
	KeysRetain KeysOnDelete = "Retain"
	KeysDelete KeysOnDelete = "Delete"
)

// A Permission on keys. Exactly one of key, prefix and range names them.
//
// +kubebuilder:validation:XValidation:rule="[has(self.key), has(self.prefix), has(self.range)].filter(x, x).size() == 1",message="set exactly one of key, prefix and range"
type Permission struct {
	// Type of access.
	Type PermissionType `json:"type"`

	// Key is one key.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Key *string `json:"key,omitempty"`

	// Prefix is every key that starts so. It cannot be empty: to grant every
	// key use a user with the root role.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Prefix *string `json:"prefix,omitempty"`

	// Range is every key from up to, but without, to.
	// +optional
	Range *KeyRange `json:"range,omitempty"`

	// Shared allows write access to keys that a Role of another namespace may
	// write too; both Roles must set it.
	// +optional
	Shared *bool `json:"shared,omitempty"`
}

// A KeyRange is a half-open range of keys.
//
// +kubebuilder:validation:XValidation:rule="self.from < self.to",message="range.from must sort before range.to"
type KeyRange struct {
	// From is the first key.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	From string `json:"from"`
	// To is the first key after the range.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	To string `json:"to"`
}

// RoleParameters are the desired rights of a Role.
type RoleParameters struct {
	// Permissions of the role, all of them: others are revoked.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Permissions []Permission `json:"permissions"`

	// KeysOnDelete set to Delete removes the keys under every prefix that the
	// Role may write, once the Role is deleted with the Delete policy.
	// +optional
	// +kubebuilder:default=Retain
	KeysOnDelete KeysOnDelete `json:"keysOnDelete,omitempty"`
}

// RoleObservation is the observed state of a Role.
type RoleObservation struct {
	// Permissions that the role has, such as "ReadWrite v1/instances/*", sorted.
	// +listType=set
	Permissions []string `json:"permissions,omitempty"`
}

// A RoleSpec is the desired state of a Role.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="!has(self.writeConnectionSecretToRef)",message="a Role has no connection details: remove writeConnectionSecretToRef, a User has them",fieldPath=".writeConnectionSecretToRef"
type RoleSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	ForProvider RoleParameters `json:"forProvider"`
}

// A RoleStatus is the observed state of a Role.
type RoleStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider RoleObservation `json:"atProvider,omitempty"`
}

// A Role is a named set of rights on keys of an etcd cluster. Its external name
// is the role's name and defaults to NAMESPACE.NAME.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,etcd}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="ROLE",type="string",JSONPath=".metadata.annotations.crossplane\\.io/external-name"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type Role struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   RoleSpec   `json:"spec"`
	Status RoleStatus `json:"status,omitempty"`
}

// RoleList is a list of Roles.
//
// +kubebuilder:object:root=true
type RoleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Role `json:"items"`
}
