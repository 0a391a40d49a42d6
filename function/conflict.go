package function

import (
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// conflicts refuses to take over objects that are not ours. Names are built from those of users, so that a graph a-b with
// a component c and a graph a with a component b-c want the same Deployment, and server-side apply would take a Service
// that nobody controls without a question. Only objects that are about to appear are looked up, so that nothing is required
// at rest, and so that what is held is not watched when it appears.
func conflicts(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, items []*item, to *remote.Target) error {
	for _, r := range items {
		if r.observed != nil {
			continue
		}
		gvk, namespace, name, err := to.Address(r.Resource)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		found := wire.Require(req, rsp, conflict(r.Name), gvk.GroupVersion().String(), gvk.Kind, namespace, name)
		if found.Object == nil {
			continue
		}
		if why := foreign(found.Object, xr); why != "" {
			return &refusal{
				reason: v1alpha1.ReasonNameConflict,
				error:  fmt.Errorf("%s %q %s", gvk.Kind, name, why), //nolint:err113 // A message for users, nobody matches it.
			}
		}
	}
	return nil
}

// conflict is what an object that may be somebody else's is required as.
func conflict(resource string) string {
	return "conflict:" + resource
}

// foreign says why an existing object cannot be one that the composite resource composes, or returns "".
func foreign(o, xr *structpb.Struct) string {
	if wire.String(o, "metadata", "deletionTimestamp") != "" {
		return "of the same name is still being deleted: it is created again once it is gone"
	}
	for _, r := range wire.Get(o, "metadata", "ownerReferences").GetListValue().GetValues() {
		owner := r.GetStructValue()
		if !wire.Get(owner, "controller").GetBoolValue() {
			continue
		}
		if wire.String(owner, "uid") == wire.String(xr, "metadata", "uid") {
			return ""
		}
		return fmt.Sprintf("exists and belongs to %s %q: rename this %s or a component of it", wire.String(owner, "kind"), wire.String(owner, "name"), wire.String(xr, "kind"))
	}
	labels := wire.Get(o, "metadata", "labels").GetStructValue()
	if wire.String(labels, v1alpha1.LabelRetain) == "true" && wire.String(labels, v1alpha1.LabelGraph) == wire.String(xr, "metadata", "name") {
		return ""
	}
	return fmt.Sprintf("exists and was not created by this %s: rename one of them, or delete it", wire.String(xr, "kind"))
}
