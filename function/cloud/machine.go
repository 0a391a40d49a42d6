// Package cloud knows the GPU machines of EKS, GKE and AKS: what each has, what it costs, and what the errors of its
// cloud mean. It has no I/O.
package cloud

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Provider is a managed Kubernetes service.
type Provider string

// Managed Kubernetes services.
const (
	EKS Provider = "EKS"
	GKE Provider = "GKE"
	AKS Provider = "AKS"
)

// A Fabric is a network between the GPUs of several nodes.
type Fabric string

// Fabrics between GPUs.
const (
	FabricNone       Fabric = ""
	FabricEFA        Fabric = "EFA"
	FabricTCPX       Fabric = "GPUDirect-TCPX"
	FabricTCPXO      Fabric = "GPUDirect-TCPXO"
	FabricRoCE       Fabric = "GPUDirect-RDMA"
	FabricInfiniBand Fabric = "InfiniBand"
)

// An Arch is the architecture of a machine's processors, as Kubernetes names it.
type Arch string

// ARM64 is the architecture of machines with Grace processors. All others are AMD64.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// A Vendor makes GPUs.
type Vendor string

// Vendors of GPUs. Empty is NVIDIA.
const (
	NVIDIA Vendor = ""
	AMD    Vendor = "AMD"
)

// Dollars are millionths of a US dollar, which hold every list price exactly.
type Dollars int64

// String is the amount with as many decimals as it needs, and two at least.
func (d Dollars) String() string {
	s := strconv.FormatFloat(float64(d)/1e6, 'f', 6, 64)
	whole, cents, _ := strings.Cut(s, ".")
	for len(cents) > 2 && cents[len(cents)-1] == '0' {
		cents = cents[:len(cents)-1]
	}
	return whole + "." + cents
}

// ParseDollars reads what String writes.
func ParseDollars(s string) (Dollars, error) {
	f, err := strconv.ParseFloat(s, 64)
	return usd(f), err
}

func usd(f float64) Dollars { return Dollars(math.Round(f * 1e6)) }

// gib are MiB. Google and Azure publish whole gigabytes of GPU memory, which are GiB of what the driver shows.
const gib = 1024

// A Machine is a type of virtual machine with GPUs.
type Machine struct {
	Provider Provider
	// Name of the type, as the cloud writes it.
	Name string

	// Accelerator is our name of the GPU, and Variant how it differs from others of that name.
	Accelerator, Variant string
	// CloudAccelerator is GKE's name of the GPU.
	CloudAccelerator string
	Vendor           Vendor

	// GPUs on the machine. 0 on one that has only a part of a GPU, whose size is one by Fraction.
	GPUs, Fraction int32
	// GPUMemoryMiB is the memory of one whole GPU.
	GPUMemoryMiB int64

	VCPU        int32
	MemoryMiB   int64
	LocalDiskGB int32
	Arch        Arch

	// Fabric and the number of its interfaces.
	Fabric     Fabric
	Interfaces int32

	// Price of an hour on demand, and SpotPrice where a list of them exists. 0 is unknown. Both are list prices of
	// Region as of AsOf, never offers.
	Price, SpotPrice Dollars
	Region           string
	AsOf             string

	// Source of the row.
	Source string
}

// A table is the machines of one cloud, with what holds for all of them unless a row says otherwise.
type table struct {
	provider             Provider
	region, asOf, source string
	rows                 []Machine
}

func (t table) machines() []Machine {
	out := slices.Clone(t.rows)
	for i := range out {
		m := &out[i]
		m.Provider, m.Source = t.provider, t.source
		if m.Arch == "" {
			m.Arch = AMD64
		}
		if m.Price != 0 || m.SpotPrice != 0 {
			m.AsOf = t.asOf
			if m.Region == "" {
				m.Region = t.region
			}
		}
	}
	return out
}

// Machines of a cloud, in an order in which those for common use come before those for special places.
func Machines(p Provider) []Machine {
	switch p {
	case EKS:
		return aws().machines()
	case GKE:
		return google().machines()
	case AKS:
		return azure().machines()
	}
	return nil
}

// Find a machine by its name.
func Find(p Provider, name string) (Machine, bool) {
	all := Machines(p)
	i := slices.IndexFunc(all, func(m Machine) bool { return m.Name == name })
	if i < 0 {
		return Machine{}, false
	}
	return all[i], true
}

// GPU is the full name of a machine's GPU.
func (m *Machine) GPU() string {
	if m.Variant == "" {
		return m.Accelerator
	}
	return m.Accelerator + " " + m.Variant
}
