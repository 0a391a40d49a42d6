package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// Keep desires every observed object as it is, so that a response that was made before all was known takes nothing away.
func Keep(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) {
	for name, r := range req.GetObserved().GetResources() {
		if _, ok := rsp.GetDesired().GetResources()[name]; !ok {
			Desire(rsp, name, Intent(r.GetResource()), false)
		}
	}
}

// Desire adds an object to the desired state.
func Desire(rsp *fnv1.RunFunctionResponse, name string, object *structpb.Struct, ready bool) {
	if rsp.GetDesired() == nil {
		rsp.Desired = &fnv1.State{}
	}
	if rsp.GetDesired().GetResources() == nil {
		rsp.Desired.Resources = map[string]*fnv1.Resource{}
	}
	r := &fnv1.Resource{Resource: object, Ready: fnv1.Ready_READY_FALSE}
	if ready {
		r.Ready = fnv1.Ready_READY_TRUE
	}
	rsp.Desired.Resources[name] = r
}

// Intent is an observed object without what only the API server may write.
func Intent(observed *structpb.Struct) *structpb.Struct {
	o, _ := proto.Clone(observed).(*structpb.Struct)
	delete(o.GetFields(), "status")
	meta := Get(o, "metadata").GetStructValue().GetFields()
	for _, k := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"} {
		delete(meta, k)
	}
	return o
}
