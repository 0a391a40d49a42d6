package graph

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// machine finds the machine of a rung.
func (r *resolver) machine(out *Rung, in *v1alpha1.NodePool, at *field.Path) {
	switch {
	case (in.Accelerator != nil) == (in.MachineType != ""):
		r.Add(field.Invalid(at, in.Name, "needs exactly one of accelerator and machineType: keep one"))
	case in.Accelerator != nil:
		r.accelerator(out, in, at.Child("accelerator"))
	default:
		r.machineType(out, in.MachineType, at.Child("machineType"))
	}
}

// accelerator chooses a machine by its GPUs, among those that policy allows.
func (r *resolver) accelerator(out *Rung, in *v1alpha1.NodePool, at *field.Path) {
	need := cloud.Need{Accelerator: in.Accelerator.Type, GPUs: in.Accelerator.Count, Fabric: in.Fabric}
	if m := in.Accelerator.Memory; m != nil {
		need.MemoryMiB = m.Value() >> 20
		if m.Sign() <= 0 {
			r.Add(field.Invalid(at.Child("memory"), m.String(), "must be more than 0, as 80Gi: change or remove it"))
			return
		}
	}
	m, why, err := cloud.Choose(r.in.Cluster.Provider(), need)
	if err != nil {
		r.Add(field.Invalid(at, fmt.Sprintf("%d %s", need.GPUs, need.Accelerator), err.Error()))
		return
	}
	if allowed := r.in.Cluster.Policy.MachineTypes; len(allowed) > 0 {
		need.Among = allowed
		if m, why, err = cloud.Choose(r.in.Cluster.Provider(), need); err != nil {
			r.violates(at, fmt.Sprintf("any machine of %d %s", need.GPUs, need.Accelerator), "policy.machineTypes")
			return
		}
	}
	out.Machine, out.Why, out.Known = m, why, true
	r.usable(out, at)
}

// machineType takes a machine by its name. One that is not known is allowed, so that a new one needs no new version.
func (r *resolver) machineType(out *Rung, name string, at *field.Path) {
	provider := r.in.Cluster.Provider()
	if allowed := r.in.Cluster.Policy.MachineTypes; len(allowed) > 0 && !slices.Contains(allowed, name) {
		r.violates(at, fmt.Sprintf("machine type %q", name), "policy.machineTypes")
		return
	}
	if m, ok := cloud.Find(provider, name); ok {
		out.Machine, out.Why, out.Known = m, "the pool names it", true
		r.usable(out, at)
		return
	}
	for _, other := range []cloud.Provider{cloud.EKS, cloud.GKE, cloud.AKS} {
		if _, ok := cloud.Find(other, name); ok {
			r.Add(field.Invalid(at, name, fmt.Sprintf("is a machine of %s, and %s is of %s: use accelerator, which is the same on every cloud", other, r.clusterName(), provider)))
			return
		}
	}
	out.Machine, out.Why = cloud.Machine{Provider: provider, Name: name, Arch: cloud.AMD64}, "the pool names it, and Graphplane does not know it"
	r.warn(at, fmt.Sprintf("machine type %q is not known to this version of Graphplane: whether pods fit it, and what it costs, is not checked", name))
}

// usable refuses machines that are known, but that graphs cannot use.
func (r *resolver) usable(out *Rung, at *field.Path) {
	m := &out.Machine
	switch {
	case m.Vendor != cloud.NVIDIA:
		r.Unsupported(at, m.Name+" has GPUs of "+string(m.Vendor)+", and the runtime images are for those of NVIDIA: use another machine")
	case m.Provider == cloud.GKE && m.Fraction > 0:
		r.Unsupported(at, fmt.Sprintf("%s has a part of a GPU only, which GKE counts in a way of its own: use a machine of whole GPUs", m.Name))
	}
}

