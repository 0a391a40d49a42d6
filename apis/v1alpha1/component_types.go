package v1alpha1

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ComponentType is the role of a component.
// +kubebuilder:validation:Enum=frontend;worker;prefill;decode;planner;epp;custom
type ComponentType string

// Roles of a component.
const (
	// TypeFrontend serves the OpenAI compatible API and routes requests to workers.
	TypeFrontend ComponentType = "frontend"
	// TypeWorker computes prefill and decode of a request.
	TypeWorker ComponentType = "worker"
	// TypePrefill computes only the prefill of a request, and hands its KV cache on.
	TypePrefill ComponentType = "prefill"
	// TypeDecode computes only the decode of a request, from a KV cache handed to it.
	TypeDecode ComponentType = "decode"
	// TypePlanner scales workers.
	TypePlanner ComponentType = "planner"
	// TypeEPP picks endpoints for an inference gateway.
	TypeEPP ComponentType = "epp"
	// TypeCustom is anything else.
	TypeCustom ComponentType = "custom"
)

// MainContainer is the name of the container that runs a component's process.
const MainContainer = "main"

// A Component is one process of a graph, in any number of replicas.
// +kubebuilder:validation:XValidation:rule="!(has(self.replicas) && has(self.scaling))",message="replicas and scaling cannot be set together: remove replicas to let scaling own it, or remove scaling",fieldPath=".replicas"
// +kubebuilder:validation:XValidation:rule="self.type in ['worker', 'prefill', 'decode', 'custom'] || !has(self.gpus) || self.gpus == 0",message="gpus is for components of type worker, prefill, decode or custom: remove gpus",fieldPath=".gpus"
// +kubebuilder:validation:XValidation:rule="self.type in ['worker', 'prefill', 'decode', 'custom'] || !has(self.nodeCount) || self.nodeCount == 1",message="nodeCount over 1 is for components of type worker, prefill, decode or custom: remove nodeCount",fieldPath=".nodeCount"
// +kubebuilder:validation:XValidation:rule="!has(self.gpuResource) || has(self.gpus)",message="gpuResource names the resource that gpus counts: set gpus too, or remove gpuResource",fieldPath=".gpuResource"
// +kubebuilder:validation:XValidation:rule="!has(self.minAvailable) || has(self.scaling) || self.minAvailable <= (has(self.replicas) ? self.replicas : 1) || (has(self.replicas) && self.replicas == 0)",message="minAvailable cannot be more than replicas: lower minAvailable or raise replicas",fieldPath=".minAvailable"
// +kubebuilder:validation:XValidation:rule="self.type == oldSelf.type",message="type of a component is immutable: add a component of another name and remove this one",fieldPath=".type"
// +kubebuilder:validation:XValidation:rule="((has(self.nodeCount) ? self.nodeCount : 1) > 1) == ((has(oldSelf.nodeCount) ? oldSelf.nodeCount : 1) > 1)",message="nodeCount cannot change between one node and several: add a component of another name and remove this one",fieldPath=".nodeCount"
// +kubebuilder:validation:XValidation:rule="self.type != 'custom' || (has(self.podTemplate) && has(self.podTemplate.spec) && has(self.podTemplate.spec.containers) && self.podTemplate.spec.containers.exists(k, k.name == 'main' && has(k.image) && size(k.image) > 0))",message="a component of type custom needs a container named main, with an image, in podTemplate.spec.containers",fieldPath=".podTemplate"
// +kubebuilder:validation:XValidation:rule="!has(self.sharedMemory) || !quantity(string(self.sharedMemory)).isLessThan(quantity('0'))",message="sharedMemory must not be negative: use 0 to mount none",fieldPath=".sharedMemory"
// +kubebuilder:validation:XValidation:rule="!has(self.eppConfig) || self.type == 'epp'",message="eppConfig is for a component of type epp: remove it",fieldPath=".eppConfig"
type Component struct {
	// Name of the component, unique in the graph without regard to case. With the graph's name it makes the name of
	// the component's objects.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=61
	Name string `json:"name"`

	// Type is the component's role.
	Type ComponentType `json:"type"`

	// Replicas of the component. Defaults to 1 unless scaling is set.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Replicas *int32 `json:"replicas,omitempty"`

	// NodeCount is the number of nodes that one replica spans, a pod on each. More than 1 needs LeaderWorkerSet among the
	// capabilities of the InferenceCluster. The flags that join the nodes are added to a generated command, and to one
	// that runs python3 -m dynamo.vllm or dynamo.sglang and has none of them; one of dynamo.trtllm is run by mpirun over
	// SSH, unless it runs mpirun itself. Any other command runs as it is in every pod, with LWS_LEADER_ADDRESS and LWS_WORKER_INDEX in its environment.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	NodeCount *int32 `json:"nodeCount,omitempty"`

	// GPUs on each node of a replica.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=128
	GPUs *int32 `json:"gpus,omitempty"`

	// GPUResource is the extended resource that gpus counts. Defaults to nvidia.com/gpu.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:MaxLength=253
	GPUResource string `json:"gpuResource,omitempty"`

	// NodePool is a name in spec.nodePools that the component's pods run on.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	NodePool string `json:"nodePool,omitempty"`

	// Scaling hands the number of replicas to an autoscaler. A component that ran before keeps the replicas it has until
	// the autoscaler first changes them.
	// +optional
	Scaling *Scaling `json:"scaling,omitempty"`

	// MinAvailable is the number of replicas that voluntary disruptions leave available, each with all of its nodes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MinAvailable *int32 `json:"minAvailable,omitempty"`

	// Strategy by which pods are replaced.
	// +optional
	Strategy *appsv1.DeploymentStrategy `json:"strategy,omitempty"`

	// SharedMemory is the size of /dev/shm. Defaults to 8Gi for worker, prefill and decode; 0 mounts none.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	SharedMemory *resource.Quantity `json:"sharedMemory,omitempty"`

	// EPPConfig is what a component of type epp picks endpoints by. It defaults to the Dynamo router's scores: of workers,
	// or of prefill and decode apart where the graph has both.
	// +optional
	EPPConfig *EPPConfig `json:"eppConfig,omitempty"`

	// CompilationCache is a claim that keeps what the engine compiled.
	// +optional
	CompilationCache *CompilationCache `json:"compilationCache,omitempty"`

	// Mounts are claims mounted in the main container.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=mountPath
	Mounts []Mount `json:"mounts,omitempty"`

	// PodTemplate is merged over the pod that Graphplane composes: the container named main over the component's own
	// container, every other container and field as it is.
	// +optional
	PodTemplate *corev1.PodTemplateSpec `json:"podTemplate,omitempty"`

	// GlobalNamespace puts the component into the Dynamo namespace "dynamo", which every graph of the same Kubernetes
	// namespace shares.
	// +optional
	GlobalNamespace bool `json:"globalNamespace,omitempty"`
}

