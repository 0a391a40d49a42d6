package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Capacity is how machines are paid for and found.
// +kubebuilder:validation:Enum=OnDemand;Spot;Reserved;CapacityBlock;FlexStart
type Capacity string

// Kinds of capacity.
const (
	CapacityOnDemand  Capacity = "OnDemand"
	CapacitySpot      Capacity = "Spot"
	CapacityReserved  Capacity = "Reserved"
	CapacityBlock     Capacity = "CapacityBlock"
	CapacityFlexStart Capacity = "FlexStart"
)

// A NodePool is a group of equal GPU nodes, created for the graph in its cluster's cloud. Nodes have the taint
// nvidia.com/gpu=present:NoSchedule.
// +kubebuilder:validation:XValidation:rule="has(self.accelerator) != has(self.machineType)",message="a node pool needs exactly one of accelerator and machineType: keep one"
// +kubebuilder:validation:XValidation:rule="self.size.min <= self.size.max",message="size.min cannot be more than size.max: lower min or raise max",fieldPath=".size.min"
// +kubebuilder:validation:XValidation:rule="!(self.capacity in ['Spot', 'FlexStart']) || !has(self.reservation)",message="a reservation is for capacity Reserved and CapacityBlock: remove reservation, or change capacity",fieldPath=".reservation"
// +kubebuilder:validation:XValidation:rule="!(self.capacity in ['Reserved', 'CapacityBlock']) || has(self.reservation)",message="capacity Reserved and CapacityBlock are taken from a reservation: set reservation.id",fieldPath=".reservation"
type NodePool struct {
	// Name of the pool.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`

	// Accelerator selects a machine of the cluster's cloud by its GPUs: the cheapest by list price, unless policy does not
	// allow it.
	// +optional
	Accelerator *Accelerator `json:"accelerator,omitempty"`

	// MachineType is the cloud's own name of a machine. One that Graphplane does not know is used with a warning, and
	// what depends on its GPUs is then not checked.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][-A-Za-z0-9_.]*$`
	// +kubebuilder:validation:MaxLength=63
	MachineType string `json:"machineType,omitempty"`

	// Size bounds the number of nodes. An autoscaler of the cluster moves it between them.
	Size PoolSize `json:"size"`

	// Capacity is how the machines are paid for and found. CapacityBlock is for EKS, FlexStart for GKE.
	// +optional
	// +kubebuilder:default=OnDemand
	Capacity Capacity `json:"capacity,omitempty"`

	// Reservation the machines are taken from.
	// +optional
	Reservation *Reservation `json:"reservation,omitempty"`

	// Zones the nodes may be in, as the cloud names them: us-west-2a, us-central1-a, or 1 to 3 on AKS.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Zones []string `json:"zones,omitempty"`

	// Fabric gives the nodes EFA, GPUDirect or InfiniBand, and places them together.
	// +optional
	Fabric bool `json:"fabric,omitempty"`

	// MIG parts each GPU into equal instances, by the number of its slices that one has. Pods count instances as GPUs.
	// For GKE and AKS, and GPUs that can be parted.
	// +optional
	// +kubebuilder:validation:Enum="1g";"2g";"3g";"7g"
	MIG string `json:"mig,omitempty"`

	// DiskSize of each node. Defaults to 200Gi, since runtime images are large.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	DiskSize *resource.Quantity `json:"diskSize,omitempty"`

	// Labels of the nodes.
	// +optional
	// +kubebuilder:validation:MaxProperties=40
	Labels map[string]string `json:"labels,omitempty"`

	// Taints of the nodes, beside those that every GPU node has. Components of the pool tolerate them.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	Taints []corev1.Taint `json:"taints,omitempty"`

	// Fallback is what to try in order while the cloud has no capacity and the pool no nodes. The graph stays where it
	// came to until every component of the pool has no replicas, or retryID changes.
	// +optional
	// +kubebuilder:validation:MaxItems=5
	Fallback []Fallback `json:"fallback,omitempty"`

	// RetryID returns the pool to its first choice each time it changes.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	RetryID string `json:"retryID,omitempty"`
}

// PoolSize bounds the number of nodes of a pool.
type PoolSize struct {
	// Min is the least number of nodes.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Min int32 `json:"min"`

	// Max is the greatest number of nodes.
	// +kubebuilder:validation:Minimum=1
	Max int32 `json:"max"`
}

// An Accelerator is a kind of GPU and how many of it a node has.
type Accelerator struct {
	// Type of the GPU, as H100.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Type string `json:"type"`

	// Count of GPUs on a node.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	Count int32 `json:"count"`

	// Memory of one GPU, where a type exists with several.
	// +optional
	// +kubebuilder:validation:XIntOrString
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// A Reservation is capacity bought before.
type Reservation struct {
	// ID of the reservation, as the cloud names it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ID string `json:"id"`
}

// A Fallback is what to try while the cloud has no capacity. What it leaves out stays as in the pool, but for a
// reservation, which only capacity Reserved and CapacityBlock have.
// +kubebuilder:validation:XValidation:rule="!has(self.accelerator) || !has(self.machineType)",message="a fallback has one of accelerator and machineType: keep one"
// +kubebuilder:validation:XValidation:rule="has(self.accelerator) || has(self.machineType) || has(self.capacity) || has(self.reservation)",message="a fallback without accelerator, machineType, capacity and reservation is the pool itself: set one of them, or remove it"
type Fallback struct {
	// Accelerator selects another machine by its GPUs.
	// +optional
	Accelerator *Accelerator `json:"accelerator,omitempty"`

	// MachineType is the cloud's own name of another machine.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	MachineType string `json:"machineType,omitempty"`

	// Capacity is another way to pay for and find the machines.
	// +optional
	Capacity Capacity `json:"capacity,omitempty"`

	// Reservation the machines are taken from.
	// +optional
	Reservation *Reservation `json:"reservation,omitempty"`

	// Wait is how long the cloud must have no capacity for what comes before. Defaults to 3m.
	// +optional
	Wait *metav1.Duration `json:"wait,omitempty"`
}
