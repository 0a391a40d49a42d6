package v1alpha1

// Runtime selects the version of the Dynamo runtime and its planes.
type Runtime struct {
	// Version is the tag of the default images.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`
	Version string `json:"version,omitempty"`

	// Discovery is how processes find each other.
	// +optional
	// +kubebuilder:validation:Enum=kubernetes;etcd
	Discovery Discovery `json:"discovery,omitempty"`

	// RequestPlane carries requests between processes.
	// +optional
	// +kubebuilder:validation:Enum=tcp;nats
	// +kubebuilder:default=tcp
	RequestPlane RequestPlane `json:"requestPlane,omitempty"`

	// EventPlane carries KV cache events between processes.
	// +optional
	// +kubebuilder:validation:Enum=zmq;nats
	// +kubebuilder:default=zmq
	EventPlane EventPlane `json:"eventPlane,omitempty"`

	// Etcd is the etcd system of the etcd discovery.
	// +optional
	Etcd *Backing `json:"etcd,omitempty"`

	// NATS is the NATS system of the planes that use it.
	// +optional
	NATS *Backing `json:"nats,omitempty"`
}

// Discovery is how processes of a graph find each other.
type Discovery string

// RequestPlane is what carries requests between processes.
type RequestPlane string

// EventPlane is what carries events between processes.
type EventPlane string

// Planes of the Dynamo runtime.
const (
	DiscoveryKubernetes Discovery    = "kubernetes"
	DiscoveryEtcd       Discovery    = "etcd"
	RequestPlaneTCP     RequestPlane = "tcp"
	RequestPlaneNATS    RequestPlane = "nats"
	EventPlaneZMQ       EventPlane   = "zmq"
	EventPlaneNATS      EventPlane   = "nats"
)

// A Backing is an etcd or NATS system that a graph uses.
type Backing struct {
	// ProviderConfigRef names the ProviderConfig of the system.
	ProviderConfigRef ProviderConfigReference `json:"providerConfigRef"`

	// Isolate gives the graph credentials of its own that reach nothing else.
	// +optional
	Isolate bool `json:"isolate,omitempty"`
}

// ProviderConfigReference names a ProviderConfig or ClusterProviderConfig.
type ProviderConfigReference struct {
	// Kind of the provider config.
	// +optional
	// +kubebuilder:validation:Enum=ProviderConfig;ClusterProviderConfig
	// +kubebuilder:default=ClusterProviderConfig
	Kind string `json:"kind,omitempty"`

	// Name of the provider config.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
