package graph

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// A PlannerMode is what a planner scales, by the name its configuration has for it.
type PlannerMode string

// Modes of a planner.
const (
	// PlannerDisaggregated scales one component of type prefill and one of type decode.
	PlannerDisaggregated PlannerMode = "disagg"
	// PlannerPrefill scales one component of type prefill.
	PlannerPrefill PlannerMode = "prefill"
	// PlannerDecode scales one component of type decode.
	PlannerDecode PlannerMode = "decode"
	// PlannerAggregated scales one component of type worker.
	PlannerAggregated PlannerMode = "agg"
)

// A Planner is the component that scales workers.
type Planner struct {
	// Component is the index in the graph's components.
	Component int
	Mode      PlannerMode
}

// planned are the components that a graph's planner scales, by their types.
type planned map[v1alpha1.ComponentType][]int

// planner resolves the planner of a graph, nil for none, and marks the components that it scales.
func (r *resolver) planner(g *Graph) *Planner {
	at, components := r.spec.Child("components"), g.Components
	var out *Planner
	scales := planned{}
	for i := range components {
		c := &components[i]
		switch {
		case c.Type == v1alpha1.TypePlanner && out != nil:
			r.Add(field.Forbidden(at.Index(i).Child("type"), "a graph has one component of type planner, since two would scale against each other: remove this one"))
		case c.Type == v1alpha1.TypePlanner:
			out = &Planner{Component: i}
			r.plannerRules(i)
		case c.Worker():
			scales[c.Type] = append(scales[c.Type], i)
		}
	}
	if out == nil {
		return nil
	}
	out.Mode = r.plannerMode(scales, at.Index(out.Component))
	for i := range components {
		if c := &components[i]; c.Worker() {
			r.external(i, c)
		}
	}
	return out
}

// plannerRules check that a planner can do its work. It finds its graph as a DynamoGraphDeployment, and asks for
// replicas in a DynamoGraphDeploymentScalingAdapter.
func (r *resolver) plannerRules(i int) {
	in, at := &r.in.Spec.Components[i], r.spec.Child("components").Index(i)
	if !r.in.Cluster.Install.Planner {
		r.Add(field.Forbidden(at.Child("type"), fmt.Sprintf("a planner needs the kinds that spec.install.planner of %s brings, which is not true: set it there, or scale with metrics, triggers or slo", r.clusterName())))
	}
	if r.in.Cluster.Access.Source == v1alpha1.AccessRemote {
		r.Unsupported(at.Child("type"), "a planner's wishes are not read from another cluster yet: use a cluster whose access is Local, or scale with metrics, triggers or slo")
	}
	if in.Scaling != nil {
		r.Add(field.Forbidden(at.Child("scaling"), "two planners would scale against each other: remove scaling"))
	}
	if n := ptr.Deref(in.Replicas, 1); n > 1 {
		r.Add(field.Invalid(at.Child("replicas"), n, "two planners would scale against each other: use 1"))
	}
}

// plannerMode is what there is to scale. The planner knows one component of a role, and ends where it finds more.
func (r *resolver) plannerMode(scales planned, at *field.Path) PlannerMode {
	worker, prefill, decode := len(scales[v1alpha1.TypeWorker]), len(scales[v1alpha1.TypePrefill]), len(scales[v1alpha1.TypeDecode])
	switch [3]int{worker, prefill, decode} {
	case [3]int{0, 1, 1}:
		return PlannerDisaggregated
	case [3]int{0, 1, 0}:
		return PlannerPrefill
	case [3]int{0, 0, 1}:
		return PlannerDecode
	case [3]int{1, 0, 0}:
		return PlannerAggregated
	}
	r.Add(field.Forbidden(at.Child("type"), fmt.Sprintf("a planner scales one component of type prefill, one of type decode, or both, or else one of type worker, and this graph has %d, %d and %d: make a graph for each of the others", prefill, decode, worker)))
	return PlannerAggregated
}

// external checks that nobody but the planner scales what the planner scales.
func (r *resolver) external(i int, c *Component) {
	in := &r.in.Spec.Components[i]
	if in.Scaling == nil || !in.Scaling.External {
		r.Add(field.Forbidden(r.spec.Child("components").Index(i).Child("scaling"), "the planner of this graph sets the number of replicas of "+c.Name+": set scaling to {external: true}, and remove replicas"))
		return
	}
	c.Scaling.Planner = true
}
