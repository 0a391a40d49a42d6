package function

import (
	"cmp"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
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

// scaleUps are what the cluster's autoscaler does about its groups of nodes. A pool that exists and gets no node, as one of
// no nodes for its first pod, is reported by nobody else: its provider has nothing left to do. The autoscaler writes every
// ten seconds, so it is listened to only while components wait.
func (f *Function) scaleUps(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, to *remote.Target) (map[string]cloud.ScaleUp, error) {
	if wait := f.untilGraceEnds(xr); wait > 0 {
		if ready.Condition(xr, v1alpha1.ConditionComponentsReady) == "False" {
			shorten(rsp, wait)
		}
		return map[string]cloud.ScaleUp{}, nil
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
	return cloud.ScaleUps(wire.String(status, "data", cloud.AutoscalerKey)), nil
}

// failureOf is what the cloud says is wrong with nodes, empty for nothing, and whether they have been asked for again since.
func failureOf(o *structpb.Struct, provider cloud.Provider, xr *structpb.Struct, pool string, ups map[string]cloud.ScaleUp) (failure string, again bool) {
	id := wire.String(o, "metadata", "annotations", meta.AnnotationKeyExternalName)
	said := saidOf(o, poolStatusOf(xr, pool))
	why := ready.Failed(o)
	if why == "" {
		why, again = cloud.ScaleUpOf(provider, id, compose.ScalingGroups(o), ups).Why(said)
	}
	status := wire.String(o, "status", "atProvider", "status")
	if provider != cloud.EKS || status != "CREATE_FAILED" && status != "DEGRADED" {
		return why, again
	}
	// The provider says why EKS has no machines for a node group only until it looks at it again.
	if f, _ := cloud.Classify(provider, said); why == "" && f != cloud.FailureOther {
		why = said
	}
	if status == "DEGRADED" {
		return why, again
	}
	advice := "; EKS does not try again: when this is mended, delete node group " + id + " there, and it is created again"
	return strings.TrimSuffix(cmp.Or(why, cloud.NodeGroupCreateFailed+": EKS has given the node group up, and its provider no longer says why"), advice) + advice, false
}

// saidOf is what the status of a pool says of nodes, empty when it speaks of others.
func saidOf(o, status *structpb.Struct) string {
	if wire.String(status, "object") != wire.String(o, "metadata", "name") {
		return ""
	}
	return wire.String(status, "message")
}
