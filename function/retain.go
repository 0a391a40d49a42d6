package function

import (
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// keepRetained keeps claims that a user took out of the spec but wanted retained: what is no longer desired is deleted,
// and the weights with it. They leave the graph when it is deleted.
func keepRetained(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) error {
	for name, r := range req.GetObserved().GetResources() {
		if _, desired := rsp.GetDesired().GetResources()[name]; desired || !strings.HasPrefix(name, "claim.") {
			continue
		}
		o := r.GetResource()
		if wire.String(o, "metadata", "labels", v1alpha1.LabelRetain) != "true" {
			continue
		}
		claim, err := retained(o)
		if err != nil {
			return errors.Wrapf(err, "cannot keep %s", name)
		}
		wire.Desire(rsp, name, claim, true)
	}
	return nil
}

// retained is what we own of an observed claim.
func retained(o *structpb.Struct) (*structpb.Struct, error) {
	labels := map[string]any{}
	for k, v := range wire.Get(o, "metadata", "labels").GetStructValue().GetFields() {
		if k != "crossplane.io/composite" {
			labels[k] = v.GetStringValue()
		}
	}
	var owners []any
	for _, v := range wire.Get(o, "metadata", "ownerReferences").GetListValue().GetValues() {
		if !wire.Get(v.GetStructValue(), "controller").GetBoolValue() {
			owners = append(owners, v.AsInterface())
		}
	}
	meta := map[string]any{
		"name":            wire.String(o, "metadata", "name"),
		"namespace":       wire.String(o, "metadata", "namespace"),
		"labels":          labels,
		"ownerReferences": owners,
	}
	spec := map[string]any{}
	for _, k := range []string{"accessModes", "resources", "storageClassName"} {
		if v := wire.Get(o, "spec", k); v != nil {
			spec[k] = v.AsInterface()
		}
	}
	return structpb.NewStruct(map[string]any{
		"apiVersion": wire.String(o, "apiVersion"), "kind": wire.String(o, "kind"), "metadata": meta, "spec": spec,
	})
}
