package function

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	protectionv1beta1 "github.com/crossplane/crossplane/apis/v2/protection/v1beta1"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/capacity"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// pools decides what becomes of a graph's node pools, by what is seen of them.
func (f *Function) pools(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph, counted map[string]*structpb.Struct, to *remote.Target) (map[string]capacity.Decision, map[string][]capacity.Seen, error) {
	if len(g.Pools) == 0 {
		return nil, nil, nil
	}
	scaling, err := f.autoscaling(req, rsp, xr, to)
	if err != nil {
		return nil, nil, err
	}
	observed := req.GetObserved().GetResources()
	seen := nodesSeen(observed, xr, scaling)
	out := map[string]capacity.Decision{}
	for i := range g.Pools {
		p := &g.Pools[i]
		was := before(xr, p.Name)
		d := capacity.Decide(p, seen[p.Name], was, use(req, g, p, was.Rung, counted), f.now())
		p.Capacity = graph.Capacity{Rung: d.Rung, Running: d.Running}
		p.Capacity.TemplateVersion = templateVersion(observed, p)
		out[p.Name] = d
	}
	return out, seen, nil
}

// nodesSeen are the nodes of each pool, by name, as their cloud objects tell, and an autoscaler that asks for them.
func nodesSeen(observed map[string]*fnv1.Resource, xr *structpb.Struct, scaling scaling) map[string][]capacity.Seen {
	out := map[string][]capacity.Seen{}
	for _, name := range slices.Sorted(maps.Keys(observed)) {
		o := observed[name].GetResource()
		provider := compose.ProviderOf(wire.String(o, "apiVersion"), wire.String(o, "kind"))
		if provider == "" {
			continue
		}
		pool := wire.String(o, "metadata", "annotations", v1alpha1.AnnotationPool)
		nodes, ok := cloud.Recall(provider, wire.String(o, "metadata", "name"), wire.String(o, "metadata", "annotations", v1alpha1.AnnotationNodes))
		if !ok {
			continue
		}
		rung, _ := strconv.Atoi(wire.String(o, "metadata", "annotations", v1alpha1.AnnotationRung))
		s := capacity.Seen{
			Nodes: nodes, Rung: rung, Ready: ready.Condition(o, "Ready") == "True",
			Leaving: wire.String(o, "metadata", "deletionTimestamp") != "",
			Count:   compose.NodeCount(o),
		}
		s.Message, s.Again = failureOf(o, provider, xr, pool, scaling)
		s.Failure, s.Code = cloud.Classify(provider, s.Message)
		out[pool] = append(out[pool], s)
	}
	return out
}

// before is what the status says of a pool.
func before(xr *structpb.Struct, pool string) capacity.Before {
	s := poolStatusOf(xr, pool)
	if s == nil {
		return capacity.Before{}
	}
	return capacity.Before{
		Known: true, Rung: int(wire.Int(s, "rung")), RungReason: wire.String(s, "rungReason"), RetryID: wire.String(s, "retryID"),
		RungSince: moment(wire.String(s, "rungSince")), NoCapacitySince: moment(wire.String(s, "noCapacitySince")),
	}
}

// poolStatusOf is a pool in the status of a graph, nil for none.
func poolStatusOf(xr *structpb.Struct, pool string) *structpb.Struct {
	for _, v := range wire.Get(xr, "status", "nodePools").GetListValue().GetValues() {
		if s := v.GetStructValue(); wire.String(s, "name") == pool {
			return s
		}
	}
	return nil
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// use is what the components of a pool make of its nodes, while it is on a rung.
func use(req *fnv1.RunFunctionRequest, g *graph.Graph, p *graph.Pool, rung int, counted map[string]*structpb.Struct) capacity.Use {
	nodes := p.Rungs[min(rung, len(p.Rungs)-1)].Name
	out := capacity.Idle
	for i := range g.Components {
		c := &g.Components[i]
		if c.NodePool != p.Name {
			continue
		}
		o, workload := counted[c.Key], req.GetObserved().GetResources()[compose.WorkloadResource(c)].GetResource()
		n := ready.Replicas(o)
		switch {
		// Those that are ready may be of the template before, on other nodes.
		case n.Ready > n.Replicas-n.Updated && selects(workload.GetFields()["spec"], nodes), bound(req.GetRequiredResources()[podsOf(c)].GetItems(), nodes):
			return capacity.Running
		case n.Replicas > 0 || c.Replicas != nil && *c.Replicas > 0 || c.Replicas == nil && (o == nil || wire.Int(o, "spec", "replicas") > 0):
			out = capacity.Waiting
		}
	}
	return out
}

// bound reports whether a pod has got one of some nodes, though it may not be ready for long: a large model takes its time.
func bound(pods []*fnv1.Resource, nodes string) bool {
	return slices.ContainsFunc(pods, func(r *fnv1.Resource) bool {
		o := r.GetResource()
		return wire.String(o, "spec", "nodeName") != "" && wire.String(o, "metadata", "deletionTimestamp") == "" && wire.String(o, "spec", "nodeSelector", v1alpha1.LabelNodePool) == nodes
	})
}

// templateVersion is the newest version of a pool's launch template, or the one that its node group has while that is not
// known.
func templateVersion(observed map[string]*fnv1.Resource, p *graph.Pool) int64 {
	nodes := p.Current().Name
	if v := wire.Int(observed[compose.TemplateResource(p.Name, nodes)].GetResource(), "status", "atProvider", "latestVersion"); v > 0 {
		return v
	}
	group := observed[compose.PoolResource(p.Name, nodes)].GetResource()
	v, _ := strconv.ParseInt(wire.String(group, "spec", "forProvider", "launchTemplate", "version"), 10, 64)
	return v
}

// keepNodes keeps nodes that the graph has no pool of any more, but that workloads may still run on, and what nodes that
// exist are made with. It returns the names of the former by their pool.
func keepNodes(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph, running map[string]*part) map[string][]string {
	observed, kept := req.GetObserved().GetResources(), map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(observed)) {
		o := observed[name].GetResource()
		if _, desired := rsp.GetDesired().GetResources()[name]; desired {
			continue
		}
		switch {
		case compose.ProviderOf(wire.String(o, "apiVersion"), wire.String(o, "kind")) != "":
			pool, nodes := wire.String(o, "metadata", "annotations", v1alpha1.AnnotationPool), wire.String(o, "metadata", "name")
			if left(g, pool, nodes, observed, running) {
				continue
			}
			kept[pool] = append(kept[pool], nodes)
			wire.Desire(rsp, name, owned(o), true)
		case compose.MadeWith(name) != "" && needed(name, observed):
			wire.Desire(rsp, name, owned(o), true)
		}
	}
	return kept
}

