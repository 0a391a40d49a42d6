package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// UserParameters are the desired state of a User.
type UserParameters struct {
	// Roles of the user by their names in etcd, all of them: others are
	// revoked. The name of a Role resource is its external name.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=320
	// +kubebuilder:validation:items:XValidation:rule="self != 'root'",message="the role root must not be granted to a managed User"
	Roles []string `json:"roles"`

	// PasswordSecretRef is the password, in a Secret of this namespace. Without
	// it a password is generated and kept in the connection Secret.
	// +optional
	PasswordSecretRef *xpv2.LocalSecretKeySelector `json:"passwordSecretRef,omitempty"`
}

// UserObservation is the observed state of a User.
type UserObservation struct {
	// Roles that the user has, sorted.
	// +listType=set
	Roles []string `json:"roles,omitempty"`

	// AuthEnabled is whether the cluster checks users at all.
	AuthEnabled bool `json:"authEnabled"`
}

// A UserSpec is the desired state of a User.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="has(self.writeConnectionSecretToRef) || has(self.forProvider.passwordSecretRef)",message="a generated password needs a place: set writeConnectionSecretToRef or forProvider.passwordSecretRef"
type UserSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	ForProvider UserParameters `json:"forProvider"`
}

// A UserStatus is the observed state of a User.
type UserStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider UserObservation `json:"atProvider,omitempty"`
}

// A User of an etcd cluster with a password. Its external name is the user's
// name and defaults to NAMESPACE.NAME.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,etcd}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="USER",type="string",JSONPath=".metadata.annotations.crossplane\\.io/external-name"
// +kubebuilder:printcolumn:name="ROLES",type="string",JSONPath=".status.atProvider.roles"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type User struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   UserSpec   `json:"spec"`
	Status UserStatus `json:"status,omitempty"`
}

// UserList is a list of Users.
//
// +kubebuilder:object:root=true
type UserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []User `json:"items"`
}
