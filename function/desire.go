package function

import (
	"crypto/sha256"
	"encoding/hex"

	"google.golang.org/protobuf/proto"
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

// encode turns resources into items, in the same order.
func (f *Function) encode(req *fnv1.RunFunctionRequest, resources []compose.Resource) ([]*item, error) {
	out := make([]*item, 0, len(resources))
	for _, r := range resources {
		s, err := f.encoder.Struct(r.Object)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot encode %s", r.Name)
		}
		out = append(out, &item{Resource: r, desired: s, observed: req.GetObserved().GetResources()[r.Name].GetResource()})
	}
	return out, nil
}

// judge an item, whose desired object must be complete but for what is handed over. A workload is ready when what is
// observed of it is what is desired, and rolled out.
func (i *item) judge() error {
	if i.judged {
		return nil
	}
	i.judged = true
	i.verdict = i.Ready(i.observed)
	if i.Component != "" {
		rev, err := stamp(i.desired)
		if err != nil {
			return errors.Wrapf(err, "cannot stamp %s", i.Name)
		}
		if i.observed != nil && wire.String(i.observed, "metadata", "annotations", v1alpha1.AnnotationRevision) != rev {
			i.verdict = ready.Verdict{Message: "Waiting for the latest change to be applied"}
		}
	}
	if i.HandOver != nil && i.observed != nil {
		i.HandOver(i.desired, i.observed)
	}
	return nil
}

// desire adds items to the desired state whose turn has come, and returns the verdict on each by its name.
func (f *Function) desire(rsp *fnv1.RunFunctionResponse, items []*item) (map[string]ready.Verdict, error) {
	now, held := items, []*item(nil)
	if !f.finished {
		var err error
		if now, held, err = stage(items); err != nil {
			return nil, err
		}
	}
	verdicts := make(map[string]ready.Verdict, len(items))
	for _, i := range now {
		if err := i.judge(); err != nil {
			return nil, err
		}
		verdicts[i.Name] = i.verdict
		wire.Desire(rsp, i.Name, i.desired, i.verdict.Ready)
	}
	for _, i := range held {
		verdicts[i.Name] = i.verdict
	}
	return verdicts, nil
}

// stamp annotates a workload with a digest of itself, and returns the digest. What is observed is always older than what
// is desired: while an observed workload carries another digest, its replicas say nothing of the change that is about to
// be applied.
func stamp(s *structpb.Struct) (string, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	if err != nil {
		return "", errors.Wrap(err, "cannot marshal")
	}
	sum := sha256.Sum256(b)
	rev := hex.EncodeToString(sum[:8])
	annotate(s, v1alpha1.AnnotationRevision, rev, "metadata")
	return rev, nil
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
