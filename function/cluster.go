package function

import (
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/wire"
)

// cluster composes an InferenceCluster. An error is a refusal: nothing changes.
func (f *Function) cluster(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct) error {
	spec := v1alpha1.InferenceClusterSpec{}
	if err := wire.Decode(xr, "spec", &spec); err != nil {
		return err
	}
	labels := map[string]string{"app.kubernetes.io/managed-by": "graphplane"}
	to, err := f.target(spec.Access, wire.String(xr, "metadata", "name"), spec.Access.Namespace, labels)
	if err != nil {
		return err
	}
	req = to.Unwrap(req)
	// What a cluster installs belongs to no namespace of it.
	resources := to.Watch("", compose.Platform(wire.String(xr, "metadata", "name"), spec.Install))
	items, _, err := f.stage(req, resources, nil)
	if err != nil {
		return err
	}
	if err := conflicts(req, rsp, xr, items, to); err != nil {
		return err
	}
	desire(rsp, items)
	if err := to.Wrap(rsp); err != nil {
		return err
	}
	response.ConditionTrue(rsp, v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted).TargetComposite()
	return f.composite(rsp, v1alpha1.InferenceClusterKind, v1alpha1.InferenceClusterStatus{WorkerMetadata: spec.Install.WorkerMetadata, Planner: spec.Install.Planner})
}
