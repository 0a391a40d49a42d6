package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// A ProviderConfigSpec says how to reach an etcd cluster.
//
// +kubebuilder:validation:XValidation:rule="self.endpoints.all(e, e.startsWith('https://')) || self.endpoints.all(e, e.startsWith('http://'))",message="endpoints must be all https:// or all http://",fieldPath=".endpoints"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.endpoints.all(e, e.startsWith('https://'))",message="tls needs https:// endpoints: change the endpoints or remove tls",fieldPath=".tls"
type ProviderConfigSpec struct {
	// Endpoints are the client URLs of the members, such as
	// https://etcd-0.etcd:2379. List every member: each one is probed.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="an etcd endpoint must start with http:// or https://"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('@')",message="an etcd endpoint must not hold credentials: put them in a Secret and refer to it from credentials"
	// +kubebuilder:validation:items:XValidation:rule="self.contains('@') || !self.matches('^https?://') || self.matches('^https?://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+[]]):[0-9]{1,5}$')",message="an etcd endpoint must be scheme://host:port with nothing after the port"
	Endpoints []string `json:"endpoints"`

	// TLS of the connection. Needs https endpoints.
	// +optional
	TLS *access.TLS `json:"tls,omitempty"`

	// Credentials we use. Roles and Users need a user with the root role.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

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

// Credentials for etcd.
type Credentials struct {
	// Basic is a user and its password.
	Basic access.Basic `json:"basic"`
}

// A ProviderConfigStatus is what is known about the use of a config.
type ProviderConfigStatus struct {
	xpv2.ProviderConfigStatus `json:",inline"`
}

// A ProviderConfig says how to reach an etcd cluster, for managed resources of
// its namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,etcd}
// +kubebuilder:printcolumn:name="ENDPOINTS",type="string",JSONPath=".spec.endpoints"
// +kubebuilder:printcolumn:name="USERS",type="integer",JSONPath=".status.users"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type ProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:XValidation:rule="[self.?tls.?caSecretRef.?namespace, self.?tls.?certSecretRef.?namespace, self.?credentials.?basic.?secretRef.?namespace].all(n, !n.hasValue())",message="a ProviderConfig reads Secrets of its own namespace only: remove namespace from its secretRefs or use a ClusterProviderConfig"
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

// A ClusterProviderConfig says how to reach an etcd cluster, for managed
// resources of every namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories={crossplane,provider,etcd}
// +kubebuilder:printcolumn:name="ENDPOINTS",type="string",JSONPath=".spec.endpoints"
// +kubebuilder:printcolumn:name="USERS",type="integer",JSONPath=".status.users"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type ClusterProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:XValidation:rule="(self.?tls.?caSecretRef.hasValue() == self.?tls.?caSecretRef.?namespace.hasValue()) && (self.?tls.?certSecretRef.hasValue() == self.?tls.?certSecretRef.?namespace.hasValue()) && (self.?credentials.?basic.hasValue() == self.?credentials.?basic.?secretRef.?namespace.hasValue())",message="a ClusterProviderConfig has no namespace of its own: set namespace in each of its secretRefs"
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
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,etcd}
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
