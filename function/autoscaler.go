package function

import (
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// autoscaler is what the status of the autoscaler is required as, and the composition resource name of the Object that
// tells of that of another cluster.
const autoscaler = "autoscaler"

// backoffs are the groups of nodes that the cluster's autoscaler gets no nodes for. A pool that exists and gets no node, as
// one of no nodes for its first pod, is reported by nobody else: its provider has nothing left to do. The autoscaler writes
// every ten seconds, so it is listened to only while components wait.
func (f *Function) backoffs(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, to *remote.Target) (map[string]string, error) {
	if wait := f.untilGraceEnds(xr); wait > 0 {
		if ready.Condition(xr, v1alpha1.ConditionComponentsReady) == "False" {
			shorten(rsp, wait)
		}
		return nil, nil
	}
	var status *structpb.Struct
	if to == nil {
		status = wire.Require(req, rsp, autoscaler, "v1", "ConfigMap", cloud.AutoscalerNamespace, cloud.AutoscalerConfigMap).Object
	} else {
		o, err := to.Look("v1", "ConfigMap", cloud.AutoscalerNamespace, cloud.AutoscalerConfigMap)
		if err != nil {
			return nil, err
		}
		wire.Desire(rsp, autoscaler, o, true)
		status = req.GetObserved().GetResources()[autoscaler].GetResource()
	}
	return cloud.Backoffs(wire.String(status, "data", cloud.AutoscalerKey)), nil
}

// failureOf is what the cloud says is wrong with nodes, empty for nothing.
func failureOf(o *structpb.Struct, provider cloud.Provider, xr *structpb.Struct, pool string, backoffs map[string]string) string {
	if msg := ready.Failed(o); msg != "" {
		return msg
	}
	if why := cloud.BackedOff(provider, wire.String(o, "metadata", "annotations", "crossplane.io/external-name"), compose.ScalingGroups(o), backoffs); why != "" {
		return why
	}
	if !ready.GivenUp(o) {
		return ""
	}
	// The provider says why EKS has given a node group up only until it looks at it again.
	said := poolStatusOf(xr, pool)
	if wire.String(said, "object") != wire.String(o, "metadata", "name") {
		return ""
	}
	msg := wire.String(said, "message")
	if f, _ := cloud.Classify(provider, msg); f == cloud.FailureOther {
		return ""
	}
	return msg
}