// needed reports whether what nodes are made with must stay: while the nodes exist, and a template or group while the
// Usage that protects it does.
func needed(name string, observed map[string]*fnv1.Resource) bool {
	if observed[compose.MadeWith(name)] != nil {
		return true
	}
	return !strings.HasPrefix(name, "usage.") && observed["usage."+name] != nil
}

// left reports whether all workloads have left nodes: none selects them, all that may have are rolled out, and no Usage is
// of them any more.
func left(g *graph.Graph, pool, nodes string, observed map[string]*fnv1.Resource, running map[string]*part) bool {
	for name, r := range observed {
		o := r.GetResource()
		if strings.HasPrefix(name, "usage.nodepool.") && wire.String(o, "spec", "of", "resourceRef", "name") == nodes {
			return false
		}
		if compose.ProviderOf(wire.String(o, "apiVersion"), wire.String(o, "kind")) == "" && selects(o.GetFields()["spec"], nodes) {
			return false
		}
	}
	gone := !slices.ContainsFunc(g.Pools, func(p graph.Pool) bool { return p.Name == pool })
	for i := range g.Components {
		c := &g.Components[i]
		if (gone || c.NodePool == pool) && !running[c.Key].verdict.Ready {
			return false
		}
	}
	return true
}

// selects reports whether a part of a workload has a node selector for nodes, whatever kind the workload is of.
func selects(v *structpb.Value, nodes string) bool {
	for k, f := range v.GetStructValue().GetFields() {
		if k == "nodeSelector" && wire.String(f.GetStructValue(), v1alpha1.LabelNodePool) == nodes {
			return true
		}
		if selects(f, nodes) {
			return true
		}
	}
	return slices.ContainsFunc(v.GetListValue().GetValues(), func(i *structpb.Value) bool { return selects(i, nodes) })
}

// owned is what we own of an observed object: all of its spec, since nothing of it is late initialized, and what we set
// of its metadata.
func owned(o *structpb.Struct) *structpb.Struct {
	meta := &structpb.Struct{Fields: map[string]*structpb.Value{
		"name":        structpb.NewStringValue(wire.String(o, "metadata", "name")),
		"namespace":   structpb.NewStringValue(wire.String(o, "metadata", "namespace")),
		"labels":      structpb.NewStructValue(ours(wire.Get(o, "metadata", "labels").GetStructValue())),
		"annotations": structpb.NewStructValue(ours(wire.Get(o, "metadata", "annotations").GetStructValue())),
	}}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"apiVersion": o.GetFields()["apiVersion"], "kind": o.GetFields()["kind"],
		"metadata": structpb.NewStructValue(meta), "spec": o.GetFields()["spec"],
	}}
}

// ours are the keys that we set of labels or annotations.
func ours(in *structpb.Struct) *structpb.Struct {
	out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for k, v := range in.GetFields() {
		if strings.HasPrefix(k, "graphplane.io/") || strings.HasPrefix(k, "app.kubernetes.io/") || k == "crossplane.io/external-name" {
			out.Fields[k] = v
		}
	}
	return out
}

// users makes the Usages of nodes name workloads as the control plane knows them, which on another cluster are brought
// there by Objects.
func users(to *remote.Target, resources []compose.Resource) []compose.Resource {
	if to == nil {
		return resources
	}
	workloads := map[string]compose.Resource{}
	for _, r := range resources {
		if len(r.Workloads) > 0 {
			workloads[r.Name] = r
		}
	}
	for _, r := range resources {
		u, ok := r.Object.(*protectionv1beta1.Usage)
		if !ok || len(r.After) != 1 {
			continue
		}
		w, ok := workloads[r.After[0]]
		if !ok {
			continue
		}
		if gvk, _, name, err := to.Address(w); err == nil {
			u.Spec.By = &protectionv1beta1.Resource{
				APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, ResourceRef: &protectionv1beta1.ResourceRef{Name: name},
			}
		}
	}
	return resources
}
