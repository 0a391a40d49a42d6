package function

import (
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
func count(req *fnv1.RunFunctionRequest, g *graph.Graph) map[string]*structpb.Struct {
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
	for _, p := range i.parts {
		p.judge()
		i.verdict = p.verdict
	}
	if i.HandOver != nil && i.observed != nil {
		i.HandOver(i.desired, i.observed)
	}
}

// judge a part. A workload is ready when what is observed of it is what is desired, and rolled out.
func (p *part) judge() {
	if p.judged {
		return
	}
	p.judged = true
	p.verdict = p.item.Ready(p.item.observed)
	rev := stamp(p.item.desired)
	if p.item.observed != nil && revision(p.item.observed) != rev {
		p.verdict = ready.Verdict{Message: "Waiting for the latest change to be applied"}
	}
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

// stamp annotates a workload with a digest of itself, and returns the digest. What is observed is always older than what
// is desired: while an observed workload carries another digest, its replicas say nothing of the change that is about to
// be applied.
func stamp(s *structpb.Struct) string {
	rev := wire.Digest(s)
	annotate(wire.Get(s, "metadata").GetStructValue(), v1alpha1.AnnotationRevision, rev)
	return rev
}

// revision is the digest that a workload was stamped with.
func revision(workload *structpb.Struct) string {
	return wire.String(workload, "metadata", "annotations", v1alpha1.AnnotationRevision)
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
