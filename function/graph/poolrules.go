package graph

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// mostNodes is how many nodes a pool of AKS may have. The other clouds allow more, or by quota.
const mostNodes = 1000

// poolSize checks the bounds of a pool.
func (r *resolver) poolSize(in *v1alpha1.NodePool, at *field.Path) {
	s, at := in.Size, at.Child("size")
	switch {
	case s.Min < 0:
		r.Add(field.Invalid(at.Child("min"), s.Min, "must not be negative: use 0"))
	case s.Max < 1 || s.Max > mostNodes:
		r.Add(field.Invalid(at.Child("max"), s.Max, fmt.Sprintf("must be from 1 to %d", mostNodes)))
	case s.Min > s.Max:
		r.Add(field.Invalid(at.Child("min"), s.Min, "cannot be more than size.max: lower min or raise max"))
	}
	if s.Min == 0 && r.in.Cluster.Capabilities.GPUBinding == v1alpha1.GPUBindingDRA {
		r.Add(field.Invalid(at.Child("min"), s.Min, "with gpuBinding DRA an autoscaler cannot see that a node it has never seen has GPUs, so no pod would ever get the first one: use 1"))
	}
	if most := r.in.Cluster.Policy.MaxPoolSize; most != nil && s.Max > *most {
		r.violates(at.Child("max"), fmt.Sprintf("more than %d nodes in a pool", *most), "policy.maxPoolSize")
	}
}

// poolDisk checks the size of disks.
func (r *resolver) poolDisk(in *v1alpha1.NodePool, at *field.Path) {
	if n := disk(in.DiskSize); n < leastDisk || n > mostDisk {
		r.Add(field.Invalid(at.Child("diskSize"), in.DiskSize.String(), fmt.Sprintf("must be from %dGi, which images and the system need, to %dGi: change it", leastDisk, mostDisk)))
	}
}

var gkeZone = regexp.MustCompile(`^[a-z]+-[a-z]+\d+-[a-z]$`)

// zones checks that a cloud has zones of such names, where the cluster is.
func (r *resolver) zones(zones []string, at *field.Path) {
	for i, z := range zones {
		p := at.Index(i)
		if slices.Contains(zones[:i], z) {
			r.Add(field.Duplicate(p, z))
		}
		switch c := r.in.Cluster.Cloud; {
		case c.EKS != nil && !slices.Contains(slices.Collect(maps.Values(c.EKS.SubnetZones)), z):
			r.Add(field.Invalid(p, z, "is the zone of no subnet in spec.cloud.eks.subnetZones of "+r.clusterName()+": add it there, or use another zone"))
		case c.GKE != nil && (!gkeZone.MatchString(z) || !strings.HasPrefix(z, c.GKE.Location)):
			r.Add(field.Invalid(p, z, fmt.Sprintf("must be a zone in %s, where %s is", c.GKE.Location, r.clusterName())))
		case c.AKS != nil && !slices.Contains([]string{"1", "2", "3"}, z):
			r.Add(field.Invalid(p, z, "must be 1, 2 or 3: AKS numbers the zones of a region"))
		}
	}
}

// oneZone checks that all nodes are in one zone.
func (r *resolver) oneZone(n *cloud.Nodes, at *field.Path, why string) {
	zones := n.Zones
	switch c := r.in.Cluster.Cloud; {
	case c.EKS != nil && len(zones) == 0:
		for _, s := range c.EKS.SubnetIDs {
			if z := c.EKS.SubnetZones[s]; !slices.Contains(zones, z) {
				zones = append(zones, z)
			}
		}
		if slices.Contains(zones, "") && len(c.EKS.SubnetIDs) > 1 {
			zones = nil
		}
	case c.GKE != nil && gkeZone.MatchString(c.GKE.Location):
		return
	case c.AKS != nil && len(zones) == 0:
		// Without zones, AKS places a pool regionally, in one scale set.
		return
	}
	if len(zones) != 1 {
		r.Add(field.Invalid(at.Child("zones"), strings.Join(n.Zones, ", "), why+": name exactly one"))
	}
}

// poolLabels checks the labels of nodes.
func (r *resolver) poolLabels(in *v1alpha1.NodePool, at *field.Path) {
	at = at.Child("labels")
	r.labels(in.Labels, at)
	for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
		if domain, _, ok := strings.Cut(k, "/"); ok && kubernetesDomain(domain) {
			r.Add(field.Forbidden(at.Key(k), "is Kubernetes' or the cloud's own, which does not let others set it: use another key"))
		}
	}
}

func kubernetesDomain(d string) bool {
	for _, s := range []string{"kubernetes.io", "k8s.io", "kubernetes.azure.com", "cloud.google.com", "eks.amazonaws.com", "nvidia.com"} {
		if d == s || strings.HasSuffix(d, "."+s) {
			return true
		}
	}
	return false
}

// poolTaints checks the taints of nodes.
func (r *resolver) poolTaints(in *v1alpha1.NodePool, at *field.Path) {
	seen := map[string]bool{}
	for i, t := range in.Taints {
		p := at.Child("taints").Index(i)
		for _, msg := range validation.IsQualifiedName(t.Key) {
			r.Add(field.Invalid(p.Child("key"), t.Key, msg))
		}
		for _, msg := range validation.IsValidLabelValue(t.Value) {
			r.Add(field.Invalid(p.Child("value"), t.Value, msg))
		}
		switch t.Effect {
		case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		default:
			r.Add(field.NotSupported(p.Child("effect"), t.Effect, []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}))
		}
		if t.Key == gpuResource {
			r.Add(field.Forbidden(p.Child("key"), "every GPU node has this taint: remove it"))
		}
		if id := t.Key + ":" + string(t.Effect); seen[id] {
			r.Add(field.Duplicate(p, id))
		} else {
			seen[id] = true
		}
	}
}

// warn of a field.
func (r *resolver) warn(at *field.Path, what string) {
	r.warnings = append(r.warnings, at.String()+": "+what)
}