// reservations are how clouds name them.
var (
	eksReservation = regexp.MustCompile(`^cr-[0-9a-z]+$`)
	gkeReservation = regexp.MustCompile(`^(projects/[^/]+/reservations/)?[a-z]([-a-z0-9]*[a-z0-9])?(/reservationBlocks/[-a-z0-9]+)?$`)
	aksReservation = regexp.MustCompile(`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/capacityReservationGroups/[^/]+$`)
)

// capacity checks that a cloud has a kind of capacity, and what it needs.
func (r *resolver) capacity(n *cloud.Nodes, at *field.Path) {
	provider := r.in.Cluster.Provider()
	have := map[cloud.Provider][]v1alpha1.Capacity{
		cloud.EKS: {v1alpha1.CapacityOnDemand, v1alpha1.CapacitySpot, v1alpha1.CapacityReserved, v1alpha1.CapacityBlock},
		cloud.GKE: {v1alpha1.CapacityOnDemand, v1alpha1.CapacitySpot, v1alpha1.CapacityReserved, v1alpha1.CapacityFlexStart},
		cloud.AKS: {v1alpha1.CapacityOnDemand, v1alpha1.CapacitySpot, v1alpha1.CapacityReserved},
	}[provider]
	if !slices.Contains(have, n.Capacity) {
		names := make([]string, len(have))
		for i := range have {
			names[i] = string(have[i])
		}
		r.Add(field.Invalid(at.Child("capacity"), n.Capacity, fmt.Sprintf("%s has no such capacity: use %s", provider, strings.Join(names, ", "))))
		return
	}
	r.reservation(n, at)
	if n.Capacity == v1alpha1.CapacityBlock && n.Min > 0 {
		r.Add(field.Invalid(at.Child("size", "min"), n.Min, "a capacity block ends, and a node group with a least size then fails: use 0"))
	}
	if strings.HasPrefix(n.Machine.Name, "p6e-") && n.Capacity != v1alpha1.CapacityBlock {
		r.Add(field.Invalid(at.Child("capacity"), n.Capacity, n.Machine.Name+" is sold by capacity block only: use CapacityBlock, with its reservation.id"))
	}
}

func (r *resolver) reservation(n *cloud.Nodes, at *field.Path) {
	p := at.Child("reservation", "id")
	provider := r.in.Cluster.Provider()
	switch {
	case reserved(n.Capacity) && n.Reservation == "":
		r.Add(field.Required(p, "capacity "+string(n.Capacity)+" is taken from a reservation: name it"))
		return
	case !reserved(n.Capacity) && n.Reservation != "":
		r.Add(field.Forbidden(at.Child("reservation"), "capacity "+string(n.Capacity)+" is not taken from a reservation: remove it, or set capacity to Reserved"))
		return
	case n.Reservation == "":
		return
	case provider == cloud.EKS && !eksReservation.MatchString(n.Reservation):
		r.Add(field.Invalid(p, n.Reservation, "must be the ID of a capacity reservation, as cr-0123456789abcdef0"))
	case provider == cloud.GKE && !gkeReservation.MatchString(n.Reservation):
		r.Add(field.Invalid(p, n.Reservation, "must be the name of a reservation, or projects/PROJECT/reservations/NAME of a shared one"))
	case provider == cloud.AKS && !aksReservation.MatchString(n.Reservation):
		r.Add(field.Invalid(p, n.Reservation, "must be the resource ID of a capacity reservation group, as /subscriptions/.../providers/Microsoft.Compute/capacityReservationGroups/NAME"))
	}
	if provider != cloud.AKS {
		r.oneZone(n, at, "a reservation is of one zone")
	}
}

