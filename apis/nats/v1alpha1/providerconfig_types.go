package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// A ProviderConfigSpec says how to reach a NATS system.
//
// +kubebuilder:validation:XValidation:rule="self.servers.all(e, e.startsWith('tls://')) || self.servers.all(e, e.startsWith('nats://'))",message="servers must be all tls:// or all nats://",fieldPath=".servers"
type ProviderConfigSpec struct {
	// Servers are the client URLs, such as nats://nats-0.nats:4222 or
	// tls://nats-0.nats:4222. List every server: each one is probed. With tls
	// set, a nats:// connection is upgraded to TLS and refused where the server
	// offers none.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self.startsWith('nats://') || self.startsWith('tls://')",message="a NATS server must start with nats:// or tls://"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('@')",message="a NATS server must not hold credentials: put them in a Secret and refer to it from credentials"
	// +kubebuilder:validation:items:XValidation:rule="self.contains('@') || !self.matches('^(nats|tls)://') || self.matches('^(nats|tls)://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+[]]):[0-9]{1,5}$')",message="a NATS server must be scheme://host:port with nothing after the port"
	Servers []string `json:"servers"`

	// TLS of the connection.
	// +optional
	TLS *access.TLS `json:"tls,omitempty"`

	// Credentials of the account in which streams, buckets and users live.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// SystemCredentials of the system account. Without them an Endpoint can see
	// neither the meta leader nor other servers' health, and says so. They are
	// never published.
	// +optional
	SystemCredentials *Credentials `json:"systemCredentials,omitempty"`

	// SigningKey of the account, needed to mint Users. It is never published.
	// +optional
	SigningKey *SigningKey `json:"signingKey,omitempty"`

	// PublishCredentials puts these credentials in the connection Secrets of the
	// Endpoints that use this config. Defaults to true in a ProviderConfig,
	// whose users may read its Secrets anyway, and to false in a
	// ClusterProviderConfig, where it would hand them to every namespace.
	// +optional
	PublishCredentials *bool `json:"publishCredentials,omitempty"`

	// PublishClientCertificate puts the client certificate and its key in the
	// connection Secrets of Endpoints and Users, for servers that require one.
	// Where servers take the certificate's name for a user, it must be one with
	// few rights. Defaults to publishCredentials.
	// +optional
	PublishClientCertificate *bool `json:"publishClientCertificate,omitempty"`
}

// Credentials for NATS: exactly one kind.
//
// +kubebuilder:validation:XValidation:rule="[has(self.basic), has(self.tokenSecretRef), has(self.nkeySecretRef), has(self.credsSecretRef)].filter(x, x).size() == 1",message="set exactly one of basic, tokenSecretRef, nkeySecretRef and credsSecretRef"
type Credentials struct {
	// Basic is a user and its password.
	// +optional
	Basic *access.Basic `json:"basic,omitempty"`
	// TokenSecretRef is a token.
	// +optional
	TokenSecretRef *access.SecretKeyReference `json:"tokenSecretRef,omitempty"`
	// NKeySecretRef is the seed (SU...) of a user NKey.
	// +optional
	NKeySecretRef *access.SecretKeyReference `json:"nkeySecretRef,omitempty"`
	// CredsSecretRef is a credentials file: a user JWT and its seed.
	// +optional
	CredsSecretRef *access.SecretKeyReference `json:"credsSecretRef,omitempty"`
}

// A SigningKey signs user JWTs for an account.
type SigningKey struct {
	// SecretRef is the seed (SA...) of the account's signing key.
	SecretRef access.SecretKeyReference `json:"secretRef"`

	// Account is the public key (A...) of the account that lists the signing
	// key. Leave it out when the seed is the account's own.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^A[A-Z2-7]{55}$')",message="account must be the public key of an account: A and 55 characters of base32"
	Account *string `json:"account,omitempty"`
}

// A ProviderConfigStatus is what is known about the use of a config.
type ProviderConfigStatus struct {
	xpv2.ProviderConfigStatus `json:",inline"`
}

