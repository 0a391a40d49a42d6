package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons of the conditions of Streams, KeyValues and ObjectStores beside the
// shared ones.
const (
	// ReasonNoLeader : the stream has no leader, so it takes no message.
	ReasonNoLeader = "NoLeader"
	// ReasonOwnedByAnother : another managed resource made or adopted it.
	ReasonOwnedByAnother = "OwnedByAnother"
	// ReasonWouldLoseData : the spec asks for a change that would delete
	// messages that are there now.
	ReasonWouldLoseData = "WouldLoseData"
	// ReasonImmutable : the spec asks for a change that NATS cannot make.
	ReasonImmutable = "Immutable"
)

// OwnerMetadataKey marks a stream with the NAMESPACE/NAME of the resource that
// manages it.
const OwnerMetadataKey = "graphplane.io/owner"

// A StorageType is where messages are kept.
//
// +kubebuilder:validation:Enum=File;Memory
type StorageType string

// Storage types.
const (
	StorageFile   StorageType = "File"
	StorageMemory StorageType = "Memory"
)

// A RetentionPolicy is when messages go.
//
// +kubebuilder:validation:Enum=Limits;Interest;WorkQueue
type RetentionPolicy string

// Retention policies.
const (
	RetentionLimits    RetentionPolicy = "Limits"
	RetentionInterest  RetentionPolicy = "Interest"
	RetentionWorkQueue RetentionPolicy = "WorkQueue"
)

// A DiscardPolicy is what a full stream does.
//
// +kubebuilder:validation:Enum=Old;New
type DiscardPolicy string

// Discard policies.
const (
	DiscardOld DiscardPolicy = "Old"
	DiscardNew DiscardPolicy = "New"
)

// A Shrink policy is whether limits may be set below what is stored.
//
// +kubebuilder:validation:Enum=Refuse;Allow
type Shrink string

// Shrink policies.
const (
	ShrinkRefuse Shrink = "Refuse"
	ShrinkAllow  Shrink = "Allow"
)

// Placement of a stream's replicas.
type Placement struct {
	// Cluster to place in.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Cluster *string `json:"cluster,omitempty"`
	// Tags that a server must have.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=253
	Tags []string `json:"tags,omitempty"`
}

// Common parameters of what JetStream stores. A field that is left out is not
// touched: the server's default, or what someone else set, stays.
type Common struct {
	// Description for people.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Description *string `json:"description,omitempty"`

	// Storage of the messages, File unless set. Immutable.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="storage cannot be changed: NATS cannot move messages between file and memory; make a new one and copy"
	Storage *StorageType `json:"storage,omitempty"`

	// Replicas of the messages. No more than there are servers.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	Replicas *int32 `json:"replicas,omitempty"`

	// MaxBytes stored; -1 is no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == -1 || self > 0",message="maxBytes must be -1 (no limit) or at least 1"
	MaxBytes *int64 `json:"maxBytes,omitempty"`

	// Compression stores messages with S2.
	// +optional
	Compression *bool `json:"compression,omitempty"`

	// Placement of the replicas.
	// +optional
	Placement *Placement `json:"placement,omitempty"`

	// Shrink set to Allow permits limits below what is stored now, which
	// deletes messages. By default such a change is refused.
	// +optional
	// +kubebuilder:default=Refuse
	Shrink Shrink `json:"shrink,omitempty"`
}

// StoredObservation is what holds still about a stream or bucket.
type StoredObservation struct {
	// Name in NATS.
	Name string `json:"name,omitempty"`
	// Stream that stores it.
	Stream string `json:"stream,omitempty"`
	// Cluster that holds it.
	Cluster string `json:"cluster,omitempty"`
	// Replicas it has.
	Replicas int32 `json:"replicas,omitempty"`
	// Storage it uses.
	Storage StorageType `json:"storage,omitempty"`
	// Created is when it was made.
	Created *metav1.Time `json:"created,omitempty"`
}
