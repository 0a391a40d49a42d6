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

// desire adds resources to the desired state, and returns the verdict on each by its name.
func (f *Function) desire(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, resources []compose.Resource) (map[string]ready.Verdict, error) {
	verdicts := make(map[string]ready.Verdict, len(resources))
	for _, r := range resources {
		s, err := f.encoder.Struct(r.Object)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot encode %s", r.Name)
		}
		observed := req.GetObserved().GetResources()[r.Name].GetResource()
		v := r.Ready(observed)
		if r.Component != "" {
			rev, err := stamp(s)
			if err != nil {
				return nil, errors.Wrapf(err, "cannot stamp %s", r.Name)
			}
			if observed != nil && wire.String(observed, "metadata", "annotations", v1alpha1.AnnotationRevision) != rev {
				v = ready.Verdict{Message: "Waiting for the latest change to be applied"}
			}
		}
		if r.HandOver != nil && observed != nil {
			r.HandOver(s, observed)
		}
		verdicts[r.Name] = v
		wire.Desire(rsp, r.Name, s, v.Ready)
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
	meta := wire.Get(s, "metadata").GetStructValue()
	annotations := wire.Get(meta, "annotations").GetStructValue()
	if annotations == nil {
		annotations = &structpb.Struct{Fields: map[string]*structpb.Value{}}
		meta.Fields["annotations"] = structpb.NewStructValue(annotations)
	}
	annotations.Fields[v1alpha1.AnnotationRevision] = structpb.NewStringValue(rev)
	return rev, nil
}
