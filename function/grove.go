package function

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/wire"
)

// cliques are what Grove has made of a graph, by the key of the component, and tells the graph their replicas. A
// PodCliqueSet counts no pods, so what it makes is required of Crossplane once there is one: all cliques by one label, and
// all scaling groups by another.
func cliques(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph) map[string]*structpb.Struct {
	if req.GetObserved().GetResources()[compose.CliqueSetResource] == nil {
		return nil
	}
	made := map[string]*structpb.Struct{}
	for _, k := range []struct {
		as, kind, component string
		groups              bool
	}{
		{"cliques", grove.KindClique, grove.ComponentClique, false},
		{"scalinggroups", grove.KindScalingGroup, grove.ComponentScalingGroup, true},
	} {
		if !slices.ContainsFunc(g.Components, func(c graph.Component) bool { return (c.Group != nil) == k.groups }) {
			continue
		}
		for _, o := range wire.RequireLabelled(req, rsp, k.as, grove.APIVersion, k.kind, g.Namespace, map[string]string{
			grove.LabelSet: g.Name, grove.LabelComponent: k.component,
		}) {
			made[k.kind+"/"+wire.String(o, "metadata", "name")] = o
		}
	}
	out := map[string]*structpb.Struct{}
	for i := range g.Components {
		c := &g.Components[i]
		kind := grove.KindClique
		if c.Group != nil {
			kind = grove.KindScalingGroup
		}
		if o := made[kind+"/"+c.Clique]; o != nil {
			out[c.Key] = o
			c.Cliques = new(int32(wire.Int(o, "spec", "replicas"))) //nolint:gosec // The API server's counts are 32 bits.
		}
	}
	return out
}

// fixed refuses what Grove's webhook would, of a graph that runs: everything of a PodCliqueSet but pods, which it replaces.
// https://github.com/ai-dynamo/grove/blob/main/operator/internal/webhook/admission/pcs/validation/podcliqueset.go
func fixed(items []*item) error {
	for _, i := range items {
		set, ok := i.Object.(*grove.PodCliqueSet)
		if !ok || i.observed == nil {
			continue
		}
		before := grove.Spec{}
		if err := wire.Decode(i.observed, "spec", &before); err != nil {
			return errors.Wrap(err, "cannot read the PodCliqueSet")
		}
		if errs := changes(&before.Template, &set.Spec.Template); len(errs) > 0 {
			return &refusal{reason: v1alpha1.ReasonInvalidSpec, error: errs.ToAggregate()}
		}
	}
	return nil
}

// changes of what cannot change.
func changes(before, after *grove.Template) field.ErrorList {
	const mend = ": set it back, or create another graph"
	spec := field.NewPath("spec")
	if was, is := cliqueNames(before), cliqueNames(after); !slices.Equal(was, is) {
		return field.ErrorList{field.Forbidden(spec.Child("components"), "Grove cannot add, remove or rename components of a graph that runs, whose cliques are "+strings.Join(was, ", ")+mend)}
	}
	var out field.ErrorList
	cliques := map[string]grove.CliqueSpec{}
	for _, c := range before.Cliques {
		cliques[c.Name] = c.Spec
	}
	scheduled := false
	for _, c := range after.Cliques {
		was := cliques[c.Name]
		if was.MinAvailable != c.Spec.MinAvailable {
			out = append(out, field.Forbidden(spec.Child("components"), "Grove cannot change the nodeCount of a component that runs, as of clique "+c.Name+mend))
		}
		scheduled = scheduled || was.PodSpec.SchedulerName != c.Spec.PodSpec.SchedulerName
	}
	if scheduled {
		out = append(out, field.Forbidden(spec.Child("gang", "scheduler"), "Grove cannot change the scheduler of a graph that runs"+mend))
	}
	if !slices.EqualFunc(before.ScalingGroups, after.ScalingGroups, samePlaces) {
		out = append(out, field.Forbidden(spec.Child("gang", "topology"), "Grove cannot change into which domain it packs a graph that runs"+mend))
	}
	return out
}

func samePlaces(a, b grove.ScalingGroup) bool {
	if a.TopologyConstraint == nil || b.TopologyConstraint == nil {
		return a.TopologyConstraint == b.TopologyConstraint
	}
	return *a.TopologyConstraint == *b.TopologyConstraint
}

// cliqueNames are the names of all cliques of a template, sorted.
func cliqueNames(t *grove.Template) []string {
	out := make([]string, 0, len(t.Cliques))
	for _, c := range t.Cliques {
		out = append(out, c.Name)
	}
	slices.Sort(out)
	return out
}
