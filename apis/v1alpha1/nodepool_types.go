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

// A NodePool is a group of equal GPU nodes.
// +kubebuilder:validation:XValidation:rule="has(self.accelerator) != has(self.machineType)",message="a node pool needs exactly one of accelerator and machineType: keep one"
// +kubebuilder:validation:XValidation:rule="self.size.min <= self.size.max",message="size.min cannot be more than size.max: lower min or raise max"
type NodePool struct {
	// Name of the pool.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`

	// Accelerator selects a machine of the cluster's cloud by its GPUs.
	// +optional
	Accelerator *Accelerator `json:"accelerator,omitempty"`

	// MachineType is the cloud's own name of a machine.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	MachineType string `json:"machineType,omitempty"`

	// Size bounds the number of nodes.
	Size PoolSize `json:"size"`

	// Capacity is how the machines are paid for and found.
	// +optional
	// +kubebuilder:default=OnDemand
	Capacity Capacity `json:"capacity,omitempty"`

	// Reservation the machines are taken from.
	// +optional
	Reservation *Reservation `json:"reservation,omitempty"`

	// Zones the nodes may be in.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Zones []string `json:"zones,omitempty"`

	// Fabric gives the nodes EFA, GPUDirect or InfiniBand, and places them together.
	// +optional
	Fabric bool `json:"fabric,omitempty"`

	// DiskSize of each node.
	// +optional
	// +kubebuilder:validation:XIntOrString
	DiskSize *resource.Quantity `json:"diskSize,omitempty"`

	// Labels of the nodes.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Labels map[string]string `json:"labels,omitempty"`

	// Taints of the nodes, beside those that every GPU node has.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	Taints []corev1.Taint `json:"taints,omitempty"`

	// Fallback is what to try in order while the cloud has no capacity.
	// +optional
	// +kubebuilder:validation:MaxItems=5
	Fallback []Fallback `json:"fallback,omitempty"`
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

// A Fallback is what to try while the cloud has no capacity. What it leaves out stays as in the pool.
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

	// Wait is how long the rung before this one is tried.
	// +optional
	Wait *metav1.Duration `json:"wait,omitempty"`
}
