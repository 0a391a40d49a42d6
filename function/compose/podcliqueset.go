package compose

import (
	"slices"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// CliqueSetResource is the name of the resource that runs all components of a graph with Grove.
const CliqueSetResource = "podcliqueset.graph"

// PodCliqueSet runs all components of a graph with Grove: a clique for each, and for those of several nodes one for the
// leader and one for the workers, in a scaling group. All start at once: a worker waits for its leader by itself, and the
// leader of TensorRT-LLM for its workers, and what Grove would make pods wait with is not as confined as they must be.
func PodCliqueSet(g *graph.Graph, download []Resource) []Resource {
	if g.Orchestrator != v1alpha1.OrchestratorGrove {
		return nil
	}
	set := &grove.PodCliqueSet{
		TypeMeta:   typeMeta(grove.APIVersion, grove.KindSet),
		ObjectMeta: queued(g, objectMeta(g, g.Name)),
		Spec: grove.Spec{Replicas: 1, Template: grove.Template{
			CliqueStartupType:     grove.AnyOrder,
			HeadlessServiceConfig: grove.HeadlessServiceConfig{PublishNotReadyAddresses: true},
			TerminationDelay:      g.Cluster.Defaults.TerminationDelay,
		}},
	}
	set.Labels[names.DynamoGraph] = g.Name
	set.Labels[names.DynamoNamespace] = g.DynamoNamespace
	r := Resource{Name: CliqueSetResource, Object: set, Ready: ready.Exists, HandOver: keepReplicas}
	t := &set.Spec.Template
	for i := range g.Components {
		c := &g.Components[i]
		r = begun(g, c, r, download)
		r.Workloads = append(r.Workloads, clique(c))
		if c.Group == nil {
			one := cliqueTemplate(g, c, c.Key, "", cliqueReplicas(c))
			one.Spec.MinAvailable, one.Spec.ScaleConfig = 1, scaleConfig(c)
			t.Cliques = append(t.Cliques, one)
			continue
		}
		leader := cliqueTemplate(g, c, names.LeaderClique(c.Key), roleLeader, 1)
		workers := cliqueTemplate(g, c, names.WorkerClique(c.Key), roleWorker, c.Group.Nodes-1)
		t.Cliques = append(t.Cliques, leader, workers)
		t.ScalingGroups = append(t.ScalingGroups, grove.ScalingGroup{
			Name: c.Key, CliqueNames: []string{leader.Name, workers.Name},
			Replicas: cliqueReplicas(c), MinAvailable: 1,
			ScaleConfig: scaleConfig(c), TopologyConstraint: topologyConstraint(g),
		})
	}
	slices.SortFunc(t.Cliques, func(a, b grove.CliqueTemplate) int { return graph.CompareCliques(a.Name, b.Name) })
	slices.Sort(r.After)
	r.After = slices.Compact(r.After)
	return []Resource{r}
}

// cliqueTemplate is the pods of a component, or of one role of a group. A group that lacks a pod can do nothing, so all of
// it is its least.
func cliqueTemplate(g *graph.Graph, c *graph.Component, name, role string, replicas int32) grove.CliqueTemplate {
	t := PodTemplate(g, c)
	if c.Group != nil {
		t = groupTemplate(g, c, role)
	}
	return grove.CliqueTemplate{
		Name: name, Labels: t.Labels, Annotations: t.Annotations,
		Spec: grove.CliqueSpec{RoleName: name, PodSpec: t.Spec, Replicas: replicas, MinAvailable: replicas},
	}
}

// cliqueReplicas are those that Grove makes a clique with, when it is new or when its gang is started again.
func cliqueReplicas(c *graph.Component) int32 {
	if c.Scaling != nil {
		return max(c.Scaling.Min, 1)
	}
	return *c.Replicas
}

// scaleConfig scales a clique by its metrics. An autoscaler needs to be told the pods of what it scales, and many versions of
// Grove tell only one that they make.
func scaleConfig(c *graph.Component) *grove.ScaleConfig {
	if c.Scaling == nil || len(c.Scaling.Metrics) == 0 {
		return nil
	}
	return &grove.ScaleConfig{MinReplicas: max(c.Scaling.Min, 1), MaxReplicas: c.Scaling.Max, Metrics: c.Scaling.Metrics}
}

func topologyConstraint(g *graph.Graph) *grove.TopologyConstraint {
	if g.Gang == nil || g.Gang.Topology == nil {
		return nil
	}
	t := g.Gang.Topology
	out := &grove.TopologyConstraint{TopologyName: t.Name}
	if t.Required {
		out.Pack.Required = t.Domain
	} else {
		out.Pack.Preferred = t.Domain
	}
	return out
}

// misses reports whether a clique has other replicas than it should have. Grove makes a clique with the replicas of its
// template, and from then on leaves them to its scale subresource.
func misses(c *graph.Component) bool {
	return c.Scaling == nil && c.Cliques != nil && *c.Cliques != ptr.Deref(c.Replicas, 1)
}

// keepReplicas leaves the replicas of templates as they were first applied. Grove looks at them only for what it makes anew,
// and some versions roll every pod when they change often: https://github.com/ai-dynamo/grove/issues/565
func keepReplicas(desired, observed *structpb.Struct) {
	for _, l := range []struct {
		list string
		spec []string
	}{{"cliques", []string{"spec"}}, {"podCliqueScalingGroups", nil}} {
		before := map[string]*structpb.Value{}
		for _, v := range wire.Get(observed, "spec", "template", l.list).GetListValue().GetValues() {
			before[wire.String(v.GetStructValue(), "name")] = wire.Get(v.GetStructValue(), slices.Concat(l.spec, []string{"replicas"})...)
		}
		for _, v := range wire.Get(desired, "spec", "template", l.list).GetListValue().GetValues() {
			t := v.GetStructValue()
			n := before[wire.String(t, "name")]
			if n == nil {
				continue
			}
			if len(l.spec) > 0 {
				t = wire.Get(t, l.spec...).GetStructValue()
			}
			t.Fields["replicas"] = n
		}
	}
}

// clique is the workload of a component that Grove runs, which what Grove makes of it tells of.
func clique(c *graph.Component) Workload {
	w := Workload{Component: c.Key, Kind: grove.KindClique, Object: c.Clique, Pods: cliquePods(c.Key)}
	rolled := func(set, made *structpb.Struct) ready.Verdict {
		return ready.Clique(slices.Concat(w.Pods(set), []*structpb.Struct{nil})[0], made, c.Replicas)
	}
	if c.Group != nil {
		w.Kind, w.Pods = grove.KindScalingGroup, cliquePods(names.LeaderClique(c.Key), names.WorkerClique(c.Key))
		rolled = func(set, made *structpb.Struct) ready.Verdict { return ready.ScalingGroup(set, made, c.Replicas) }
	}
	w.Rolled = func(set, made *structpb.Struct) ready.Verdict {
		v := ready.Exists(set)
		if v.Ready {
			v = rolled(set, made)
		}
		if v.Ready && c.Scaling != nil && c.Scaling.KEDA() {
			v = ready.Selectable(made)
		}
		return v
	}
	return w
}

// cliquePods finds cliques of a PodCliqueSet by their names. A clique has the metadata of its pods.
func cliquePods(cliques ...string) func(set *structpb.Struct) []*structpb.Struct {
	return func(set *structpb.Struct) []*structpb.Struct {
		var out []*structpb.Struct
		for _, v := range wire.Get(set, "spec", "template", "cliques").GetListValue().GetValues() {
			if s := v.GetStructValue(); slices.Contains(cliques, wire.String(s, "name")) {
				out = append(out, s)
			}
		}
		return out
	}
}
