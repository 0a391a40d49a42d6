package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// KeyValueParameters are the desired state of a KeyValue.
//
// +kubebuilder:validation:XValidation:rule="has(self.storage) == has(oldSelf.storage)",message="storage cannot be set or unset later: it is fixed when the bucket is made",fieldPath=".storage"
type KeyValueParameters struct {
	Common `json:",inline"`

	// History is how many values of a key are kept.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	History *int32 `json:"history,omitempty"`

	// MaxValueSize in bytes; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxValueSize must be -1 (no limit) or at least 1"
	MaxValueSize *int32 `json:"maxValueSize,omitempty"`

	// TTL of what is stored, such as 1h; 0s is no limit.
	// +optional
	TTL *access.Duration `json:"ttl,omitempty"`
}

// A KeyValueSpec is the desired state of a KeyValue.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="!has(self.writeConnectionSecretToRef)",message="a KeyValue has no connection details: remove writeConnectionSecretToRef, an Endpoint or a User has them",fieldPath=".writeConnectionSecretToRef"
type KeyValueSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	// +optional
	// +kubebuilder:default={}
	ForProvider KeyValueParameters `json:"forProvider,omitempty"`
}

// A KeyValueStatus is the observed state of a KeyValue.
type KeyValueStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider StoredObservation `json:"atProvider,omitempty"`
}

// A KeyValue is a key-value bucket of JetStream. Its external name is the bucket's name
// and defaults to NAMESPACE_NAME.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,nats}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="BUCKET",type="string",JSONPath=".status.atProvider.name"
// +kubebuilder:printcolumn:name="REPLICAS",type="integer",JSONPath=".status.atProvider.replicas"
// +kubebuilder:printcolumn:name="STORAGE",type="string",JSONPath=".status.atProvider.storage"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type KeyValue struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   KeyValueSpec   `json:"spec"`
	Status KeyValueStatus `json:"status,omitempty"`
}

// KeyValueList is a list of KeyValues.
//
// +kubebuilder:object:root=true
type KeyValueList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeyValue `json:"items"`
}
