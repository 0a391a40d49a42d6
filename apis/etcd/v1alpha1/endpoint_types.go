package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Reasons of an etcd Endpoint's conditions beside the shared ones.
const (
	// ReasonNoAgreedLeader : the members do not name one leader by majority.
	ReasonNoAgreedLeader = "NoAgreedLeader"
	// ReasonCorrupt : the CORRUPT alarm is raised.
	ReasonCorrupt = "Corrupt"
	// ReasonNoSpace : the NOSPACE alarm is raised, writes are refused.
	ReasonNoSpace = "NoSpace"
	// ReasonMembersUnlisted : the ProviderConfig does not list every member.
	ReasonMembersUnlisted = "MembersUnlisted"
	// ReasonNearQuota : the database is above 80 % of its quota.
	ReasonNearQuota = "NearQuota"
)

// EndpointParameters say what is expected of an etcd cluster. Its addresses and
// credentials are in the ProviderConfig.
type EndpointParameters struct {
	// ExpectedMembers is the number of voting members of a healthy cluster.
	// Another number makes Healthy False, not Ready.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=15
	ExpectedMembers *int32 `json:"expectedMembers,omitempty"`

	// RequireTLS refuses a ProviderConfig with plain-text endpoints.
	// +optional
	RequireTLS *bool `json:"requireTLS,omitempty"`

	// MinVersion every member must run, such as 3.5 or 3.5.10.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+[.][0-9]+([.][0-9]+)?$')",message="minVersion must be MAJOR.MINOR or MAJOR.MINOR.PATCH"
	MinVersion *string `json:"minVersion,omitempty"`
}

// EndpointObservation is what holds still about an etcd cluster. What moves
// (sizes, terms, latencies) is in the metrics.
type EndpointObservation struct {
	// ClusterID is the identity of the cluster, in hexadecimal.
	ClusterID string `json:"clusterID,omitempty"`

	// Version is the lowest version of the members.
	Version string `json:"version,omitempty"`

	// Leader is the name of the member that a majority calls the leader.
	Leader string `json:"leader,omitempty"`

	// Available counts the voting members that answer, such as 3/3.
	Available string `json:"available,omitempty"`

	// Members of the cluster.
	// +listType=map
	// +listMapKey=id
	Members []Member `json:"members,omitempty"`

	// Alarms that are raised, sorted.
	// +listType=set
	Alarms []string `json:"alarms,omitempty"`

	// QuotaBytes is the smallest database quota of the members.
	QuotaBytes int64 `json:"quotaBytes,omitempty"`

	// UsedPercent of the quota, rounded down to ten.
	UsedPercent int32 `json:"usedPercent,omitempty"`

	// CertificateExpires is when the first certificate of the servers, or our
	// client certificate, stops being valid.
	CertificateExpires *metav1.Time `json:"certificateExpires,omitempty"`
}

// MemberHealth is whether a member answers.
//
// +kubebuilder:validation:Enum=Up;Down;Unknown
type MemberHealth string

// Health of a member.
const (
	MemberUp      MemberHealth = "Up"
	MemberDown    MemberHealth = "Down"
	MemberUnknown MemberHealth = "Unknown"
)

// A Member of an etcd cluster.
type Member struct {
	// ID in hexadecimal.
	ID string `json:"id"`
	// Name of the member.
	Name string `json:"name,omitempty"`
	// ClientURLs that the member advertises, sorted.
	// +listType=set
	ClientURLs []string `json:"clientURLs,omitempty"`
	// Health is Up if the member answers and knows a leader, Down if not, and
	// Unknown if the ProviderConfig does not list it.
	Health MemberHealth `json:"health"`
	// Learner is whether it does not vote.
	Learner bool `json:"learner,omitempty"`
	// Version that it runs, once it was seen.
	Version string `json:"version,omitempty"`
}

// An EndpointSpec is the desired state of an Endpoint.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
type EndpointSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	// +optional
	ForProvider EndpointParameters `json:"forProvider,omitempty"`
}

// An EndpointStatus is the observed state of an Endpoint.
type EndpointStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider EndpointObservation `json:"atProvider,omitempty"`
}

// An Endpoint tells whether an etcd cluster may be used now (Ready), whether it
// has its full redundancy (Healthy), and publishes how to connect to it. It
// changes nothing in the cluster. Its external name is the cluster's ID: once
// set, another cluster at the same address is reported, never accepted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,etcd}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="REASON",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason"
// +kubebuilder:printcolumn:name="HEALTHY",type="string",JSONPath=".status.conditions[?(@.type=='Healthy')].status"
// +kubebuilder:printcolumn:name="VERSION",type="string",JSONPath=".status.atProvider.version"
// +kubebuilder:printcolumn:name="MEMBERS",type="string",JSONPath=".status.atProvider.available"
// +kubebuilder:printcolumn:name="LEADER",type="string",JSONPath=".status.atProvider.leader"
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
