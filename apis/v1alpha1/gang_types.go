package v1alpha1

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

// Scheduler places pods.
// +kubebuilder:validation:Enum=default;kai;volcano
type Scheduler string

// Schedulers.
const (
	// SchedulerDefault is that of Kubernetes, which places one pod at a time.
	SchedulerDefault Scheduler = "default"
	// SchedulerKAI is the KAI scheduler.
	SchedulerKAI Scheduler = "kai"
	// SchedulerVolcano is Volcano.
	SchedulerVolcano Scheduler = "volcano"
)

// Gang says how the pods of a replica are placed together.
// +kubebuilder:validation:XValidation:rule="!has(self.queue) || (has(self.scheduler) && self.scheduler != 'default')",message="queue is for scheduler kai or volcano: set scheduler, or remove queue",fieldPath=".queue"
type Gang struct {
	// Scheduler that places the pods of the graph. One that is not Kubernetes' own must be among spec.capabilities.schedulers
	// of the InferenceCluster. It places the pods of a replica over several nodes all at once or not at all.
	// +optional
	// +kubebuilder:default=default
	Scheduler Scheduler `json:"scheduler,omitempty"`

	// Queue of the scheduler, which must exist. Defaults to that of the InferenceCluster, and with volcano to its own
	// default.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Queue string `json:"queue,omitempty"`

	// Topology packs the pods of each replica over several nodes into one domain.
	// +optional
	Topology *Topology `json:"topology,omitempty"`
}

// A Topology is a domain that pods are packed into.
type Topology struct {
	// Name of what defines the levels of domains: a Topology of the KAI scheduler, or a ClusterTopologyBinding of Grove.
	// Defaults to that of the InferenceCluster.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// Domain is a level there: with LeaderWorkerSet the label of nodes, as topology.kubernetes.io/zone; with Grove the
	// level's own name, as rack.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	Domain string `json:"domain"`

	// Pack is Required or Preferred.
	// +optional
	// +kubebuilder:validation:Enum=Required;Preferred
	// +kubebuilder:default=Required
	Pack Pack `json:"pack,omitempty"`
}

// Pack says what becomes of pods for which no domain has room.
type Pack string

// Ways to pack.
const (
	// PackRequired pods wait until a domain has room.
	PackRequired Pack = "Required"
	// PackPreferred pods are spread then.
	PackPreferred Pack = "Preferred"
)
