package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Backend is an inference engine.
// +kubebuilder:validation:Enum=vllm;sglang;trtllm
type Backend string

// Inference engines.
const (
	BackendVLLM   Backend = "vllm"
	BackendSGLang Backend = "sglang"
	BackendTRTLLM Backend = "trtllm"
)

// An InferenceGraph is one distributed inference service: a frontend, workers that prefill and decode, and what they
// need to find each other, to store their weights and to be reached.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=ig,categories=graphplane
// +kubebuilder:printcolumn:name="COMPONENTS",type=string,JSONPath=`.status.readyComponents`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name begins the names of Services, which allow lower case letters, digits and hyphens, with a letter first: choose such a name",fieldPath=".metadata.name"
// +kubebuilder:validation:XValidation:rule="self.spec.components.all(c, size(self.metadata.name) + size(c.name) < 63)",message="metadata.name and a name in spec.components make one object name with a hyphen between them, which may have 63 characters: shorten one of them",fieldPath=".metadata.name"
type InferenceGraph struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   InferenceGraphSpec   `json:"spec"`
	Status InferenceGraphStatus `json:"status,omitempty"`
}

// InferenceGraphList is a list of InferenceGraphs.
// +kubebuilder:object:root=true
type InferenceGraphList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []InferenceGraph `json:"items"`
}

// InferenceGraphSpec is what an InferenceGraph should be.
// +kubebuilder:validation:XValidation:rule="!has(self.model) || !has(self.model.cache) || (has(self.claims) && self.claims.exists(k, k.name == self.model.cache.claim))",message="model.cache.claim is no name in claims: add it there, with a size to create it or without one to use a claim that exists",fieldPath=".model.cache.claim"
// +kubebuilder:validation:XValidation:rule="self.components.all(c, !has(c.mounts) || c.mounts.all(m, has(self.claims) && self.claims.exists(k, k.name == m.claim)))",message="claim of a component's mounts is no name in claims: add it there, with a size to create it or without one to use a claim that exists",fieldPath=".components"
// +kubebuilder:validation:XValidation:rule="has(self.model) || self.components.all(c, !(c.type in ['worker', 'prefill', 'decode']) || (has(c.podTemplate) && has(c.podTemplate.spec) && has(c.podTemplate.spec.containers) && c.podTemplate.spec.containers.exists(k, k.name == 'main' && (has(k.command) || has(k.args)))))",message="model is needed to generate the command of a worker: set model.name, or give the worker a command in podTemplate.spec.containers, in a container named main",fieldPath=".model"
type InferenceGraphSpec struct {
	// ClusterRef names the InferenceCluster this graph runs on. Without an InferenceCluster named "local", built-in
	// defaults for the cluster that Crossplane runs in hold.
	// +optional
	// +kubebuilder:default={name: "local"}
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="clusterRef is immutable: delete the graph and create it on the other cluster, or create a second graph there"
	ClusterRef ClusterReference `json:"clusterRef,omitempty"`

	// Backend is the inference engine of the workers.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="backend is immutable: create a second graph with the other backend"
	Backend Backend `json:"backend"`

	// Model is what the graph serves. Needed by every worker whose command is generated.
	// +optional
	Model *Model `json:"model,omitempty"`

	// Runtime selects the version of the Dynamo runtime and how its processes find and talk to each other.
	// +optional
	Runtime Runtime `json:"runtime,omitempty"`

	// Components are the processes of the graph.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))",message="names in components must be unique without regard to case: rename one"
	// +kubebuilder:validation:XValidation:rule="self.filter(c, c.type == 'epp').size() <= 1",message="components may hold one component of type epp: remove the others"
	// +listType=map
	// +listMapKey=name
	Components []Component `json:"components"`

	// NodePools are the GPU node pools this graph brings along.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	NodePools []NodePool `json:"nodePools,omitempty"`

	// Claims are the volumes that components mount by name.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	Claims []Claim `json:"claims,omitempty"`

	// Env is set in the main container of every component, in this order.
	// +optional
	// +kubebuilder:validation:MaxItems=200
	// +listType=map
	// +listMapKey=name
	Env []corev1.EnvVar `json:"env,omitempty"`

	// Expose says how the frontend is reached from outside its namespace.
	// +optional
	Expose *Expose `json:"expose,omitempty"`

	// Orchestrator is the kind of workload that components become. Auto takes what the InferenceCluster says is
	// installed.
	// +optional
	// +kubebuilder:default=Auto
	Orchestrator Orchestrator `json:"orchestrator,omitempty"`

	// Gang schedules the pods of a replica together or not at all.
	// +optional
	Gang *Gang `json:"gang,omitempty"`

	// Restart rolls components without a change of their spec.
	// +optional
	Restart *Restart `json:"restart,omitempty"`

	// Monitoring says how metrics of the graph are collected.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`

	// NetworkPolicy is Default for policies that admit only the traffic the roles of this graph need, None for none.
	// +optional
	// +kubebuilder:validation:Enum=Default;None
	// +kubebuilder:default=Default
	NetworkPolicy NetworkPolicyMode `json:"networkPolicy,omitempty"`
}