// A ProviderConfig says how to reach a NATS system, for managed resources of
// its namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,nats}
// +kubebuilder:printcolumn:name="SERVERS",type="string",JSONPath=".spec.servers"
// +kubebuilder:printcolumn:name="USERS",type="integer",JSONPath=".status.users"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type ProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:XValidation:rule="[self.?tls.?caSecretRef.?namespace, self.?tls.?certSecretRef.?namespace, self.?signingKey.?secretRef.?namespace, self.?credentials.?basic.?secretRef.?namespace, self.?credentials.?tokenSecretRef.?namespace, self.?credentials.?nkeySecretRef.?namespace, self.?credentials.?credsSecretRef.?namespace, self.?systemCredentials.?basic.?secretRef.?namespace, self.?systemCredentials.?tokenSecretRef.?namespace, self.?systemCredentials.?nkeySecretRef.?namespace, self.?systemCredentials.?credsSecretRef.?namespace].all(n, !n.hasValue())",message="a ProviderConfig reads Secrets of its own namespace only: remove namespace from its secretRefs or use a ClusterProviderConfig"
	Spec   ProviderConfigSpec   `json:"spec"`
	Status ProviderConfigStatus `json:"status,omitempty"`
}

// ProviderConfigList is a list of ProviderConfigs.
//
// +kubebuilder:object:root=true
type ProviderConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ProviderConfig `json:"items"`
}

// A ClusterProviderConfig says how to reach a NATS system, for managed
// resources of every namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories={crossplane,provider,nats}
// +kubebuilder:printcolumn:name="SERVERS",type="string",JSONPath=".spec.servers"
// +kubebuilder:printcolumn:name="USERS",type="integer",JSONPath=".status.users"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type ClusterProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:XValidation:rule="(self.?tls.?caSecretRef.hasValue() == self.?tls.?caSecretRef.?namespace.hasValue()) && (self.?tls.?certSecretRef.hasValue() == self.?tls.?certSecretRef.?namespace.hasValue()) && (self.?signingKey.hasValue() == self.?signingKey.?secretRef.?namespace.hasValue()) && (self.?credentials.?basic.hasValue() == self.?credentials.?basic.?secretRef.?namespace.hasValue()) && (self.?credentials.?tokenSecretRef.hasValue() == self.?credentials.?tokenSecretRef.?namespace.hasValue()) && (self.?credentials.?nkeySecretRef.hasValue() == self.?credentials.?nkeySecretRef.?namespace.hasValue()) && (self.?credentials.?credsSecretRef.hasValue() == self.?credentials.?credsSecretRef.?namespace.hasValue()) && (self.?systemCredentials.?basic.hasValue() == self.?systemCredentials.?basic.?secretRef.?namespace.hasValue()) && (self.?systemCredentials.?tokenSecretRef.hasValue() == self.?systemCredentials.?tokenSecretRef.?namespace.hasValue()) && (self.?systemCredentials.?nkeySecretRef.hasValue() == self.?systemCredentials.?nkeySecretRef.?namespace.hasValue()) && (self.?systemCredentials.?credsSecretRef.hasValue() == self.?systemCredentials.?credsSecretRef.?namespace.hasValue())",message="a ClusterProviderConfig has no namespace of its own: set namespace in each of its secretRefs"
	Spec   ProviderConfigSpec   `json:"spec"`
	Status ProviderConfigStatus `json:"status,omitempty"`
}

// ClusterProviderConfigList is a list of ClusterProviderConfigs.
//
// +kubebuilder:object:root=true
type ClusterProviderConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterProviderConfig `json:"items"`
}

// A ProviderConfigUsage records that a managed resource uses a ProviderConfig
// or a ClusterProviderConfig.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,nats}
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="CONFIG-KIND",type="string",JSONPath=".providerConfigRef.kind"
// +kubebuilder:printcolumn:name="CONFIG-NAME",type="string",JSONPath=".providerConfigRef.name"
// +kubebuilder:printcolumn:name="RESOURCE-KIND",type="string",JSONPath=".resourceRef.kind"
// +kubebuilder:printcolumn:name="RESOURCE-NAME",type="string",JSONPath=".resourceRef.name"
type ProviderConfigUsage struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	xpv2.TypedProviderConfigUsage `json:",inline"`
}

// ProviderConfigUsageList is a list of ProviderConfigUsages.
//
// +kubebuilder:object:root=true
type ProviderConfigUsageList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ProviderConfigUsage `json:"items"`
}
