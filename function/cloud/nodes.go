package cloud

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// Nodes are a group of equal nodes of one machine type, to be created in a cloud.
type Nodes struct {
	// Name of the nodes in Kubernetes, unique in a cluster, and ID by which the cloud knows them. It changes with
	// everything that the cloud cannot change of nodes that exist.
	Name, ID string

	Machine Machine
	// Known says that the machine is in the table. Of one that is not, only the name is known.
	Known bool

	Min, Max    int32
	Capacity    v1alpha1.Capacity
	Reservation string
	// Zones, sorted. Empty for any that the cluster is in.
	Zones   []string
	Fabric  bool
	MIG     string
	DiskGiB int64

	Labels map[string]string
	Taints []corev1.Taint
}

// instances are how many instances of a MIG size one GPU holds, of those that all instances are of.
// https://docs.nvidia.com/datacenter/tesla/mig-user-guide/#partitioning
func instances(mig string) int32 {
	switch mig {
	case "1g":
		return 7
	case "2g":
		return 3
	case "3g":
		return 2
	}
	return 1
}

// Devices are how many GPUs pods see on one node: instances where GPUs are parted. 0 where the machine is not known.
func (n *Nodes) Devices() int32 {
	if n.Machine.Fraction > 0 {
		return 1
	}
	return n.Machine.GPUs * instances(n.MIG)
}

// Interfaces of the fabric that a pod with some of a node's GPUs gets: its share of them.
func (n *Nodes) Interfaces(gpus int32) int32 {
	if !n.Fabric || gpus == 0 || n.Devices() == 0 {
		return 0
	}
	return max(n.Machine.Interfaces*min(gpus, n.Devices())/n.Devices(), 1)
}

// Hourly is the price of one node, 0 where it is not known. A reservation is paid for elsewhere, and is counted like
// capacity on demand.
func (n *Nodes) Hourly() Dollars {
	if n.Capacity == v1alpha1.CapacitySpot && n.Machine.SpotPrice != 0 {
		return n.Machine.SpotPrice
	}
	return n.Machine.Price
}

// CanPart reports whether the GPUs of a machine can be parted by MIG. Those of Grace machines cannot, since their memory
// is the processors' too: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/#supported-gpus
func (m *Machine) CanPart() bool {
	switch m.Accelerator {
	case "A100", "H100", "H200", "B200", "B300":
		return m.GPUs > 0
	}
	return false
}

// PartitionSize is GKE's name of a MIG size, empty where it is not known.
// https://cloud.google.com/kubernetes-engine/docs/how-to/gpus-multi#available_gpu_partitions
func (n *Nodes) PartitionSize() string {
	sizes := map[string]string{"1g": "1g.10gb", "2g": "2g.20gb", "3g": "3g.40gb", "7g": "7g.80gb"}
	switch {
	case n.Machine.Accelerator == "A100" && n.Machine.GPUMemoryMiB == 40*gib:
		sizes = map[string]string{"1g": "1g.5gb", "2g": "2g.10gb", "3g": "3g.20gb", "7g": "7g.40gb"}
	case n.Machine.Accelerator != "A100" && n.Machine.Accelerator != "H100":
		return ""
	}
	return sizes[n.MIG]
}

// record is what pods need to know of nodes, as it is written down.
type record struct {
	Machine  string            `json:"machine"`
	Capacity v1alpha1.Capacity `json:"capacity"`
	Fabric   bool              `json:"fabric,omitempty"`
	MIG      string            `json:"mig,omitempty"`
	Taints   []corev1.Taint    `json:"taints,omitempty"`
}

// Record writes down what pods need to know of nodes.
func (n *Nodes) Record() string {
	b, err := json.Marshal(record{Machine: n.Machine.Name, Capacity: n.Capacity, Fabric: n.Fabric, MIG: n.MIG, Taints: n.Taints})
	if err != nil {
		// Strings and lists of them always marshal.
		panic(err)
	}
	return string(b)
}

// Recall reads what was recorded of nodes of a name. It reports false for what cannot be read.
func Recall(p Provider, name, written string) (Nodes, bool) {
	r := record{}
	if err := json.Unmarshal([]byte(written), &r); err != nil || r.Machine == "" {
		return Nodes{}, false
	}
	m, known := Find(p, r.Machine)
	if !known {
		m = Machine{Provider: p, Name: r.Machine, Arch: AMD64}
	}
	return Nodes{Name: name, Machine: m, Known: known, Capacity: r.Capacity, Fabric: r.Fabric, MIG: r.MIG, Taints: r.Taints}, true
}
