package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// An InferenceCluster is a Kubernetes cluster that graphs may run on: how to reach it, what is installed in it, what its
// platform team presets and what it allows.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=ic,categories=graphplane
type InferenceCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   InferenceClusterSpec   `json:"spec"`
	Status InferenceClusterStatus `json:"status,omitempty"`
}

// InferenceClusterList is a list of InferenceClusters.
// +kubebuilder:object:root=true
type InferenceClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []InferenceCluster `json:"items"`
}

// InferenceClusterSpec is what an InferenceCluster should be.
type InferenceClusterSpec struct {
	// Access is how the cluster is reached.
	// +optional
	// +kubebuilder:default={source: "Local"}
	Access Access `json:"access,omitempty"`

	// Cloud is where graphs create their node pools. Without it they bring none.
	// +optional
	Cloud *Cloud `json:"cloud,omitempty"`

	// Capabilities are what is installed in the cluster.
	// +optional
	Capabilities Capabilities `json:"capabilities,omitempty"`

	// Install is what Graphplane installs in the cluster.
	// +optional
	Install Install `json:"install,omitempty"`

	// Defaults of the platform, below everything that a graph says.
	// +optional
	Defaults Defaults `json:"defaults,omitempty"`

	// Policy is what graphs may ask for. What it does not allow is refused.
	// +optional
	Policy Policy `json:"policy,omitempty"`
}

// Access is how a cluster is reached.
// +kubebuilder:validation:XValidation:rule="self.source != 'Remote' || has(self.providerConfigRef)",message="source Remote needs providerConfigRef: name the ClusterProviderConfig of provider-kubernetes that reaches the cluster"
// +kubebuilder:validation:XValidation:rule="self.source != 'Local' || !has(self.providerConfigRef)",message="providerConfigRef needs source Remote: remove it, or set source"
type Access struct {
	// Source is Local for the cluster that Crossplane runs in, and Remote for any other, which is reached through the
	// Objects of provider-kubernetes (kubernetes.m.crossplane.io).
	// +optional
	// +kubebuilder:validation:Enum=Local;Remote
	// +kubebuilder:default=Local
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="source is immutable: create another InferenceCluster"
	Source AccessSource `json:"source,omitempty"`

	// ProviderConfigRef names the config of provider-kubernetes that reaches the cluster. A ProviderConfig must be in the
	// namespace of each graph.
	// +optional
	ProviderConfigRef *ProviderConfigReference `json:"providerConfigRef,omitempty"`

	// Namespace that keeps the Objects of what the InferenceCluster itself installs in the cluster. Graphs keep theirs in
	// their own.
	// +optional
	// +kubebuilder:default=crossplane-system
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}

// AccessSource is how a cluster is reached.
type AccessSource string

// How a cluster is reached.
const (
	AccessLocal  AccessSource = "Local"
	AccessRemote AccessSource = "Remote"
)

// Capabilities are what is installed in a cluster.
type Capabilities struct {
	// Orchestrators that graphs may use, best first. Deployment is always there.
	// +optional
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:Enum=Deployment;LeaderWorkerSet;Grove
	// +listType=set
	Orchestrators []Orchestrator `json:"orchestrators,omitempty"`

	// Schedulers that graphs may name beside Kubernetes' own. Volcano places the pods of a LeaderWorkerSet together only
	// where that is configured with gangSchedulingManagement.schedulerProvider volcano. KAI does where its pod grouper may
	// not read InferenceGraphs, as its chart has it: it takes the pods of the topmost owner that it can read for one gang.
	// +optional
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=kai;volcano
	// +listType=set
	Schedulers []Scheduler `json:"schedulers,omitempty"`

	// PrometheusOperator says that monitoring.coreos.com/v1 is served. Graphs are then monitored unless they say
	// otherwise.
	// +optional
	PrometheusOperator bool `json:"prometheusOperator,omitempty"`

	// KEDA says that keda.sh/v1alpha1 is served, which scaling by triggers and by slo needs.
	// +optional
	KEDA bool `json:"keda,omitempty"`

	// GatewayAPI says that HTTPRoute of gateway.networking.k8s.io/v1 is served.
	// +optional
	GatewayAPI bool `json:"gatewayAPI,omitempty"`

	// InferenceExtension says that InferencePool of inference.networking.k8s.io/v1 is served, which components of type epp
	// need.
	// +optional
	InferenceExtension bool `json:"inferenceExtension,omitempty"`

	// Istio says that VirtualService of networking.istio.io/v1 is served.
	// +optional
	Istio bool `json:"istio,omitempty"`

	// GPUBinding is how pods get GPUs: DevicePlugin by an extended resource, DRA by a ResourceClaimTemplate of the device
	// class gpu.nvidia.com, which needs Kubernetes 1.34 and NVIDIA's DRA driver.
	// +optional
	// +kubebuilder:validation:Enum=DevicePlugin;DRA
	// +kubebuilder:default=DevicePlugin
	GPUBinding GPUBinding `json:"gpuBinding,omitempty"`
}

