package graph

import (
	"cmp"
	"math"
	"slices"

	"github.com/graphplane/graphplane/function/cloud"
)

// Replicas are which number of replicas of a component is counted.
type Replicas string

// Numbers of replicas: those that are declared, or the least or the most of a component that is scaled.
const (
	Least Replicas = "least"
	Most  Replicas = "most"
)

// Pods of a component.
func (c *Component) Pods(count Replicas) int32 {
	n := int32(1)
	switch {
	case c.Replicas != nil:
		n = *c.Replicas
	case c.Scaling != nil && count == Most:
		n = max(c.Scaling.Max, 1)
	case c.Scaling != nil && (c.Scaling.Max > 0 || c.Scaling.Min > 0):
		n = c.Scaling.Min
	}
	if c.Group != nil {
		n *= c.Group.Nodes
	}
	return n
}

// AllGPUs are the GPUs of all pods of a component.
func (c *Component) AllGPUs(count Replicas) int64 { return int64(c.Pods(count)) * c.NodeGPUs() }

// NodesFor is how many nodes the pods of a pool's components need, the largest placed first. It is at least size.min, and
// that too where the machine is not known.
func (p *Pool) NodesFor(g *Graph, count Replicas) int32 {
	rung := p.Current()
	devices := rung.Devices()
	if devices == 0 {
		return rung.Min
	}
	var on []*Component
	for i := range g.Components {
		if g.Components[i].NodePool == p.Name {
			on = append(on, &g.Components[i])
		}
	}
	slices.SortStableFunc(on, func(a, b *Component) int { return cmp.Compare(b.NodeGPUs(), a.NodeGPUs()) })
	rack := make(rack, devices+1)
	for _, c := range on {
		rack.place(min(c.NodeGPUs(), int64(devices)), int64(c.Pods(count)))
	}
	return max(rack.nodes(), rung.Min)
}

// A rack counts nodes by how many GPUs are free on each.
type rack []int64

// place pods of a number of GPUs: on the fullest nodes that have room, and then on new ones.
func (k rack) place(gpus, pods int64) {
	most := int64(len(k) - 1)
	for free := gpus; free <= most && pods > 0; free++ {
		pods = k.fill(free, gpus, pods, k[free])
	}
	if pods == 0 {
		return
	}
	k[most] += nodesOf(pods, most, gpus)
	k.fill(most, gpus, pods, k[most])
}

// fill nodes of a number of free GPUs, and return how many pods are left.
func (k rack) fill(free, gpus, pods, nodes int64) int64 {
	if nodes == 0 || pods == 0 || gpus == 0 {
		if nodes > 0 && gpus == 0 {
			return 0
		}
		return pods
	}
	per := free / gpus
	full := min(nodes, pods/per)
	k[free] -= full
	k[free-per*gpus] += full
	pods -= full * per
	if rest := pods; full < nodes && rest > 0 {
		k[free]--
		k[free-rest*gpus]++
		pods = 0
	}
	return pods
}

// nodesOf is how many nodes some pods need.
func nodesOf(pods, devices, gpus int64) int64 {
	if gpus == 0 {
		return 1
	}
	per := devices / gpus
	return (pods + per - 1) / per
}

func (k rack) nodes() int32 {
	sum := int64(0)
	for _, n := range k {
		sum += n
	}
	return int32(min(sum, math.MaxInt32))
}

// Hourly is what the nodes of a pool cost that its components need, zero where the price is not known.
func (p *Pool) Hourly(g *Graph, count Replicas) cloud.Dollars {
	return cloud.Dollars(p.NodesFor(g, count)) * p.Current().Hourly()
}

// Hourly is what the nodes cost that a number of replicas needs.
func (g *Graph) Hourly(count Replicas) cloud.Dollars {
	var sum cloud.Dollars
	for i := range g.Pools {
		sum += g.Pools[i].Hourly(g, count)
	}
	return sum
}

// MaxHourly is what all pools cost at their largest, each on its dearest rung.
func (g *Graph) MaxHourly() cloud.Dollars {
	var sum cloud.Dollars
	for i := range g.Pools {
		dearest := cloud.Dollars(0)
		for n := range g.Pools[i].Rungs {
			rung := &g.Pools[i].Rungs[n]
			dearest = max(dearest, cloud.Dollars(rung.Max)*rung.Hourly())
		}
		sum += dearest
	}
	return sum
}

// MaxGPUs are the GPUs of all pools at their largest, and those of components without a pool at their most replicas.
func (g *Graph) MaxGPUs() int64 {
	var sum int64
	for i := range g.Pools {
		most := int64(0)
		for n := range g.Pools[i].Rungs {
			rung := &g.Pools[i].Rungs[n]
			most = max(most, int64(rung.Max)*int64(rung.Machine.GPUs))
		}
		sum += most
	}
	for i := range g.Components {
		if c := &g.Components[i]; c.NodePool == "" {
			sum += c.AllGPUs(Most)
		}
	}
	return sum
}

// Share is what the GPUs of a component cost at its declared replicas: its part of each node's price.
func (g *Graph) Share(c *Component) cloud.Dollars {
	p := g.Pool(c)
	if p == nil || p.Current().Devices() == 0 {
		return 0
	}
	return cloud.Dollars(c.AllGPUs(Least) * int64(p.Current().Hourly()) / int64(p.Current().Devices()))
}
