package function

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// An item is a resource on its way into the desired state.
type item struct {
	compose.Resource

	desired, observed *structpb.Struct

	verdict ready.Verdict
	judged  bool
}

// observe turns resources into items, in the same order, with what is observed of each.
func observe(req *fnv1.RunFunctionRequest, resources []compose.Resource) []*item {
	out := make([]*item, 0, len(resources))
	for _, r := range resources {
		out = append(out, &item{Resource: r, observed: req.GetObserved().GetResources()[r.Name].GetResource()})
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

// judge an item, whose desired object must be complete but for what is handed over. A workload is ready when what is
// observed of it is what is desired, and rolled out.
func (i *item) judge() {
	if i.judged {
		return
	}
	i.judged = true
	i.verdict = i.Ready(i.observed)
	if i.Component != "" {
		rev := stamp(i.desired)
		if i.observed != nil && wire.String(i.observed, "metadata", "annotations", v1alpha1.AnnotationRevision) != rev {
			i.verdict = ready.Verdict{Message: "Waiting for the latest change to be applied"}
		}
	}
	if i.HandOver != nil && i.observed != nil {
		i.HandOver(i.desired, i.observed)
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
	annotate(s, v1alpha1.AnnotationRevision, rev, "metadata")
	return rev
}

// annotate sets an annotation in the metadata at a path of fields, whose parent exists.
func annotate(s *structpb.Struct, key, value string, path ...string) {
	for _, p := range append(path, "annotations") {
		if s.GetFields()[p].GetStructValue() == nil {
			s.Fields[p] = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{}})
		}
		s = s.GetFields()[p].GetStructValue()
	}
	if s.Fields == nil {
		s.Fields = map[string]*structpb.Value{}
	}
	s.Fields[key] = structpb.NewStringValue(value)
}
