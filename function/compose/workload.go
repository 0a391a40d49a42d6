package compose

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// A Workload is how an object runs a component.
type Workload struct {
	// Component is the key of the component.
	Component string

	// Kind and Object are of what counts the component's replicas.
	Kind, Object string

	// Pods finds the metadata of the component's pod templates in the object, by which it is restarted.
	Pods func(object *structpb.Struct) []*structpb.Struct

	// Rolled says from the observed object, and from what it counts the replicas by, whether the component is rolled out. It
	// is nil where the object runs no other, and its own check says it.
	Rolled func(object, counted *structpb.Struct) ready.Verdict
}

// WorkloadResource is the name of the resource that runs a component.
func WorkloadResource(c *graph.Component) string {
	switch {
	case c.Clique != "":
		return CliqueSetResource
	case c.Group != nil:
		return "leaderworkerset." + c.Key
	}
	return "deployment." + c.Key
}

// workload runs a component: a Deployment where a replica runs on one node, a LeaderWorkerSet where it spans several.
func workload(g *graph.Graph, c *graph.Component) Resource {
	if c.Group != nil {
		return LeaderWorkerSet(g, c)
	}
	return Deployment(g, c)
}

// whole is the workload of an object that runs one component, with pod templates at paths.
func whole(c *graph.Component, kind, name string, templates ...[]string) []Workload {
	return []Workload{{
		Component: c.Key, Kind: kind, Object: name,
		Pods: func(object *structpb.Struct) []*structpb.Struct {
			var out []*structpb.Struct
			for _, path := range templates {
				if m := wire.Get(wire.Get(object, path...).GetStructValue(), "metadata").GetStructValue(); m != nil {
					out = append(out, m)
				}
			}
			return out
		},
	}}
}
