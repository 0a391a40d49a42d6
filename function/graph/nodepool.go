package graph

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/names"
)

// Sizes of the disks of nodes, in GiB. A runtime image alone has some twenty, more than EKS gives a node by default.
const (
	defaultDisk = 200
	leastDisk   = 50
	mostDisk    = 16 << 10
)

// defaultWait is how long the cloud must have no capacity before a fallback is tried, as long as Karpenter leaves out
// what EC2 had none of: https://github.com/aws/karpenter-provider-aws/blob/1d927085d/pkg/cache/cache.go
const defaultWait = 3 * time.Minute

var poolName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// A Pool is a node pool that the graph brings along.
type Pool struct {
	Name string

	// Rungs are what the pool may be, best first: itself, and its fallbacks.
	Rungs []Rung

	// RetryID returns the pool to its first rung when it changes.
	RetryID string

	// Capacity is what has become of the pool. Resolve leaves it zero.
	Capacity Capacity
}

// A Rung is one of the things that a pool may be.
type Rung struct {
	cloud.Nodes

	// Why the machine was chosen.
	Why string
	// Wait is how long the rung before this one must have no capacity.
	Wait time.Duration
}

// Capacity is which rung a pool is on, and which nodes its pods run on.
type Capacity struct {
	Rung int

	// Running are the nodes that pods run on until those of the rung can be used, nil for those of the rung.
	Running *cloud.Nodes

	// TemplateVersion is the newest version of the launch template of the rung's nodes, 0 where it is not known.
	TemplateVersion int64
}

// Current is the rung that the pool is on.
func (p *Pool) Current() *Rung { return &p.Rungs[p.Capacity.Rung] }

// Active are the nodes that pods of the pool run on.
func (p *Pool) Active() *cloud.Nodes {
	if p.Capacity.Running != nil {
		return p.Capacity.Running
	}
	return &p.Current().Nodes
}

// Pool returns the pool of a component, nil for none.
func (g *Graph) Pool(c *Component) *Pool {
	for i := range g.Pools {
		if g.Pools[i].Name == c.NodePool {
			return &g.Pools[i]
		}
	}
	return nil
}

// pools resolves spec.nodePools.
func (r *resolver) pools() []Pool {
	in, at := r.in.Spec.NodePools, r.spec.Child("nodePools")
	if len(in) == 0 {
		return nil
	}
	if r.in.Cluster.Provider() == "" {
		r.Add(field.Forbidden(at, "needs exactly one of eks, gke and aks in spec.cloud of "+r.clusterName()+": set it there, or remove nodePools"))
		return nil
	}
	var out []Pool
	for i := range in {
		p := at.Index(i)
		switch {
		case !poolName.MatchString(in[i].Name) || len(in[i].Name) > 40:
			r.Add(field.Invalid(p.Child("name"), in[i].Name, "must be at most 40 lower case letters, digits and hyphens, with a letter first"))
			continue
		case slices.ContainsFunc(in[:i], func(o v1alpha1.NodePool) bool { return o.Name == in[i].Name }):
			r.Add(field.Duplicate(p.Child("name"), in[i].Name))
			continue
		}
		out = append(out, r.pool(&in[i], p))
	}
	return out
}

// pool resolves one node pool, and each of its fallbacks as a pool of its own.
func (r *resolver) pool(in *v1alpha1.NodePool, at *field.Path) Pool {
	out := Pool{Name: in.Name, RetryID: in.RetryID}
	r.poolSize(in, at)
	r.poolDisk(in, at)
	r.zones(in.Zones, at.Child("zones"))
	r.poolLabels(in, at)
	r.poolTaints(in, at)
	out.Rungs = append(out.Rungs, r.rung(in, at))
	for i := range in.Fallback {
		f, fat := &in.Fallback[i], at.Child("fallback").Index(i)
		rung := r.rung(fallback(in, f), fat)
		rung.Wait = ptr.Deref(f.Wait, metav1.Duration{Duration: defaultWait}).Duration
		if rung.Wait <= 0 {
			r.Add(field.Invalid(fat.Child("wait"), rung.Wait.String(), "must be more than 0, as 3m"))
		}
		if slices.ContainsFunc(out.Rungs, func(o Rung) bool { return o.Name == rung.Name && rung.Name != "" }) {
			r.Add(field.Invalid(fat, rung.Machine.Name, "is the same machine and capacity as before it, which the cloud has none of: change it, or remove it"))
		}
		out.Rungs = append(out.Rungs, rung)
	}
	return out
}

// fallback is a pool with what a fallback changes of it.
func fallback(in *v1alpha1.NodePool, f *v1alpha1.Fallback) *v1alpha1.NodePool {
	out := in.DeepCopy()
	if f.Accelerator != nil || f.MachineType != "" {
		out.Accelerator, out.MachineType = f.Accelerator, f.MachineType
	}
	out.Capacity = cmp.Or(f.Capacity, in.Capacity)
	switch {
	case f.Reservation != nil:
		out.Reservation = f.Reservation
	case !reserved(out.Capacity):
		out.Reservation = nil
	}
	return out
}