// fabric checks that a machine has a fabric that pods can use, and that its nodes can be placed together.
func (r *resolver) fabric(n *cloud.Nodes, at *field.Path) {
	if !n.Fabric {
		return
	}
	p := at.Child("fabric")
	switch m := &n.Machine; {
	case !n.Known:
		r.Add(field.Invalid(p, true, fmt.Sprintf("whether machine type %q has a fabric is not known: remove fabric, or use a machine that Graphplane knows", m.Name)))
		return
	case m.Fabric == cloud.FabricNone:
		r.Add(field.Invalid(p, true, m.Name+" has no fabric: remove fabric, or use a machine that has one"))
		return
	case m.Fabric == cloud.FabricTCPX || m.Fabric == cloud.FabricTCPXO:
		r.Unsupported(p, fmt.Sprintf("%s of %s needs a daemon beside each pod, of the very version of the plugin on its node: remove fabric and add that daemon to podTemplate, or use H200 or B200, which have %s", m.Fabric, m.Name, cloud.FabricRoCE))
		return
	case strings.HasPrefix(m.Name, "p6e-"):
		r.Unsupported(p, "which network cards of "+m.Name+" have EFA depends on its UltraServer: remove fabric")
		return
	}
	r.oneZone(n, at, "a fabric does not leave its zone")
	switch c := r.in.Cluster.Cloud; {
	case c.EKS != nil && len(c.EKS.SecurityGroupIDs) == 0:
		r.Add(field.Invalid(p, true, "needs spec.cloud.eks.securityGroupIDs of "+r.clusterName()+", since nodes with interfaces of their own do not get the cluster's: set it there, or remove fabric"))
	case c.GKE != nil:
		r.gpuNetworks(n, p)
	}
	if n.Capacity == v1alpha1.CapacityFlexStart && !strings.HasPrefix(n.Machine.Name, "a3-ultragpu-") && !strings.HasPrefix(n.Machine.Name, "a4-") {
		r.Add(field.Invalid(at.Child("capacity"), n.Capacity, n.Machine.Name+" cannot be placed together with FlexStart: remove fabric, or use another capacity"))
	}
	if r.in.Cluster.Provider() == cloud.EKS && n.Min == 0 {
		r.warn(at.Child("size", "min"), "an autoscaler does not know that nodes it has never seen have EFA: with 0, pods may wait for ever for the first node: use 1")
	}
}

// gpuNetworks checks that there is a network for each GPU interface, and one for the second gVNIC.
func (r *resolver) gpuNetworks(n *cloud.Nodes, at *field.Path) {
	have := len(r.in.Cluster.Cloud.GKE.GPUNetworks)
	if want := int(n.Machine.Interfaces) + 1; have > 0 && have != want {
		r.Add(field.Invalid(at, true, fmt.Sprintf("%s needs %d of spec.cloud.gke.gpuNetworks of %s, which has %d: correct it there, or remove it to let GKE make them", n.Machine.Name, want, r.clusterName(), have)))
	}
}

// mig checks that GPUs can be parted.
func (r *resolver) mig(n *cloud.Nodes, at *field.Path) {
	if n.MIG == "" {
		return
	}
	p, provider := at.Child("mig"), r.in.Cluster.Provider()
	switch {
	case !slices.Contains([]string{"1g", "2g", "3g", "7g"}, n.MIG):
		r.Add(field.NotSupported(p, n.MIG, []string{"1g", "2g", "3g", "7g"}))
	case provider == cloud.EKS:
		r.Unsupported(p, "a node group of EKS cannot part GPUs: remove mig, and part them with the GPU operator")
	case !n.Machine.CanPart():
		r.Add(field.Invalid(p, n.MIG, fmt.Sprintf("%s has GPUs that cannot be parted: remove mig, or use A100, H100, H200 or B200", n.Machine.Name)))
	case n.Fabric:
		r.Add(field.Forbidden(p, "an instance of a GPU cannot use a fabric: remove mig or fabric"))
	case r.in.Cluster.Capabilities.GPUBinding == v1alpha1.GPUBindingDRA:
		r.Unsupported(p, "with gpuBinding DRA, instances are claimed by profile: remove mig")
	case provider == cloud.GKE && n.PartitionSize() == "":
		r.Unsupported(p, "the sizes of parts of "+n.Machine.Name+" are not known: use A100 or H100")
	}
}
