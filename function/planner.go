package function

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/dynamo"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// planned makes what a planner asked for the replicas of the workloads that it scales. A component that runs keeps the
// replicas it has until the planner asks for others.
func planned(g *graph.Graph, items []*item) {
	if g.Planner == nil {
		return
	}
	adapters := byName(items)
	for _, p := range parts(items) {
		w, a := p.item, adapters[compose.AdapterName(p.Component)]
		if a == nil {
			continue
		}
		n := wire.Get(a.observed, "spec", "replicas")
		if n == nil {
			n = wire.Get(w.observed, "spec", "replicas")
			if n != nil && a.observed == nil {
				setSpec(a.desired, n)
			}
		}
		if n == nil {
			n = structpb.NewNumberValue(1)
		}
		setSpec(w.desired, n)
	}
}

func setSpec(o *structpb.Struct, replicas *structpb.Value) {
	wire.Get(o, "spec").GetStructValue().GetFields()["replicas"] = replicas
}

func byName(items []*item) map[string]*item {
	out := make(map[string]*item, len(items))
	for _, i := range items {
		out[i.Name] = i
	}
	return out
}

// mirror tells a planner how far each component is rolled out, once workloads are judged. The planner waits for all
// components but itself before it scales.
func (f *Function) mirror(g *graph.Graph, items []*item, running map[string]*part) error {
	if g.Planner == nil {
		return nil
	}
	surface := byName(items)[compose.SurfaceName]
	if surface == nil {
		// It is held, as all is on another cluster until the graph's namespace is there.
		return nil
	}
	counts := map[string]dynamo.Count{}
	condition := dynamo.Condition{Type: "Ready", Status: "True", Reason: "all_resources_are_ready", Message: "All resources are ready"}
	for i := range g.Components {
		c := &g.Components[i]
		w := running[c.Key]
		n := ready.Replicas(w.counted)
		counts[c.Name] = dynamo.Count{Replicas: n.Replicas, ReadyReplicas: n.Ready, UpdatedReplicas: n.Updated, AvailableReplicas: n.Available}
		if !w.verdict.Ready {
			condition = dynamo.Condition{Type: "Ready", Status: "False", Reason: "some_resources_are_not_ready", Message: "Some resources are not ready"}
		}
		surfaceReplicas(surface.desired, i, c.Name, w.replicas())
	}
	s, err := f.encoder.Struct(dynamo.Status{Conditions: []dynamo.Condition{condition}, Components: counts, Services: counts})
	if err != nil {
		return errors.Wrap(err, "cannot encode the status of what the planner reads")
	}
	surface.desired.Fields["status"] = structpb.NewStructValue(s)
	return nil
}

// surfaceReplicas sets how many replicas a component should have, in both of the forms that planners read.
func surfaceReplicas(o *structpb.Struct, index int, name string, replicas *structpb.Value) {
	if replicas == nil {
		return
	}
	component := wire.Get(o, "spec", "components").GetListValue().GetValues()[index].GetStructValue()
	component.GetFields()["replicas"] = replicas
	wire.Get(o, "spec", "services", name).GetStructValue().GetFields()["replicas"] = replicas
}

// replicas are how many a component should have, nil while nobody has said so. Where another autoscaler owns them, what it
// has set is what there should be.
func (p *part) replicas() *structpb.Value {
	if p.item == nil {
		return nil
	}
	if n := wire.Get(p.item.desired, "spec", "replicas"); n != nil {
		return n
	}
	return wire.Get(p.counted, "spec", "replicas")
}
