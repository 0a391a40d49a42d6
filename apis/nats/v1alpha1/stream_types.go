package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// StreamParameters are the desired state of a Stream.
//
// +kubebuilder:validation:XValidation:rule="has(self.storage) == has(oldSelf.storage)",message="storage cannot be set or unset later: it is fixed when the stream is made",fieldPath=".storage"
// +kubebuilder:validation:XValidation:rule="has(self.retention) == has(oldSelf.retention)",message="retention cannot be set or unset later: it is fixed when the stream is made",fieldPath=".retention"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.denyDelete) || !oldSelf.denyDelete || (has(self.denyDelete) && self.denyDelete)",message="denyDelete cannot be taken back",fieldPath=".denyDelete"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.denyPurge) || !oldSelf.denyPurge || (has(self.denyPurge) && self.denyPurge)",message="denyPurge cannot be taken back",fieldPath=".denyPurge"
// +kubebuilder:validation:XValidation:rule="!(has(self.allowRollup) && self.allowRollup && has(self.denyPurge) && self.denyPurge)",message="allowRollup needs purges: remove denyPurge or allowRollup",fieldPath=".allowRollup"
type StreamParameters struct {
	Common `json:",inline"`

	// Subjects that the stream stores, such as orders.>.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('[[:space:]]|^[.]|[.]$|[.][.]')",message="a subject must be tokens separated by single dots, without spaces"
	// +kubebuilder:validation:items:XValidation:rule="!self.startsWith('$')",message="a stream must not store NATS's own subjects, which start with $"
	Subjects []string `json:"subjects"`

	// Retention of messages, Limits unless set. Immutable.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="retention cannot be changed: make a new stream"
	Retention *RetentionPolicy `json:"retention,omitempty"`

	// Discard is what a full stream does.
	// +optional
	Discard *DiscardPolicy `json:"discard,omitempty"`

	// MaxMessages stored; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxMessages must be -1 (no limit) or at least 1"
	MaxMessages *int64 `json:"maxMessages,omitempty"`

	// MaxMessagesPerSubject stored; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxMessagesPerSubject must be -1 (no limit) or at least 1"
	MaxMessagesPerSubject *int64 `json:"maxMessagesPerSubject,omitempty"`

	// MaxMessageSize in bytes; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxMessageSize must be -1 (no limit) or at least 1"
	MaxMessageSize *int32 `json:"maxMessageSize,omitempty"`

	// MaxConsumers of the stream; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxConsumers must be -1 (no limit) or at least 1"
	MaxConsumers *int32 `json:"maxConsumers,omitempty"`

	// MaxAge of messages, such as 1h; 0s is no limit.
	// +optional
	MaxAge *access.Duration `json:"maxAge,omitempty"`

	// DuplicateWindow in which a message ID is stored once only.
	// +optional
	DuplicateWindow *access.Duration `json:"duplicateWindow,omitempty"`

	// DenyDelete forbids to delete single messages. Cannot be taken back.
	// +optional
	DenyDelete *bool `json:"denyDelete,omitempty"`

	// DenyPurge forbids to purge. Cannot be taken back.
	// +optional
	DenyPurge *bool `json:"denyPurge,omitempty"`

	// AllowDirect lets any replica answer reads.
	// +optional
	AllowDirect *bool `json:"allowDirect,omitempty"`

	// AllowRollup lets a message replace all before it.
	// +optional
	AllowRollup *bool `json:"allowRollup,omitempty"`
}

// A StreamSpec is the desired state of a Stream.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="!has(self.writeConnectionSecretToRef)",message="a Stream has no connection details: remove writeConnectionSecretToRef, an Endpoint or a User has them",fieldPath=".writeConnectionSecretToRef"
type StreamSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	ForProvider StreamParameters `json:"forProvider"`
}

// A StreamStatus is the observed state of a Stream.
type StreamStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider StoredObservation `json:"atProvider,omitempty"`
}

// A Stream of JetStream. Its external name is the stream's name and defaults to
// NAMESPACE_NAME.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,managed,nats}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="STREAM",type="string",JSONPath=".status.atProvider.name"
// +kubebuilder:printcolumn:name="REPLICAS",type="integer",JSONPath=".status.atProvider.replicas"
// +kubebuilder:printcolumn:name="STORAGE",type="string",JSONPath=".status.atProvider.storage"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type Stream struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   StreamSpec   `json:"spec"`
	Status StreamStatus `json:"status,omitempty"`
}

// StreamList is a list of Streams.
//
// +kubebuilder:object:root=true
type StreamList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Stream `json:"items"`
}
