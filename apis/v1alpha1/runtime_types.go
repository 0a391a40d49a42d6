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

	// Etcd is the etcd system of the etcd discovery. Defaults to the InferenceCluster's.
	// +optional
	Etcd *Backing `json:"etcd,omitempty"`

	// NATS is the NATS system of the planes that use it. Defaults to the InferenceCluster's.
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

// A Backing is an etcd or NATS system that a graph uses: one that a provider config describes, or an Endpoint of the
// graph's namespace that exists.
// +kubebuilder:validation:XValidation:rule="has(self.providerConfigRef) != has(self.endpointRef)",message="set exactly one of providerConfigRef and endpointRef: the first to have an Endpoint made, the second to use one that exists"
// +kubebuilder:validation:XValidation:rule="!has(self.sharedReads) || !self.sharedReads || (has(self.isolate) && self.isolate)",message="sharedReads widens what an isolated graph may read: set isolate too, or remove sharedReads",fieldPath=".sharedReads"
type Backing struct {
	// ProviderConfigRef names the provider config of the system.
	// +optional
	ProviderConfigRef *ProviderConfigReference `json:"providerConfigRef,omitempty"`

	// EndpointRef names an Endpoint that exists in the graph's namespace, with a connection Secret.
	// +optional
	EndpointRef *EndpointReference `json:"endpointRef,omitempty"`

	// Isolate gives the graph a user of its own, which reaches the graph's keys or subjects and nothing else. It needs a
	// provider config with the credentials of root (etcd) or the account's signing key (NATS). In NATS the user may not
	// create streams, since a stream may copy what it has no right to read.
	//
	// Dynamo's runtime, up to 1.4 at least, reads more than its own: the whole of v1/instances, v1/mdc and
	// v1/event_channels in etcd, and inboxes without a prefix of their own in NATS. Such a runtime needs sharedReads too.
	// +optional
	Isolate bool `json:"isolate,omitempty"`

	// SharedReads lets an isolated graph read what graphs share: every key of the runtime in etcd, every inbox in NATS. It
	// still cannot write or delete what is not its own, but that with requestPlane nats it may answer in every inbox.
	// +optional
	SharedReads bool `json:"sharedReads,omitempty"`
}

// EndpointReference names an Endpoint in the graph's namespace.
type EndpointReference struct {
	// Name of the Endpoint.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
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
