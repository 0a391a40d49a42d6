package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// ObjectStoreParameters are the desired state of an ObjectStore.
//
// +kubebuilder:validation:XValidation:rule="has(self.storage) == has(oldSelf.storage)",message="storage cannot be set or unset later: it is fixed when the bucket is made",fieldPath=".storage"
type ObjectStoreParameters struct {
	Common `json:",inline"`

	// TTL of what is stored, such as 1h; 0s is no limit.
	// +optional
	TTL *access.Duration `json:"ttl,omitempty"`
}

// An ObjectStoreSpec is the desired state of an ObjectStore.
//
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="!has(self.writeConnectionSecretToRef)",message="an ObjectStore has no connection details: remove writeConnectionSecretToRef, an Endpoint or a User has them",fieldPath=".writeConnectionSecretToRef"
type ObjectStoreSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	// +optional
	// +kubebuilder:default={}
	ForProvider ObjectStoreParameters `json:"forProvider,omitempty"`
}

// An ObjectStoreStatus is the observed state of an ObjectStore.
type ObjectStoreStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider StoredObservation `json:"atProvider,omitempty"`
}

// An ObjectStore is an object bucket of JetStream. Its external name is the bucket's name
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
type ObjectStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ObjectStoreSpec   `json:"spec"`
	Status ObjectStoreStatus `json:"status,omitempty"`
}

// ObjectStoreList is a list of ObjectStores.
//
// +kubebuilder:object:root=true
type ObjectStoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ObjectStore `json:"items"`
}
