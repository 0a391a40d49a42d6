package plan

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/grove"
)

const kindClaim = "PersistentVolumeClaim"

// created says what people notice of a new object.
func (s *survey) created(o opened) string {
	if w, ok := s.workload(o); ok {
		return fmt.Sprintf("starts %s of %s", w.some(replicas(o.inner)), w.component)
	}
	if d := describe(o); d.nodes {
		if p := s.pool(d.NodePool); p != nil {
			n := p.Current()
			return fmt.Sprintf("%s of %s", between(int64(n.Min), int64(n.Max), "node"), n.Machine.Name)
		}
	}
	return ""
}

func (s *survey) pool(name string) *graph.Pool {
	pools := s.result.Graph.Pools
	if i := slices.IndexFunc(pools, func(p graph.Pool) bool { return p.Name == name }); i >= 0 {
		return &pools[i]
	}
	return nil
}

// changed says what changing an object does.
func (s *survey) changed(before, after opened, fields []Change) (Action, []string) {
	if w, ok := s.workload(after); ok {
		return w.changed(before, after, fields)
	}
	if after.inner.GetKind() == grove.KindSet {
		return cliquesChanged(before.there, after.inner)
	}
	if after.inner.GetKind() == kindClaim {
		return ActionChange, words(claimChanged(before.there, after.inner, fields))
	}
	return ActionChange, nil
}

// claimChanged says which changes of a claim cannot be made. A claim is what it was bound as, and may only grow:
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
func claimChanged(before, after *unstructured.Unstructured, fields []Change) string {
	size := func(o *unstructured.Unstructured) resource.Quantity {
		s, _, _ := unstructured.NestedString(o.Object, "spec", "resources", "requests", "storage")
		q, err := resource.ParseQuantity(s)
		if err != nil {
			return resource.Quantity{}
		}
		return q
	}
	b, a := size(before), size(after)
	other := slices.ContainsFunc(fields, func(c Change) bool {
		return strings.HasPrefix(c.Path, "spec.") && !strings.HasPrefix(c.Path, "spec.resources.")
	})
	switch {
	case other:
		return "the API server refuses this, since only the size of a claim can change: use a claim of another name"
	case a.Cmp(b) < 0:
		return "the API server refuses this, since a claim cannot shrink: keep its size, or use a claim of another name"
	case a.Cmp(b) > 0:
		return fmt.Sprintf("grows from %s to %s, where its storage class allows it", b.String(), a.String())
	}
	return ""
}

// stays says why something stays that the spec does not ask for.
func (s *survey) stays(o opened) string {
	if o.inner.GetKind() != kindClaim || s.result.Graph == nil {
		return ""
	}
	if slices.ContainsFunc(s.result.Graph.Claims, func(c graph.Claim) bool { return c.Object == o.inner.GetName() }) {
		return ""
	}
	return "is retained with its data, though the spec has it no more"
}

// removed says what is lost with an object.
func (s *survey) removed(o *unstructured.Unstructured) Object {
	opened := open(o)
	out := describe(opened)
	out.Action, out.Resource = ActionDelete, resourceName(o)
	w, runs := s.workload(opened)
	switch {
	case opened.carrier != nil && outlives(o):
		out.Effects = words("stays in its cluster, where nothing looks after it any more")
	case runs:
		out.Effects = words(fmt.Sprintf("stops %s of %s", w.some(replicas(opened.there)), w.component))
	case out.Kind == kindClaim:
		out.Effects = words("its data is lost, unless the reclaim policy of its volume is Retain")
	case out.nodes:
		out.Effects = words(fmt.Sprintf("deletes the nodes of pool %s after their pods have left", out.NodePool))
	}
	return out
}

// outlives reports whether what an Object carries is left where it is when the Object is deleted.
func outlives(o *unstructured.Unstructured) bool {
	policies, ok, _ := unstructured.NestedStringSlice(o.Object, "spec", "managementPolicies")
	return ok && !slices.Contains(policies, "*") && !slices.Contains(policies, "Delete")
}

// replacing says how nodes are replaced.
func replacing(o *Object) string {
	nodes := strings.Join(append(slices.Clone(o.Effects), "beside the old"), " ")
	return fmt.Sprintf("%s: pods move when these can be used, then %s goes", nodes, strings.Join(o.Replaces, " and "))
}

// between is a range in words.
func between(least, most int64, noun string) string {
	if least == most {
		return count(least, noun)
	}
	return fmt.Sprintf("%d..%s", least, count(most, noun))
}

// clusterName is how the cluster of a graph is called.
func clusterName(name string) string {
	if name == "" {
		return "the built-in defaults"
	}
	return v1alpha1.InferenceClusterKind + " " + name
}
