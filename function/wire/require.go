package wire

import (
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// A Required object is one that a function asked Crossplane for.
type Required struct {
	// Resolved says that Crossplane has looked.
	Resolved bool
	// Object is nil when there is no such object.
	Object *structpb.Struct
}

// Require asks for one object by name, and returns it once Crossplane has looked.
func Require(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, as, apiVersion, kind, namespace, name string) Required {
	ask(rsp, as, namespace, &fnv1.ResourceSelector{
		ApiVersion: apiVersion, Kind: kind, Match: &fnv1.ResourceSelector_MatchName{MatchName: name},
	})
	got, ok := req.GetRequiredResources()[as]
	if !ok {
		return Required{}
	}
	for _, i := range got.GetItems() {
		// What was seeded from the last reconcile may be of a name that was required then.
		if String(i.GetResource(), "metadata", "name") == name {
			return Required{Resolved: true, Object: i.GetResource()}
		}
	}
	return Required{Resolved: true}
}

// RequireLabelled asks for every object of a namespace with some labels, and returns those that Crossplane found. While it
// has not looked there are none.
func RequireLabelled(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, as, apiVersion, kind, namespace string, labels map[string]string) []*structpb.Struct {
	ask(rsp, as, namespace, &fnv1.ResourceSelector{
		ApiVersion: apiVersion, Kind: kind, Match: &fnv1.ResourceSelector_MatchLabels{MatchLabels: &fnv1.MatchLabels{Labels: labels}},
	})
	var out []*structpb.Struct
	for _, i := range req.GetRequiredResources()[as].GetItems() {
		out = append(out, i.GetResource())
	}
	return out
}

func ask(rsp *fnv1.RunFunctionResponse, as, namespace string, s *fnv1.ResourceSelector) {
	if namespace != "" {
		s.Namespace = &namespace
	}
	if rsp.GetRequirements() == nil {
		rsp.Requirements = &fnv1.Requirements{}
	}
	if rsp.GetRequirements().GetResources() == nil {
		rsp.Requirements.Resources = map[string]*fnv1.ResourceSelector{}
	}
	rsp.Requirements.Resources[as] = s
}