// GPUBinding is how pods get GPUs.
type GPUBinding string

// Ways to get GPUs.
const (
	GPUBindingDevicePlugin GPUBinding = "DevicePlugin"
	GPUBindingDRA          GPUBinding = "DRA"
)

// Install is what Graphplane installs in a cluster.
type Install struct {
	// WorkerMetadata composes the CustomResourceDefinition dynamoworkermetadatas.nvidia.com, which the Dynamo runtime
	// needs for discovery through Kubernetes. Leave it false where the Dynamo operator's chart brings it.
	// +optional
	WorkerMetadata bool `json:"workerMetadata,omitempty"`

	// Dashboards composes a ConfigMap with a Grafana dashboard of every graph, for a Grafana whose sidecar looks for the
	// label grafana_dashboard.
	// +optional
	Dashboards *Dashboards `json:"dashboards,omitempty"`

	// Planner composes the CustomResourceDefinitions dynamographdeployments.nvidia.com and
	// dynamographdeploymentscalingadapters.nvidia.com, in which the Dynamo planner looks for a graph and asks for
	// replicas. Leave it false where the Dynamo operator runs: the kinds are its own, and it would run each planned graph
	// a second time.
	// +optional
	Planner bool `json:"planner,omitempty"`
}

// Dashboards are for Grafana.
type Dashboards struct {
	// Namespace of the ConfigMap, which must exist.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
}

// Tracing is where processes of the Dynamo runtime send their traces and logs.
type Tracing struct {
	// Endpoint of a collector that speaks OTLP over gRPC, as http://otel-collector.monitoring.svc:4317.
	// +kubebuilder:validation:Pattern=`^https?://`
	// +kubebuilder:validation:MaxLength=2048
	Endpoint string `json:"endpoint"`
}

// Logging is how processes of the Dynamo runtime log.
type Logging struct {
	// Format of a line. Defaults to Text.
	// +optional
	// +kubebuilder:validation:Enum=Text;JSON
	Format LogFormat `json:"format,omitempty"`

	// Level, or levels by module, as info,dynamo_runtime=debug. Defaults to info.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Level string `json:"level,omitempty"`
}

// LogFormat is how a line of a log is written.
type LogFormat string

// Formats of logs.
const (
	LogText LogFormat = "Text"
	LogJSON LogFormat = "JSON"
)

