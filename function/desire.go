package function

import (
	"slices"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// An item is a resource on its way into the desired state.
type item struct {
	compose.Resource

	desired, observed *structpb.Struct

	verdict ready.Verdict
	judged  bool

	parts []*part
}

// A part is a component that an item runs.
type part struct {
	compose.Workload

	// item is nil while it is held.
	item *item

	// counted is what is observed of what counts the component's replicas.
	counted *structpb.Struct

	verdict ready.Verdict
	judged  bool
}

// count finds what is observed of what counts the replicas of each component, by the component's key.
func count(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph) map[string]*structpb.Struct {
	if g.Orchestrator == v1alpha1.OrchestratorGrove {
		return cliques(req, rsp, g)
	}
	out := make(map[string]*structpb.Struct, len(g.Components))
	for i := range g.Components {
		c := &g.Components[i]
		out[c.Key] = req.GetObserved().GetResources()[compose.WorkloadResource(c)].GetResource()
	}
	return out
}

// observe turns resources into items, in the same order, with what is observed of each.
func observe(req *fnv1.RunFunctionRequest, resources []compose.Resource, counted map[string]*structpb.Struct) []*item {
	out := make([]*item, 0, len(resources))
	for _, r := range resources {
		i := &item{Resource: r, observed: req.GetObserved().GetResources()[r.Name].GetResource()}
		for _, w := range r.Workloads {
			i.parts = append(i.parts, &part{Workload: w, item: i, counted: counted[w.Component]})
		}
		out = append(out, i)
	}
	return out
}

// parts of all items.
func parts(items []*item) []*part {
	var out []*part
	for _, i := range items {
		out = append(out, i.parts...)
	}
	return out
}

// workloads are the parts of all resources by the keys of their components, once items are judged. Those that are held
// wait for what holds them.
func workloads(resources []compose.Resource, items []*item, held map[string]ready.Verdict) map[string]*part {
	out := map[string]*part{}
	for _, r := range resources {
		for _, w := range r.Workloads {
			out[w.Component] = &part{Workload: w, verdict: held[r.Name]}
		}
	}
	for _, p := range parts(items) {
		out[p.Component] = p
	}
	return out
}

// encode what is desired of items.
func (f *Function) encode(items []*item) error {
	for _, i := range items {
		s, err := f.encoder.Struct(i.Object)
		if err != nil {
			return errors.Wrapf(err, "cannot encode %s", i.Name)
		}
		i.desired = s
	}
	return nil
}

// judge an item, whose desired object must be complete but for what is handed over.
func (i *item) judge() {
	if i.judged {
		return
	}
	i.judged = true
	if len(i.parts) == 0 {
		i.verdict = i.Ready(i.observed)
	}
	for n, p := range i.parts {
		p.judge()
		if n == 0 || i.verdict.Ready {
			i.verdict = p.verdict
		}
	}
	if i.HandOver != nil && i.observed != nil {
		i.HandOver(i.desired, i.observed)
	}
}

// judge a part. A workload is ready when what is observed of it is what is desired, and rolled out. What is observed is
// always older than what is desired: while an observed workload carries another digest, its replicas say nothing of the
// change that is about to be applied.
func (p *part) judge() {
	if p.judged {
		return
	}
	p.judged = true
	if p.Rolled != nil {
		p.verdict = p.Rolled(p.item.observed, p.counted)
	} else {
		p.verdict = p.item.Ready(p.item.observed)
	}
	p.stamp()
	if p.item.observed != nil && !p.applied() {
		p.verdict = ready.Verdict{Message: "Waiting for the latest change to be applied"}
	}
}

// stamp annotates what is desired of a part with a digest of it: the object, or where that runs others too, the pods.
func (p *part) stamp() {
	if p.Rolled == nil {
		annotate(wire.Get(p.item.desired, "metadata").GetStructValue(), v1alpha1.AnnotationRevision, wire.Digest(p.item.desired))
		return
	}
	for _, m := range p.Pods(p.item.desired) {
		annotate(m, v1alpha1.AnnotationRevision, wire.Digest(&structpb.Struct{Fields: map[string]*structpb.Value{
			"labels": m.GetFields()["labels"], "annotations": m.GetFields()["annotations"], "podSpec": wire.Get(m, "spec", "podSpec"),
		}}))
	}
}

// applied reports whether what is observed of a part has the digest of what is desired.
func (p *part) applied() bool {
	return slices.Equal(p.revisions(p.item.observed), p.revisions(p.item.desired))
}

func (p *part) revisions(object *structpb.Struct) []string {
	if p.Rolled == nil {
		return []string{wire.String(object, "metadata", "annotations", v1alpha1.AnnotationRevision)}
	}
	var out []string
	for _, m := range p.Pods(object) {
		out = append(out, wire.String(m, "annotations", v1alpha1.AnnotationRevision))
	}
	return out
}

// desire adds items to the desired state, and returns the verdict on each by its name.
func desire(rsp *fnv1.RunFunctionResponse, items []*item) map[string]ready.Verdict {
	verdicts := make(map[string]ready.Verdict, len(items))
	for _, i := range items {
		i.judge()
		verdicts[i.Name] = i.verdict
		wire.Desire(rsp, i.Name, i.desired, i.verdict.Ready)
	}
	return verdicts
}

// annotate sets an annotation in the metadata of an object.
func annotate(metadata *structpb.Struct, key, value string) {
	a := wire.Get(metadata, "annotations").GetStructValue()
	if a == nil {
		a = &structpb.Struct{}
		metadata.Fields["annotations"] = structpb.NewStructValue(a)
	}
	if a.Fields == nil {
		a.Fields = map[string]*structpb.Value{}
	}
	a.Fields[key] = structpb.NewStringValue(value)
}
