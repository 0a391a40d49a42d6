package function

import (
	"slices"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// leave keeps what a graph had of a system that it is to leave until its workloads have left: pods of the last spec still
// sign in there.
func leave(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, resources []compose.Resource, verdicts map[string]ready.Verdict) {
	left := !slices.ContainsFunc(resources, func(r compose.Resource) bool { return len(r.Workloads) > 0 && !verdicts[r.Name].Ready })
	if left {
		return
	}
	for _, technology := range []string{graph.Etcd, graph.NATS} {
		all := &graph.Backing{Isolate: true}
		for _, name := range compose.SystemResources(all, technology) {
			o := req.GetObserved().GetResources()[name].GetResource()
			if _, desired := rsp.GetDesired().GetResources()[name]; o == nil || desired {
				continue
			}
			wire.Desire(rsp, name, wire.Intent(o), ready.Managed(o).Ready)
		}
	}
}
