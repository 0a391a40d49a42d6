package graph

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// A Restart rolls every component again.
type Restart struct {
	ID       string
	Parallel bool

	// Order are the keys of all components, in the order they roll in.
	Order []string
}

// restart resolves spec.restart.
func (r *resolver) restart() *Restart {
	in, at := r.in.Spec.Restart, r.spec.Child("restart")
	if in == nil {
		return nil
	}
	out := &Restart{ID: in.ID, Parallel: in.Strategy == v1alpha1.RestartParallel}
	if in.ID == "" {
		r.Add(field.Required(at.Child("id"), "a restart needs an ID: set one that the graph was not restarted with before, or remove restart"))
	}
	switch in.Strategy {
	case "", v1alpha1.RestartSequential, v1alpha1.RestartParallel:
	default:
		r.Add(field.NotSupported(at.Child("strategy"), in.Strategy, []string{v1alpha1.RestartSequential, v1alpha1.RestartParallel}))
	}
	for _, c := range r.in.Spec.Components {
		out.Order = append(out.Order, names.Key(c.Name))
	}
	if len(in.Order) == 0 {
		return out
	}
	if out.Parallel {
		r.Add(field.Forbidden(at.Child("order"), "order is for strategy Sequential: remove order or set strategy to Sequential"))
	}
	out.Order = r.order(out.Order, in.Order, at.Child("order"))
	return out
}

// order checks that an order names every component once, and returns their keys.
func (r *resolver) order(components, order []string, at *field.Path) []string {
	out := make([]string, 0, len(order))
	for i, n := range order {
		k := names.Key(n)
		switch {
		case !slices.Contains(components, k):
			r.Add(field.Invalid(at.Index(i), n, "no component has this name: remove it"))
		case slices.Contains(out, k):
			r.Add(field.Duplicate(at.Index(i), n))
		}
		out = append(out, k)
	}
	for i, k := range components {
		if !slices.Contains(out, k) {
			r.Add(field.Required(at, "names all components but "+r.in.Spec.Components[i].Name+": add it"))
		}
	}
	return out
}
