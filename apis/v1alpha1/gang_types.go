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
