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

// scaling is what the cluster's autoscaler does about its groups of nodes.
type scaling struct {
	ups map[string]cloud.ScaleUp

	// unheard says that it is not listened to yet, though components wait.
	unheard bool
}

// autoscaling listens to the cluster's autoscaler. A pool that exists and gets no node, as one of no nodes for its first
// pod, is reported by nobody else: its provider has nothing left to do. The autoscaler writes every ten seconds, so it is
// listened to only while components wait.
func (f *Function) autoscaling(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, to *remote.Target) (scaling, error) {
	if wait := f.untilGraceEnds(xr); wait > 0 {
		unheard := ready.Condition(xr, v1alpha1.ConditionComponentsReady) == "False"
		if unheard {
			shorten(rsp, wait)
		}
		return scaling{unheard: unheard}, nil
	}
	var status *structpb.Struct
	if to == nil {
		status = wire.Require(req, rsp, autoscaler, "v1", "ConfigMap", cloud.AutoscalerNamespace, cloud.AutoscalerConfigMap).Object
	} else {
		o, err := to.Look("v1", "ConfigMap", cloud.AutoscalerNamespace, cloud.AutoscalerConfigMap)
		if err != nil {
			return scaling{}, err
		}
		wire.Desire(rsp, autoscaler, o, true)
		status = req.GetObserved().GetResources()[autoscaler].GetResource()
	}
	return scaling{ups: cloud.ScaleUps(wire.String(status, "data", cloud.AutoscalerKey))}, nil
}

// failureOf is what the cloud says is wrong with nodes, empty for nothing, and whether they may have been asked for again
// since: who tries again says nothing, and what was said before holds until there are nodes or the try has failed.
func failureOf(o *structpb.Struct, provider cloud.Provider, xr *structpb.Struct, pool string, s scaling) (why string, again bool) {
	id := wire.String(o, "metadata", "annotations", meta.AnnotationKeyExternalName)
	up := cloud.ScaleUpOf(provider, id, compose.ScalingGroups(o), s.ups)
	why = cmp.Or(ready.Failed(o), up.Failed)
	said := ""
	if why == "" {
		said = remembered(o, provider, poolStatusOf(xr, pool))
	}
	status := wire.String(o, "status", "atProvider", "status")
	switch {
	case provider == cloud.EKS && status == "DEGRADED":
		// The provider says why EKS has no machines for a node group only until it looks at it again.
		return cmp.Or(why, said), false
	case provider == cloud.EKS && status == "CREATE_FAILED":
		advice := "; EKS does not try again: when this is mended, delete node group " + id + " there, and it is created again"
		why = cmp.Or(why, said, cloud.NodeGroupCreateFailed+": EKS has given the node group up, and its provider no longer says why")
		return strings.TrimSuffix(why, advice) + advice, false
	case said != "" && (up.Asked || s.unheard):
		return said, true
	}
	return why, false
}

// remembered is what the status of a pool says is wrong with nodes, empty for nothing that has a meaning.
func remembered(o *structpb.Struct, provider cloud.Provider, said *structpb.Struct) string {
	msg := wire.String(said, "message")
	if f, _ := cloud.Classify(provider, msg); f == cloud.FailureOther || wire.String(said, "object") != wire.String(o, "metadata", "name") {
		return ""
	}
	return msg
}