// Defaults of a platform.
type Defaults struct {
	// Images with tag, by backend, and those of planner and epp. The component's podTemplate overrides them.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.all(b, b in ['vllm', 'sglang', 'trtllm', 'planner', 'epp'])",message="keys of images are backends, planner and epp: use vllm, sglang, trtllm, planner or epp"
	// +kubebuilder:validation:MaxProperties=5
	Images map[string]string `json:"images,omitempty"`

	// RuntimeVersion is the tag of the built-in images.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`
	RuntimeVersion string `json:"runtimeVersion,omitempty"`

	// ImagePullSecrets of every pod, by name.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=set
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`

	// Env is set in the main container of every component, below everything else.
	// +optional
	// +kubebuilder:validation:MaxItems=200
	// +listType=map
	// +listMapKey=name
	Env []corev1.EnvVar `json:"env,omitempty"`

	// PrometheusURL is set as PROMETHEUS_ENDPOINT. Scaling by slo asks it for latencies.
	// +optional
	// +kubebuilder:validation:Pattern=`^https?://`
	// +kubebuilder:validation:MaxLength=2048
	PrometheusURL string `json:"prometheusURL,omitempty"`

	// Tracing sends traces and logs of every component to a collector.
	// +optional
	Tracing *Tracing `json:"tracing,omitempty"`

	// Logging of every component.
	// +optional
	Logging *Logging `json:"logging,omitempty"`

	// ModelExpressURL is set as MODEL_EXPRESS_URL.
	// +optional
	// +kubebuilder:validation:Pattern=`^https?://`
	// +kubebuilder:validation:MaxLength=2048
	ModelExpressURL string `json:"modelExpressURL,omitempty"`

	// Discovery of graphs that say nothing of it.
	// +optional
	// +kubebuilder:validation:Enum=kubernetes;etcd
	Discovery Discovery `json:"discovery,omitempty"`

	// Queue of graphs that name a scheduler and no queue.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Queue string `json:"queue,omitempty"`

	// TopologyName of graphs that name a domain and no topology.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	TopologyName string `json:"topologyName,omitempty"`

	// TerminationDelay is how long too few pods of a graph may run until Grove ends the whole gang and starts it again. The
	// default is Grove's own, of 4 hours.
	// +optional
	TerminationDelay *metav1.Duration `json:"terminationDelay,omitempty"`

	// MPISSHSecretName is a Secret with the SSH key pair by which the nodes of TensorRT-LLM reach each other, under
	// private.key and private.key.pub, in the namespace of each graph. Without one each graph gets a key of its own.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	MPISSHSecretName string `json:"mpiSSHSecretName,omitempty"`

	// Etcd is the etcd system of graphs that use one and name none.
	// +optional
	Etcd *Backing `json:"etcd,omitempty"`

	// NATS is the NATS system of graphs that use one and name none.
	// +optional
	NATS *Backing `json:"nats,omitempty"`

	// StorageClassName of claims that name none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName string `json:"storageClassName,omitempty"`

	// HostSuffix is the domain that graphs are exposed under: each at its name, a dot and the suffix.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +kubebuilder:validation:MaxLength=189
	HostSuffix string `json:"hostSuffix,omitempty"`

	// IngressClassName of Ingresses that name none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	IngressClassName string `json:"ingressClassName,omitempty"`

	// TLSSecretName is a Secret with the certificate of exposed hosts, in the namespace of each graph, for graphs that
	// name none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	TLSSecretName string `json:"tlsSecretName,omitempty"`

	// CABundle are PEM certificates that clients trust the certificate of exposed hosts by. It is what is public of
	// tlsSecretName, which holds a private key that Graphplane does not read.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	CABundle string `json:"caBundle,omitempty"`

	// GatewayRef is the Gateway of HTTPRoutes and VirtualServices that name none.
	// +optional
	GatewayRef *GatewayReference `json:"gatewayRef,omitempty"`
}

// Policy is what graphs may ask for. The zero policy is the strictest.
type Policy struct {
	// AllowPrivileged allows privileged containers, privilege escalation and system calls that no seccomp profile
	// filters.
	// +optional
	AllowPrivileged bool `json:"allowPrivileged,omitempty"`

	// AllowHostNamespaces allows hostNetwork, hostPID, hostIPC and host ports.
	// +optional
	AllowHostNamespaces bool `json:"allowHostNamespaces,omitempty"`

	// AllowHostPaths are path prefixes that may be mounted from the node.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:Pattern=`^/`
	// +listType=set
	AllowHostPaths []string `json:"allowHostPaths,omitempty"`

	// AllowCapabilities are Linux capabilities that containers may add.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	AllowCapabilities []string `json:"allowCapabilities,omitempty"`

	// AllowServiceAccounts are service accounts that pods may run as, beside the graph's own.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=set
	AllowServiceAccounts []string `json:"allowServiceAccounts,omitempty"`

	// MaxPoolSize is the largest size.max of a node pool.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MaxPoolSize *int32 `json:"maxPoolSize,omitempty"`

	// MachineTypes that node pools may be of, fallbacks too, whether they are named or chosen. Empty allows all.
	// +optional
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	MachineTypes []string `json:"machineTypes,omitempty"`

	// MaxHourly is the most that the node pools of one graph may cost an hour, in US dollars, each at its size.max and
	// its dearest fallback, by the list prices that are built in. A machine without such a price is then not allowed.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	MaxHourly *resource.Quantity `json:"maxHourly,omitempty"`

	// MaxGPUs is the most GPUs of one graph: those of its node pools, each at its size.max, and those of components
	// without a pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxGPUs *int32 `json:"maxGPUs,omitempty"`
}

// InferenceClusterStatus is what was last seen of an InferenceCluster. Conditions are kept by Crossplane.
type InferenceClusterStatus struct {
	// WorkerMetadata says whether the CustomResourceDefinition dynamoworkermetadatas.nvidia.com is composed.
	// +optional
	WorkerMetadata bool `json:"workerMetadata,omitempty"`

	// Planner says whether the kinds are composed in which the Dynamo planner looks for a graph.
	// +optional
	Planner bool `json:"planner,omitempty"`
}