// NetworkPolicyMode says which NetworkPolicies are composed.
type NetworkPolicyMode string

// Modes of NetworkPolicy.
const (
	NetworkPolicyDefault NetworkPolicyMode = "Default"
	NetworkPolicyNone    NetworkPolicyMode = "None"
)

// ClusterReference names an InferenceCluster.
type ClusterReference struct {
	// Name of the InferenceCluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
}

// LocalCluster is the InferenceCluster a graph runs on when it names none.
const LocalCluster = "local"

// A Model is a set of weights and the name it is served by.
type Model struct {
	// Name of the model: a Hugging Face repository, or a path inside a mounted volume.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// ServedName is the name clients ask for. Defaults to name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServedName string `json:"servedName,omitempty"`

	// Revision of the model repository: a branch, tag or commit.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// TokenSecretRef is the key of a Secret that holds a Hugging Face token, set as HF_TOKEN.
	// +optional
	TokenSecretRef *SecretKeyReference `json:"tokenSecretRef,omitempty"`

	// Cache is a claim with weights and tokenizer, mounted in every component that reads them, the frontend too.
	// +optional
	Cache *Mount `json:"cache,omitempty"`
}

// SecretKeyReference is a key of a Secret in the graph's namespace.
type SecretKeyReference struct {
	// Name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key in the Secret.
	// +optional
	// +kubebuilder:default=HF_TOKEN
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// A Mount is a claim mounted in a container.
type Mount struct {
	// Claim is a name in spec.claims.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Claim string `json:"claim"`

	// MountPath in the container, absolute and without colons.
	// +kubebuilder:validation:Pattern=`^/[^:]*$`
	// +kubebuilder:validation:MaxLength=1024
	MountPath string `json:"mountPath"`
}

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

// A Claim is a PersistentVolumeClaim: composed when it has a size, else it must exist.
// +kubebuilder:validation:XValidation:rule="has(self.size) || !(has(self.storageClassName) || has(self.accessMode))",message="storageClassName and accessMode are for claims that are created: set size too, or leave both out to use a claim that exists"
// +kubebuilder:validation:XValidation:rule="has(self.size) == has(oldSelf.size)",message="size cannot be added to or removed from a claim: use a claim of another name",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName))",message="storageClassName of a claim is immutable: use a claim of another name",fieldPath=".storageClassName"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (has(self.accessMode) == has(oldSelf.accessMode) && (!has(self.accessMode) || self.accessMode == oldSelf.accessMode))",message="accessMode of a claim is immutable: use a claim of another name",fieldPath=".accessMode"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || !has(oldSelf.size) || quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",message="size of a claim cannot shrink: use a claim of another name",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || quantity(string(self.size)).isGreaterThan(quantity('0'))",message="size must be more than 0, as 100Gi",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="self.name != 'shared-memory'",message="shared-memory is the volume of /dev/shm: use another name",fieldPath=".name"
type Claim struct {
	// Name by which components mount the claim. A claim that is created is called <graph>-<name>; a claim that exists is
	// called by this name.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// Size of the volume to create. Without it the claim must exist in the graph's namespace.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	Size *resource.Quantity `json:"size,omitempty"`

	// StorageClassName of the volume to create. Defaults to the InferenceCluster's, then to the cluster's.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName *string `json:"storageClassName,omitempty"`

	// AccessMode of the volume to create.
	// +optional
	// +kubebuilder:validation:Enum=ReadWriteOnce;ReadWriteOncePod;ReadWriteMany;ReadOnlyMany
	AccessMode corev1.PersistentVolumeAccessMode `json:"accessMode,omitempty"`

	// Retain keeps a created claim, and the weights in it, when the graph is deleted.
	// +optional
	// +kubebuilder:default=true
	Retain *bool `json:"retain,omitempty"`
}

// Orchestrator is a kind of workload.
// +kubebuilder:validation:Enum=Auto;Deployment;LeaderWorkerSet;Grove
type Orchestrator string

// Orchestrators.
const (
	OrchestratorAuto            Orchestrator = "Auto"
	OrchestratorDeployment      Orchestrator = "Deployment"
	OrchestratorLeaderWorkerSet Orchestrator = "LeaderWorkerSet"
	OrchestratorGrove           Orchestrator = "Grove"
)

// Gang says how the pods of a replica are placed together.
type Gang struct {
	// Scheduler that places the pods.
	// +optional
	// +kubebuilder:validation:Enum=default;kai;volcano
	// +kubebuilder:default=default
	Scheduler string `json:"scheduler,omitempty"`

	// Queue of the scheduler.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Queue string `json:"queue,omitempty"`

	// Topology packs pods of a replica into one domain.
	// +optional
	Topology *Topology `json:"topology,omitempty"`
}

// A Topology is a domain that pods are packed into.
type Topology struct {
	// Domain is the node label or topology level.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	Domain string `json:"domain"`

	// Pack is Required or Preferred.
	// +optional
	// +kubebuilder:validation:Enum=Required;Preferred
	// +kubebuilder:default=Required
	Pack string `json:"pack,omitempty"`
}

// Restart rolls components again each time its ID changes.
// +kubebuilder:validation:XValidation:rule="!has(self.order) || self.strategy != 'Parallel'",message="order is for strategy Sequential: remove order or set strategy to Sequential",fieldPath=".order"
type Restart struct {
	// ID of the restart. A new ID requests a new restart.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ID string `json:"id"`

	// Strategy restarts one component at a time or all at once.
	// +optional
	// +kubebuilder:validation:Enum=Sequential;Parallel
	// +kubebuilder:default=Sequential
	Strategy string `json:"strategy,omitempty"`

	// Order of a sequential restart: the names of all components. Defaults to their order in the spec.
	// +optional
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Order []string `json:"order,omitempty"`
}

// Monitoring says how metrics are collected.
type Monitoring struct {
	// Enabled composes a PodMonitor where the InferenceCluster has the Prometheus operator.
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// Interval between two scrapes.
	// +optional
	// +kubebuilder:validation:Pattern=`^[0-9]+(ms|s|m|h)$`
	// +kubebuilder:default="5s"
	Interval string `json:"interval,omitempty"`

	// Labels of the PodMonitor, by which a Prometheus selects it.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Labels map[string]string `json:"labels,omitempty"`
}

// ExposeType is a way to reach the frontend.
// +kubebuilder:validation:Enum=None;Ingress;HTTPRoute;VirtualService;InferencePool
type ExposeType string

// Ways to reach the frontend.
const (
	ExposeNone           ExposeType = "None"
	ExposeIngress        ExposeType = "Ingress"
	ExposeHTTPRoute      ExposeType = "HTTPRoute"
	ExposeVirtualService ExposeType = "VirtualService"
	ExposeInferencePool  ExposeType = "InferencePool"
)

// Expose says how the frontend is reached.
type Expose struct {
	// Type of the route. HTTPRoute needs the InferenceCluster's capability gatewayAPI, and VirtualService istio.
	// +kubebuilder:default=None
	Type ExposeType `json:"type"`

	// Host the frontend answers for. Defaults to the graph's name and the InferenceCluster's host suffix.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// TLSSecretName is a Secret with the host's certificate, and makes the graph's URL one of https. Defaults to the
	// InferenceCluster's. An Ingress reads it from the graph's namespace; the Gateway of another route must have it
	// itself.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	TLSSecretName string `json:"tlsSecretName,omitempty"`

	// ClassName of the Ingress. Defaults to the InferenceCluster's, or else to the cluster's.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`

	// GatewayRef is the Gateway of an HTTPRoute or VirtualService, which must let the route in. Defaults to the
	// InferenceCluster's.
	// +optional
	GatewayRef *GatewayReference `json:"gatewayRef,omitempty"`

	// Annotations of the route.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Annotations map[string]string `json:"annotations,omitempty"`

	// Labels of the route.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Labels map[string]string `json:"labels,omitempty"`
}

// GatewayReference names a Gateway.
type GatewayReference struct {
	// Name of the Gateway.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Namespace of the Gateway. Defaults to the graph's.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}
