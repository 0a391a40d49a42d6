package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// InferenceGraphStatus is what was last seen of an InferenceGraph. Conditions are kept by Crossplane.
type InferenceGraphStatus struct {
	// ObservedGeneration is the generation of the spec that the rest of the status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// URL the graph is reached by.
	// +optional
	URL string `json:"url,omitempty"`

	// DynamoNamespace is the namespace of the graph's processes inside the Dynamo runtime.
	// +optional
	DynamoNamespace string `json:"dynamoNamespace,omitempty"`

	// ClusterRef is the InferenceCluster that was used. From then on the graph needs it.
	// +optional
	ClusterRef *ClusterReference `json:"clusterRef,omitempty"`

	// Orchestrator that was chosen.
	// +optional
	Orchestrator Orchestrator `json:"orchestrator,omitempty"`

	// ReadyComponents is the number of ready components and of all, as "2/3".
	// +optional
	ReadyComponents string `json:"readyComponents,omitempty"`

	// Components of the graph.
	// +optional
	// +listType=map
	// +listMapKey=name
	Components []ComponentStatus `json:"components,omitempty"`

	// ComponentsTime is when components last changed here, of a graph of so many that they are reported at most every five
	// seconds until all are ready.
	// +optional
	ComponentsTime *metav1.Time `json:"componentsTime,omitempty"`

	// NodePools of the graph.
	// +optional
	// +listType=map
	// +listMapKey=name
	NodePools []NodePoolStatus `json:"nodePools,omitempty"`

	// Cost of the graph's node pools.
	// +optional
	Cost *CostStatus `json:"cost,omitempty"`

	// Endpoints are the etcd and NATS systems of the graph.
	// +optional
	// +listType=map
	// +listMapKey=name
	Endpoints []EndpointStatus `json:"endpoints,omitempty"`

	// ScalingGuard is what keeps prefill in proportion to decode.
	// +optional
	ScalingGuard *ScalingGuardStatus `json:"scalingGuard,omitempty"`

	// Restart that was last requested.
	// +optional
	Restart *RestartStatus `json:"restart,omitempty"`
}

// ComponentStatus is what was last seen of a component.
type ComponentStatus struct {
	// Name of the component.
	Name string `json:"name"`

	// Kind of its workload.
	// +optional
	Kind string `json:"kind,omitempty"`

	// Object is the name of its workload.
	// +optional
	Object string `json:"object,omitempty"`

	// Replicas that exist.
	Replicas int32 `json:"replicas"`

	// Ready replicas.
	Ready int32 `json:"ready"`

	// Updated replicas, of the current generation.
	Updated int32 `json:"updated"`

	// Available replicas.
	Available int32 `json:"available"`

	// Reason is that of what keeps its pods from becoming ready, and does not pass by waiting alone: one of the reasons of the
	// condition ComponentsReady. Empty for none.
	// +optional
	Reason string `json:"reason,omitempty"`

	// Message says what the component waits for.
	// +optional
	Message string `json:"message,omitempty"`
}

// NodePoolStatus is what was last seen of a node pool.
type NodePoolStatus struct {
	// Name of the pool.
	Name string `json:"name"`

	// Kind of the cloud object.
	// +optional
	Kind string `json:"kind,omitempty"`

	// Object is the name of the cloud object.
	// +optional
	Object string `json:"object,omitempty"`

	// Ready says that the cloud reports the pool as usable.
	Ready bool `json:"ready"`

	// Nodes of the pool, as the cloud reports them.
	// +optional
	Nodes *int32 `json:"nodes,omitempty"`

	// MachineType of the nodes, and why it was chosen.
	// +optional
	MachineType string `json:"machineType,omitempty"`
	// +optional
	MachineReason string `json:"machineReason,omitempty"`

	// Capacity of the nodes.
	// +optional
	Capacity Capacity `json:"capacity,omitempty"`

	// Rung is what the pool is now: 0 for itself, and n for its nth fallback.
	Rung int32 `json:"rung"`

	// RungSince is when the pool came to its rung, and RungReason why. Empty on the first one.
	// +optional
	RungSince *metav1.Time `json:"rungSince,omitempty"`
	// +optional
	RungReason string `json:"rungReason,omitempty"`

	// NoCapacitySince is since when the cloud has no capacity for the rung.
	// +optional
	NoCapacitySince *metav1.Time `json:"noCapacitySince,omitempty"`

	// RetryID that the pool last returned to its first choice for.
	// +optional
	RetryID string `json:"retryID,omitempty"`

	// Replaces are the names of older cloud objects of the pool, which go when the workloads have left them.
	// +optional
	// +listType=atomic
	Replaces []string `json:"replaces,omitempty"`

	// Message says what the pool waits for.
	// +optional
	Message string `json:"message,omitempty"`
}

// CostStatus is what the node pools of a graph cost, by list prices.
type CostStatus struct {
	// Hourly is what the nodes cost that the declared replicas need, the least of those that are scaled.
	Hourly string `json:"hourly"`

	// MaxHourly is what all pools cost at their size.max.
	MaxHourly string `json:"maxHourly"`

	// Currency of the prices.
	Currency string `json:"currency"`

	// AsOf is the date of the oldest price.
	// +optional
	AsOf string `json:"asOf,omitempty"`

	// PerComponent is what the GPUs of each component of a pool cost at its declared replicas.
	// +optional
	// +listType=map
	// +listMapKey=name
	PerComponent []ComponentCost `json:"perComponent,omitempty"`

	// Unpriced are the pools whose machines have no known price. They are not in the sums.
	// +optional
	// +listType=set
	Unpriced []string `json:"unpriced,omitempty"`
}

// ComponentCost is what the GPUs of a component cost.
type ComponentCost struct {
	// Name of the component.
	Name string `json:"name"`

	// Hourly price of the component's share of its nodes.
	Hourly string `json:"hourly"`
}

// EndpointStatus is what was last seen of an etcd or NATS system.
type EndpointStatus struct {
	// Name of the endpoint.
	Name string `json:"name"`

	// Kind of the endpoint.
	// +optional
	Kind string `json:"kind,omitempty"`

	// Object is the name of the endpoint.
	// +optional
	Object string `json:"object,omitempty"`

	// Ready says that the system can be used.
	Ready bool `json:"ready"`

	// Message says what the endpoint waits for.
	// +optional
	Message string `json:"message,omitempty"`
}

// RestartStatus is how far a restart has come.
type RestartStatus struct {
	// ObservedID is the ID of the restart.
	// +optional
	ObservedID string `json:"observedID,omitempty"`

	// Phase of the restart.
	// +optional
	// +kubebuilder:validation:Enum=Restarting;Completed
	Phase string `json:"phase,omitempty"`

	// InProgress are the components that restart now.
	// +optional
	// +listType=atomic
	InProgress []string `json:"inProgress,omitempty"`
}
