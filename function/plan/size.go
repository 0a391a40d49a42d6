package plan

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// A Range is how many there are: at the replicas declared or the least of those that are scaled, and at the most of them.
type Range struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// A Component and how large it is.
type Component struct {
	Name string                 `json:"name"`
	Type v1alpha1.ComponentType `json:"type"`
	Pods Range                  `json:"pods"`
	GPUs Range                  `json:"gpus"`

	// NodesPerReplica is over 1 for replicas that span several nodes.
	NodesPerReplica int32  `json:"nodesPerReplica"`
	NodePool        string `json:"nodePool,omitempty"`

	// ScaledBy is what sets the number of replicas, empty for the graph itself.
	ScaledBy string `json:"scaledBy,omitempty"`
}

// A NodePool and what its nodes are.
type NodePool struct {
	Name string `json:"name"`
	Rung

	// Nodes that the pool may have, and Needed for the pods of the graph.
	Nodes  Range `json:"nodes"`
	Needed Range `json:"needed"`

	// Current is which of its choices the pool is on: 0 for the first, and n for its nth fallback.
	Current int `json:"current"`
	// Fallbacks that are left.
	Fallbacks []Rung `json:"fallbacks,omitempty"`
}

// A Rung is what nodes may be.
type Rung struct {
	MachineType string            `json:"machineType"`
	Reason      string            `json:"reason"`
	Capacity    v1alpha1.Capacity `json:"capacity"`
	// Hourly list price of a node, empty where it is not known.
	Hourly string `json:"hourly,omitempty"`
	// Wait is how long the choice before must have no capacity.
	Wait string `json:"wait,omitempty"`
}

// A Cost is what node pools cost.
type Cost struct {
	v1alpha1.CostStatus `json:",inline"`

	// MostHourly is what the nodes cost that the most replicas need.
	MostHourly string `json:"mostHourly"`
}

func components(g *graph.Graph) []Component {
	out := make([]Component, 0, len(g.Components))
	for i := range g.Components {
		c := &g.Components[i]
		one := Component{
			Name: c.Name, Type: c.Type, NodesPerReplica: 1, NodePool: c.NodePool, ScaledBy: scaledBy(c.Scaling),
			Pods: Range{Min: int64(c.Pods(graph.Least)), Max: int64(c.Pods(graph.Most))},
			GPUs: Range{Min: c.AllGPUs(graph.Least), Max: c.AllGPUs(graph.Most)},
		}
		if c.Group != nil {
			one.NodesPerReplica = c.Group.Nodes
		}
		out = append(out, one)
	}
	return out
}

func scaledBy(s *graph.Scaling) string {
	switch {
	case s == nil:
		return ""
	case s.Planner:
		return "the planner"
	case len(s.Metrics) > 0:
		return "a HorizontalPodAutoscaler"
	case len(s.Triggers) > 0 || s.SLO != graph.SLO{}:
		return "KEDA"
	}
	return "others"
}

func nodePools(g *graph.Graph) []NodePool {
	out := make([]NodePool, 0, len(g.Pools))
	for i := range g.Pools {
		p := &g.Pools[i]
		n := p.Current()
		one := NodePool{
			Name: p.Name, Rung: rung(n), Current: p.Capacity.Rung,
			Nodes:  Range{Min: int64(n.Min), Max: int64(n.Max)},
			Needed: Range{Min: int64(p.NodesFor(g, graph.Least)), Max: int64(p.NodesFor(g, graph.Most))},
		}
		one.Wait = ""
		for f := p.Capacity.Rung + 1; f < len(p.Rungs); f++ {
			one.Fallbacks = append(one.Fallbacks, rung(&p.Rungs[f]))
		}
		out = append(out, one)
	}
	return out
}

func rung(r *graph.Rung) Rung {
	out := Rung{MachineType: r.Machine.Name, Reason: r.Why, Capacity: r.Capacity, Wait: r.Wait.String()}
	if h := r.Hourly(); h > 0 {
		out.Hourly = h.String()
	}
	return out
}

// costOf a graph, nil for one without node pools.
func costOf(g *graph.Graph, composite *unstructured.Unstructured) (*Cost, error) {
	status, err := costStatus(composite)
	if status == nil {
		return nil, err
	}
	return &Cost{CostStatus: *status, MostHourly: g.Hourly(graph.Most).String()}, nil
}

// costBefore is the cost that an observed graph reports, nil where the graph was not observed.
func costBefore(composite *unstructured.Unstructured, observed []unstructured.Unstructured) (*v1alpha1.CostStatus, error) {
	o := lookup(observed, composite)
	if o == nil {
		return nil, nil //nolint:nilnil // Nothing is known of it.
	}
	status, err := costStatus(o)
	if status == nil && err == nil {
		status = &v1alpha1.CostStatus{Hourly: "0.00", MaxHourly: "0.00", Currency: "USD"}
	}
	return status, err
}

func costStatus(composite *unstructured.Unstructured) (*v1alpha1.CostStatus, error) {
	cost, ok, err := unstructured.NestedMap(composite.Object, "status", "cost")
	if !ok || err != nil {
		return nil, errors.Wrap(err, "cannot read status.cost")
	}
	out := &v1alpha1.CostStatus{}
	return out, errors.Wrap(runtime.DefaultUnstructuredConverter.FromUnstructured(cost, out), "cannot read status.cost")
}
