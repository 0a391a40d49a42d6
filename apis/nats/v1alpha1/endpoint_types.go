package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Reasons of a NATS Endpoint's conditions beside the shared ones.
const (
	// ReasonJetStreamDisabled : the account has no JetStream.
	ReasonJetStreamDisabled = "JetStreamDisabled"
	// ReasonNoMetaLeader : the JetStream cluster has no meta leader.
	ReasonNoMetaLeader = "NoMetaLeader"
	// ReasonAccountLimitReached : the account may create no more streams or
	// store no more bytes.
	ReasonAccountLimitReached = "AccountLimitReached"
	// ReasonNoSystemAccount : without system credentials nobody can tell.
	ReasonNoSystemAccount = "NoSystemAccount"
	// ReasonReplicasLagging : a server's meta replica is offline or behind.
	ReasonReplicasLagging = "ReplicasLagging"
)

// EndpointParameters say what is expected of a NATS system. Its addresses and
// credentials are in the ProviderConfig.
type EndpointParameters struct {
	// ExpectedServers is the number of servers of a healthy system. Another
	// number makes Healthy False, not Ready. Needs system credentials where the
	// ProviderConfig does not list every server.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	ExpectedServers *int32 `json:"expectedServers,omitempty"`

	// RequireTLS refuses a connection without TLS.
	// +optional
	RequireTLS *bool `json:"requireTLS,omitempty"`

	// JetStream set to false makes the Endpoint Ready without JetStream, for a
	// system that is used for messages only. Defaults to true.
	// +optional
	// +kubebuilder:default=true
	JetStream *bool `json:"jetStream,omitempty"`

	// MinVersion every server must run, such as 2.10 or 2.10.5.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+[.][0-9]+([.][0-9]+)?$')",message="minVersion must be MAJOR.MINOR or MAJOR.MINOR.PATCH"
	MinVersion *string `json:"minVersion,omitempty"`
}

// EndpointObservation is what holds still about a NATS system. What moves is in
// the metrics.
type EndpointObservation struct {
	// ClusterName of the servers, or the name of a single server.
	ClusterName string `json:"clusterName,omitempty"`

	// ServerVersion is the lowest version of the servers.
	ServerVersion string `json:"serverVersion,omitempty"`

	// MetaLeader is the server that leads JetStream.
	MetaLeader string `json:"metaLeader,omitempty"`

	// Available counts the servers that answer, such as 3/3.
	Available string `json:"available,omitempty"`

	// Servers that were seen.
	// +listType=map
	// +listMapKey=name
	Servers []Server `json:"servers,omitempty"`

	// JetStream of the account.
	JetStream *JetStream `json:"jetStream,omitempty"`

	// TLS is whether every connection uses TLS.
	TLS bool `json:"tls,omitempty"`

	// CertificateExpires is when the first certificate of the servers, or our
	// client certificate, stops being valid.
	CertificateExpires *metav1.Time `json:"certificateExpires,omitempty"`
}

// A Server of a NATS system.
type Server struct {
	// Name of the server, or its address where it never told its name.
	Name string `json:"name"`
	// Version that it runs.
	Version string `json:"version,omitempty"`
	// Healthy is whether it answers and, as far as we can see, is current.
	Healthy bool `json:"healthy"`
}

// JetStream of an account: what it may use. What it uses is in the metrics.
type JetStream struct {
	// Domain of the JetStream.
	Domain string `json:"domain,omitempty"`
	// MaxStreams the account may have; -1 is no limit.
	MaxStreams int64 `json:"maxStreams"`
	// MaxMemory in bytes; -1 is no limit.
	MaxMemory int64 `json:"maxMemory"`
	// MaxStorage in bytes; -1 is no limit.
	MaxStorage int64 `json:"maxStorage"`
}

// An EndpointSpec is the desired state of an Endpoint.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
type EndpointSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	// +optional
	// +kubebuilder:default={}
	ForProvider EndpointParameters `json:"forProvider,omitempty"`
}

// An EndpointStatus is the observed state of an Endpoint.
type EndpointStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider EndpointObservation `json:"atProvider,omitempty"`
}

// An Endpoint tells whether a NATS system may be used now (Ready), whether it
// has its full redundancy (Healthy), and publishes how to connect to it. It
// changes nothing in the system. Its external name is the cluster's name: once
// set, another cluster at the same address is reported, never accepted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,nats}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="REASON",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason"
// +kubebuilder:printcolumn:name="HEALTHY",type="string",JSONPath=".status.conditions[?(@.type=='Healthy')].status"
// +kubebuilder:printcolumn:name="VERSION",type="string",JSONPath=".status.atProvider.serverVersion"
// +kubebuilder:printcolumn:name="SERVERS",type="string",JSONPath=".status.atProvider.available"
// +kubebuilder:printcolumn:name="LEADER",type="string",JSONPath=".status.atProvider.metaLeader"
// +kubebuilder:printcolumn:name="SYNCED",type="string",priority=1,JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="EXTERNAL-NAME",type="string",priority=1,JSONPath=".metadata.annotations.crossplane\\.io/external-name"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type Endpoint struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   EndpointSpec   `json:"spec"`
	Status EndpointStatus `json:"status,omitempty"`
}

// EndpointList is a list of Endpoints.
//
// +kubebuilder:object:root=true
type EndpointList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Endpoint `json:"items"`
}