// EPPConfig is the configuration of an endpoint picker.
// +kubebuilder:validation:XValidation:rule="has(self.config) != has(self.configMapRef)",message="eppConfig needs exactly one of config and configMapRef: keep one"
type EPPConfig struct {
	// Config is an EndpointPickerConfig, without its apiVersion and kind:
	// https://gateway-api-inference-extension.sigs.k8s.io/guides/epp-configuration/config-text/
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Type=object
	Config *runtime.RawExtension `json:"config,omitempty"`

	// ConfigMapRef is a key of a ConfigMap in the graph's namespace that holds one. A change of it is read when the
	// endpoint picker starts anew.
	// +optional
	ConfigMapRef *ConfigMapKeyReference `json:"configMapRef,omitempty"`
}

// ConfigMapKeyReference is a key of a ConfigMap in the graph's namespace.
type ConfigMapKeyReference struct {
	// Name of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key in the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// CompilationCache is a claim mounted where the engine keeps what it compiled.
type CompilationCache struct {
	// Claim is a name in spec.claims.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Claim string `json:"claim"`

	// MountPath in the container. Defaults to /root/.cache/vllm for vllm, which VLLM_CACHE_ROOT is set to in any case.
	// Other backends keep several caches in several places, so that it must be set for them.
	// +optional
	// +kubebuilder:validation:Pattern=`^/[^:]*$`
	// +kubebuilder:validation:MaxLength=1024
	MountPath string `json:"mountPath,omitempty"`
}

// Scaling hands the number of replicas to an autoscaler.
// +kubebuilder:validation:XValidation:rule="[has(self.metrics), has(self.triggers), has(self.slo), has(self.external) && self.external].filter(x, x).size() == 1",message="scaling needs exactly one of metrics, triggers, slo and external: keep one"
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="min cannot be more than max: lower min or raise max",fieldPath=".min"
// +kubebuilder:validation:XValidation:rule="has(self.max) || (has(self.external) && self.external)",message="scaling needs max: set the most replicas the component may have",fieldPath=".max"
// +kubebuilder:validation:XValidation:rule="!has(self.external) || !self.external || !(has(self.min) || has(self.max))",message="somebody else owns the number of replicas of a component with external: remove min and max"
// +kubebuilder:validation:XValidation:rule="!has(self.min) || self.min > 0 || !(has(self.metrics) || has(self.slo))",message="min 0 needs triggers, since a component without pods has no load and no latency that could wake it: set min to 1 or use triggers",fieldPath=".min"
type Scaling struct {
	// Min is the least number of replicas. Defaults to 1. 0 is for triggers, which can wake a component.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Min *int32 `json:"min,omitempty"`

	// Max is the greatest number of replicas.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Max *int32 `json:"max,omitempty"`

	// Metrics are what a HorizontalPodAutoscaler scales by.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Metrics []autoscalingv2.MetricSpec `json:"metrics,omitempty"`

	// Triggers are what a KEDA ScaledObject scales by. The InferenceCluster needs the capability keda.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Triggers []Trigger `json:"triggers,omitempty"`

	// SLO are the latencies that a KEDA ScaledObject keeps. The InferenceCluster needs the capability keda, and a
	// Prometheus.
	// +optional
	SLO *SLO `json:"slo,omitempty"`

	// External says that somebody else owns the number of replicas: the planner where the graph has one.
	// +optional
	External bool `json:"external,omitempty"`
}

// A Trigger is an event source of KEDA.
type Trigger struct {
	// Type of the scaler.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Type string `json:"type"`

	// Metadata of the scaler.
	// +kubebuilder:validation:MaxProperties=50
	Metadata map[string]string `json:"metadata"`

	// MetricType is how the metric is compared with its target. Defaults to what the scaler defaults to.
	// +optional
	// +kubebuilder:validation:Enum=AverageValue;Value;Utilization
	MetricType autoscalingv2.MetricTargetType `json:"metricType,omitempty"`

	// AuthenticationRef names a TriggerAuthentication.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	AuthenticationRef string `json:"authenticationRef,omitempty"`
}

// SLO are latencies to keep, as the frontend of the same Dynamo namespace measures them.
// +kubebuilder:validation:XValidation:rule="has(self.ttft) || has(self.itl)",message="slo needs ttft, itl or both: set one"
type SLO struct {
	// TTFT is the 95th percentile of the time to the first token. It scales prefill and worker.
	// +optional
	TTFT *metav1.Duration `json:"ttft,omitempty"`

	// ITL is the 95th percentile of the time between two tokens. It scales decode and worker.
	// +optional
	ITL *metav1.Duration `json:"itl,omitempty"`
}
