package ready

import (
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/wire"
)

// Clique waits until a PodClique of a PodCliqueSet has the pods of its template, all of them ready, and as many as it should
// have: replicas, or what its scale says where those are nil. It gets the annotations of the template with its pods. Its
// label is of the pods that it is to have, and its status tells of those that it has.
func Clique(template, made *structpb.Struct, replicas *int32) Verdict {
	if made == nil {
		return wait("Waiting for Grove to make it")
	}
	desired, v := scaleOf(made, replicas)
	n := Replicas(made)
	switch {
	case v.Message != "":
		return v
	case behind(made), wire.String(made, "metadata", "annotations", v1alpha1.AnnotationRevision) != wire.String(template, "annotations", v1alpha1.AnnotationRevision):
		return wait("Waiting for Grove to see the latest change")
	case wire.String(made, "status", "currentPodTemplateHash") != wire.String(made, "metadata", "labels", grove.LabelTemplate), n.Updated < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be updated", max(desired-n.Updated, 1), desired))
	case n.Replicas > desired:
		return wait(fmt.Sprintf("Waiting for %d old replicas to stop", n.Replicas-desired))
	case n.Ready < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be available", desired-n.Ready, desired))
	}
	return Verdict{Ready: true}
}

// ScalingGroup waits until a PodCliqueScalingGroup of a PodCliqueSet is of the set's latest template and available, with as
// many replicas as it should have. Grove counts a set as seen when nothing of it is left to be rolled out.
func ScalingGroup(set, made *structpb.Struct, replicas *int32) Verdict {
	if made == nil {
		return wait("Waiting for Grove to make it")
	}
	desired, v := scaleOf(made, replicas)
	n := Replicas(made)
	switch {
	case v.Message != "":
		return v
	case behind(set), behind(made):
		return wait("Waiting for Grove to see the latest change")
	case wire.String(made, "status", "currentPodCliqueSetGenerationHash") != wire.String(set, "status", "currentGenerationHash"), n.Updated < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be updated", max(desired-n.Updated, 1), desired))
	case n.Replicas > desired:
		return wait(fmt.Sprintf("Waiting for %d old replicas to stop", n.Replicas-desired))
	case n.Available < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be ready on all of their nodes", desired-n.Available, desired))
	}
	return Verdict{Ready: true}
}

// Selectable waits until the scale of what Grove made tells its pods. The autoscaler of KEDA scales nothing that does not.
// Grove does so since https://github.com/ai-dynamo/grove/pull/591.
func Selectable(made *structpb.Struct) Verdict {
	if wire.String(made, "status", "hpaPodSelector") == "" && wire.String(made, "status", "selector") == "" {
		return wait("This version of Grove does not tell KEDA the pods that it scales: update Grove, or scale by metrics")
	}
	return Verdict{Ready: true}
}

// scaleOf is how many replicas what Grove made should have, or what it waits for to be told so.
func scaleOf(made *structpb.Struct, replicas *int32) (int64, Verdict) {
	desired := wire.Int(made, "spec", "replicas")
	if replicas != nil && int64(*replicas) != desired {
		return desired, wait(fmt.Sprintf("Waiting to be scaled from %d to %d replicas", desired, *replicas))
	}
	return desired, Verdict{}
}

// behind reports whether a controller has still to see the latest change of an object.
func behind(o *structpb.Struct) bool {
	return wire.Int(o, "status", "observedGeneration") < max(wire.Int(o, "metadata", "generation"), 1)
}
