package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// fit checks that components and pools fit each other, and that they are within what the cluster's policy allows.
func (r *resolver) fit(g *Graph) {
	for i := range g.Components {
		r.onPool(g, &g.Components[i], r.spec.Child("components").Index(i))
	}
	if r.count() > 0 {
		return
	}
	for i := range g.Pools {
		p := &g.Pools[i]
		at := r.spec.Child("nodePools").Index(i)
		if need := p.NodesFor(g, Least); need > p.Rungs[0].Max {
			r.Add(field.Invalid(at.Child("size", "max"), p.Rungs[0].Max, fmt.Sprintf("its components need %d nodes: raise max, or lower replicas or gpus", need)))
		}
		if !slices.ContainsFunc(g.Components, func(c Component) bool { return c.NodePool == p.Name }) {
			r.warn(at.Child("name"), fmt.Sprintf("no component names node pool %q", p.Name))
		}
	}
	r.fabricZones(g)
	r.budget(g)
}

// onPool checks that a component's pods fit every rung of its pool.
func (r *resolver) onPool(g *Graph, c *Component, at *field.Path) {
	if c.NodePool == "" {
		return
	}
	i := slices.IndexFunc(r.in.Spec.NodePools, func(p v1alpha1.NodePool) bool { return p.Name == c.NodePool })
	if i < 0 {
		r.Add(field.Invalid(at.Child("nodePool"), c.NodePool, "no such name in spec.nodePools: add it there, or correct it. A pool stays as long as a component names it"))
		return
	}
	p := g.Pool(c)
	if p == nil {
		return
	}
	if c.GPUs > 0 && string(c.GPUResource) != gpuResource {
		r.Add(field.Invalid(at.Child("gpuResource"), c.GPUResource, "nodes of a node pool have "+gpuResource+": remove gpuResource, or nodePool"))
	}
	gpus := int32(c.NodeGPUs()) //nolint:gosec // GPUs of one node.
	for n := range p.Rungs {
		rung := &p.Rungs[n]
		if rung.Known && gpus > rung.Devices() {
			r.Add(field.Invalid(at.Child("gpus"), gpus, fmt.Sprintf("a %s of node pool %q has %d: lower gpus, or use another machine%s", rung.Machine.Name, p.Name, rung.Devices(), inFallback(n))))
		}
	}
}

func inFallback(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" in its fallback[%d]", n-1)
}

// fabricZones checks that prefill and decode, which hand KV caches on by a fabric, are in one zone.
func (r *resolver) fabricZones(g *Graph) {
	zone, first := "", ""
	for i := range g.Components {
		c := &g.Components[i]
		p := g.Pool(c)
		if p == nil || !p.Rungs[0].Fabric || (c.Type != v1alpha1.TypePrefill && c.Type != v1alpha1.TypeDecode) {
			continue
		}
		z := strings.Join(p.Rungs[0].Zones, ",")
		if first != "" && z != zone {
			r.Add(field.Invalid(r.spec.Child("components").Index(i).Child("nodePool"), c.NodePool, fmt.Sprintf("is in zone %q, and that of component %s in %q, where no fabric reaches: use one zone", z, first, zone)))
		}
		zone, first = z, cmp.Or(first, c.Name)
	}
}

// budget checks what the graph may cost, and how many GPUs it may have.
func (r *resolver) budget(g *Graph) {
	at, policy := r.spec.Child("nodePools"), r.in.Cluster.Policy
	if most := policy.MaxGPUs; most != nil {
		if have := g.MaxGPUs(); have > int64(*most) {
			where := at
			if len(g.Pools) == 0 {
				where = r.spec.Child("components")
			}
			r.violates(where, fmt.Sprintf("%d GPUs in a graph, which its pools at size.max and its other components come to, of %d", have, *most), "policy.maxGPUs")
		}
	}
	if policy.MaxHourly == nil {
		return
	}
	for i := range g.Pools {
		for n := range g.Pools[i].Rungs {
			if rung := &g.Pools[i].Rungs[n]; rung.Hourly() == 0 {
				r.violates(at.Index(i), fmt.Sprintf("a machine of unknown price, as %s%s, since it limits what a graph costs", rung.Machine.Name, inFallback(n)), "policy.maxHourly")
			}
		}
	}
	if most := cloud.Dollars(policy.MaxHourly.ScaledValue(resource.Micro)); g.MaxHourly() > most {
		r.violates(at, fmt.Sprintf("%s USD an hour, which the pools come to at size.max and by list prices, of %s", g.MaxHourly(), most), "policy.maxHourly")
	}
}