func reserved(c v1alpha1.Capacity) bool {
	return c == v1alpha1.CapacityReserved || c == v1alpha1.CapacityBlock
}

// rung resolves what a pool, or its fallback, is.
func (r *resolver) rung(in *v1alpha1.NodePool, at *field.Path) Rung {
	out := Rung{Nodes: cloud.Nodes{
		Min: in.Size.Min, Max: in.Size.Max,
		Capacity:    cmp.Or(in.Capacity, v1alpha1.CapacityOnDemand),
		Reservation: ptr.Deref(in.Reservation, v1alpha1.Reservation{}).ID,
		Zones:       slices.Sorted(slices.Values(in.Zones)),
		Fabric:      in.Fabric, MIG: in.MIG,
		DiskGiB: disk(in.DiskSize),
		Labels:  in.Labels, Taints: in.Taints,
	}}
	before := r.count()
	r.machine(&out, in, at)
	if r.count() > before {
		return out
	}
	r.capacity(&out.Nodes, at)
	r.fabric(&out.Nodes, at)
	r.mig(&out.Nodes, at)
	id := r.identity(&out.Nodes)
	out.Name = names.Nodes(r.in.Namespace, r.in.Name, in.Name, id)
	out.ID = out.Name
	if r.in.Cluster.Provider() == cloud.AKS {
		out.ID = names.AKSPool(r.in.Namespace, r.in.Name, in.Name, id)
	}
	return out
}

// identity is everything of nodes that the cloud cannot change once they exist. A part that a later version adds must be
// left out while it is zero, or every pool would be replaced.
func (r *resolver) identity(n *cloud.Nodes) string {
	id := struct {
		EKS         *eksIdentity      `json:"eks,omitempty"`
		GKE         *gkeIdentity      `json:"gke,omitempty"`
		AKS         *aksIdentity      `json:"aks,omitempty"`
		Machine     string            `json:"machine"`
		Capacity    v1alpha1.Capacity `json:"capacity"`
		Reservation string            `json:"reservation,omitempty"`
		Zones       []string          `json:"zones,omitempty"`
		Fabric      bool              `json:"fabric,omitempty"`
		MIG         string            `json:"mig,omitempty"`
		DiskGiB     int64             `json:"diskGiB"`
	}{
		Machine: n.Machine.Name, Capacity: n.Capacity, Reservation: n.Reservation,
		Zones: n.Zones, Fabric: n.Fabric, MIG: n.MIG, DiskGiB: n.DiskGiB,
	}
	switch c := r.in.Cluster.Cloud; {
	case c.EKS != nil:
		id.EKS = &eksIdentity{c.EKS.ClusterName, c.EKS.Region, c.EKS.NodeRoleARN, Subnets(c.EKS, n.Zones), len(c.EKS.SecurityGroupIDs) > 0}
	case c.GKE != nil:
		id.GKE = &gkeIdentity{Project: c.GKE.Project, Location: c.GKE.Location, Cluster: c.GKE.ClusterName, Account: c.GKE.NodeServiceAccount}
		if n.Fabric {
			id.GKE.Networks = c.GKE.GPUNetworks
		}
	case c.AKS != nil:
		id.AKS = &aksIdentity{Cluster: c.AKS.ClusterID, Subnet: c.AKS.SubnetID, Driver: c.AKS.GPUDriver}
		if n.Fabric {
			id.AKS.Proximity = c.AKS.ProximityPlacementGroupID
		}
	}
	b, err := json.Marshal(id)
	if err != nil {
		// Strings, numbers and lists of them always marshal.
		panic(fmt.Sprintf("cannot marshal the identity of nodes: %v", err))
	}
	return string(b)
}

type eksIdentity struct {
	Cluster  string   `json:"cluster"`
	Region   string   `json:"region"`
	Role     string   `json:"role"`
	Subnets  []string `json:"subnets"`
	Template bool     `json:"template,omitempty"`
}

type gkeIdentity struct {
	Project  string                `json:"project"`
	Location string                `json:"location"`
	Cluster  string                `json:"cluster"`
	Account  string                `json:"account,omitempty"`
	Networks []v1alpha1.GPUNetwork `json:"networks,omitempty"`
}

type aksIdentity struct {
	Cluster   string `json:"cluster"`
	Subnet    string `json:"subnet,omitempty"`
	Driver    string `json:"driver,omitempty"`
	Proximity string `json:"proximity,omitempty"`
}

// Subnets are those of a cluster in some zones, sorted. All for no zones.
func Subnets(c *v1alpha1.EKS, zones []string) []string {
	var out []string
	for _, s := range c.SubnetIDs {
		if len(zones) == 0 || slices.Contains(zones, c.SubnetZones[s]) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// disk is a size in GiB.
func disk(q *resource.Quantity) int64 {
	if q == nil {
		return defaultDisk
	}
	const gib = 1 << 30
	return (q.Value() + gib - 1) / gib
}
