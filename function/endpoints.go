package function

import (
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

// endpoints are the etcd and NATS systems of a graph, and whether it can use them.
func endpoints(g *graph.Graph, verdicts map[string]ready.Verdict) []v1alpha1.EndpointStatus {
	var out []v1alpha1.EndpointStatus
	for _, s := range []struct {
		technology string
		backing    *graph.Backing
	}{{graph.Etcd, g.Etcd}, {graph.NATS, g.NATS}} {
		if s.backing == nil {
			continue
		}
		e := v1alpha1.EndpointStatus{
			Name: s.technology, Kind: etcdv1alpha1.EndpointKind, Object: s.backing.Endpoint, Message: s.backing.Waits,
		}
		for _, name := range compose.SystemResources(s.backing, s.technology) {
			if e.Message == "" {
				e.Message = verdicts[name].Message
			}
		}
		e.Ready = e.Message == ""
		out = append(out, e)
	}
	return out
}

// endpointsReady sets the condition on endpoints, where a graph has any or had. It reports whether all can be used.
func endpointsReady(rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, all []v1alpha1.EndpointStatus) bool {
	if len(all) == 0 {
		if ready.Condition(xr, v1alpha1.ConditionEndpointsReady) != "" {
			response.ConditionTrue(rsp, v1alpha1.ConditionEndpointsReady, v1alpha1.ReasonEndpointsUnused).TargetComposite()
		}
		return true
	}
	var waiting []string
	for _, e := range all {
		if !e.Ready {
			waiting = append(waiting, e.Name+": "+e.Message)
		}
	}
	if len(waiting) == 0 {
		response.ConditionTrue(rsp, v1alpha1.ConditionEndpointsReady, v1alpha1.ReasonEndpointsAvailable).TargetComposite()
		return true
	}
	response.ConditionFalse(rsp, v1alpha1.ConditionEndpointsReady, v1alpha1.ReasonEndpointsWaiting).
		WithMessage(strings.Join(waiting, "; ")).TargetComposite()
	return false
}
