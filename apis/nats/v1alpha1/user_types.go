package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// Reasons of a User's conditions beside the shared ones.
const (
	// ReasonNoSigningKey : the ProviderConfig has no signing key.
	ReasonNoSigningKey = "NoSigningKey"
	// ReasonRefused : the servers refuse the minted user.
	ReasonRefused = "Refused"
)

// Subjects that are allowed or denied.
type Subjects struct {
	// Allow these subjects; with none, nothing is allowed.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('[[:space:]]|^[.]|[.]$|[.][.]')",message="a subject must be tokens separated by single dots, without spaces"
	Allow []string `json:"allow,omitempty"`

	// Deny these subjects, even where they are allowed.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('[[:space:]]|^[.]|[.]$|[.][.]')",message="a subject must be tokens separated by single dots, without spaces"
	Deny []string `json:"deny,omitempty"`
}

// Responses a user may send to requests that it received.
type Responses struct {
	// MaxMessages for one request; 1 unless set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:default=1
	MaxMessages int32 `json:"maxMessages,omitempty"`

	// Expires is how long after the request they may be sent.
	// +optional
	Expires *access.Duration `json:"expires,omitempty"`
}

// Permissions of a user.
//
// +kubebuilder:validation:XValidation:rule="(has(self.publish.allow) && self.publish.allow.size() > 0) || (has(self.subscribe.allow) && self.subscribe.allow.size() > 0)",message="permissions are empty: allow at least one subject to publish or subscribe to"
type Permissions struct {
	// Publish rights.
	// +optional
	// +kubebuilder:default={}
	Publish Subjects `json:"publish,omitempty"`

	// Subscribe rights. A client that makes requests needs its inbox, such as
	// _INBOX.>.
	// +optional
	// +kubebuilder:default={}
	Subscribe Subjects `json:"subscribe,omitempty"`

	// AllowResponses lets the user answer requests on subjects that it may not
	// publish to otherwise.
	// +optional
	AllowResponses *Responses `json:"allowResponses,omitempty"`
}

// Limits of a user.
type Limits struct {
	// Subscriptions at most; no limit unless set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Subscriptions *int64 `json:"subscriptions,omitempty"`

	// Payload of a message in bytes at most; no limit unless set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Payload *int64 `json:"payload,omitempty"`

	// Data in bytes at most; no limit unless set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Data *int64 `json:"data,omitempty"`

	// SourceNetworks that the user may connect from, in CIDR notation.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="a source network must be in CIDR notation, such as 10.0.0.0/8"
	SourceNetworks []string `json:"sourceNetworks,omitempty"`

	// ConnectionTypes that the user may use; all unless set.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:Enum=STANDARD;WEBSOCKET;LEAFNODE;MQTT
	ConnectionTypes []string `json:"connectionTypes,omitempty"`
}

// UserParameters are the desired state of a User.
//
// +kubebuilder:validation:XValidation:rule="duration(self.validFor) >= duration('1m')",message="validFor must be at least 1m",fieldPath=".validFor"
// +kubebuilder:validation:XValidation:rule="!has(self.renewBefore) || duration(self.renewBefore) < duration(self.validFor)",message="renewBefore must be shorter than validFor",fieldPath=".renewBefore"
type UserParameters struct {
	// Permissions of the user.
	Permissions Permissions `json:"permissions"`

	// Limits of the user.
	// +optional
	Limits *Limits `json:"limits,omitempty"`

	// ValidFor is how long a minted JWT is valid. It cannot be revoked without
	// the operator's key, so keep it short. Defaults to 720h.
	// +optional
	// +kubebuilder:default="720h"
	ValidFor access.Duration `json:"validFor,omitempty"`

	// RenewBefore is how long before its end a JWT is replaced. Defaults to a
	// third of validFor.
	// +optional
	RenewBefore *access.Duration `json:"renewBefore,omitempty"`
}

// UserObservation is the observed state of a User.
type UserObservation struct {
	// PublicKey of the user.
	PublicKey string `json:"publicKey,omitempty"`
	// Account that the user belongs to.
	Account string `json:"account,omitempty"`
	// Issuer is the public key that signed the JWT.
	Issuer string `json:"issuer,omitempty"`
	// Expires is when the JWT stops being valid.
	Expires *metav1.Time `json:"expires,omitempty"`
}

// A UserSpec is the desired state of a User.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="has(self.writeConnectionSecretToRef)",message="a minted user lives in its connection Secret: set writeConnectionSecretToRef"
type UserSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	ForProvider UserParameters `json:"forProvider"`
}

// A UserStatus is the observed state of a User.
type UserStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider UserObservation `json:"atProvider,omitempty"`
}

// A User is a NATS user with limited rights, minted with the account signing key
// of its ProviderConfig. The servers need not be told. Its external name is the
// user's public key.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,nats}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="EXPIRES",type="string",JSONPath=".status.atProvider.expires"
// +kubebuilder:printcolumn:name="PUBLIC-KEY",type="string",priority=1,JSONPath=".status.atProvider.publicKey"
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
