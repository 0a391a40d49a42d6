package compose

import (
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/wire"
)

// ComposedManager begins the name of the field manager by which Crossplane applies what it composes:
// https://github.com/crossplane/crossplane/blob/v2.4.0/internal/controller/apiextensions/composite/composition_functions.go
const ComposedManager = "apiextensions.crossplane.io/composed"

// scaled makes a workload hand its number of replicas over, if somebody else scales the component.
//
// A field that its only owner no longer applies is removed, and the API server sets the replicas of a workload without
// them to 1. So when scaling is added to a component that runs, the replicas it has are applied on until somebody else
// owns the field too. From then on they stay without us:
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
//
// A change of the autoscaler that comes between what is observed and what is applied is undone once, and made again by
// the autoscaler's next look.
func scaled(c *graph.Component, r Resource) Resource {
	if c.Scaling == nil || c.Scaling.Planner {
		return r
	}
	wakes := c.Scaling.Wakes()
	r.HandOver = func(desired, observed *structpb.Struct) {
		replicas := wire.Get(observed, "spec", "replicas")
		if replicas == nil || !solelyOurs(observed, "f:spec", "f:replicas") {
			return
		}
		if replicas.GetNumberValue() == 0 && wakes {
			// Such an autoscaler takes 0 for switched off. The API server's 1 is where it can begin.
			return
		}
		wire.Get(desired, "spec").GetStructValue().GetFields()["replicas"] = replicas
	}
	return r
}

// solelyOurs reports whether we own a field of an observed object, and nobody else does.
func solelyOurs(observed *structpb.Struct, path ...string) bool {
	ours := false
	for _, v := range wire.Get(observed, "metadata", "managedFields").GetListValue().GetValues() {
		e := v.GetStructValue()
		if wire.Get(e, append([]string{"fieldsV1"}, path...)...) == nil {
			continue
		}
		if wire.String(e, "operation") != "Apply" || !strings.HasPrefix(wire.String(e, "manager"), ComposedManager) {
			return false
		}
		ours = true
	}
	return ours
}
