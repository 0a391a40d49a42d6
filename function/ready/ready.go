// Package ready says from an observed object whether it is ready, and what it waits for.
package ready

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/wire"
)

// A Verdict on an observed object. The message says what the object waits for, and is empty when it is ready.
type Verdict struct {
	Ready   bool
	Message string
}

// A Check judges an observed object, which is nil before it exists.
type Check func(observed *structpb.Struct) Verdict

// Exists is the check of objects that are ready once the API server has them.
func Exists(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	return Verdict{Ready: true}
}

// Claim waits until a PersistentVolumeClaim exists. It does not wait until it is bound: a storage class may bind a claim
// only for its first pod, and a component may have none. A pod that cannot start for want of its volume keeps its
// component from being ready.
func Claim(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	if wire.String(o, "status", "phase") == "Lost" {
		return wait("The volume of the claim is lost")
	}
	return Verdict{Ready: true}
}

// Established waits until the API server serves a CustomResourceDefinition.
func Established(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	if Condition(o, "Established") != "True" {
		return wait("Waiting for the API server to serve the kind")
	}
	return Verdict{Ready: true}
}

// Deployment waits until the current generation is rolled out: the controller has seen it, every replica is of it and
// available, and no replica of an older one is left.
func Deployment(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	desired := int64(1)
	if v := wire.Get(o, "spec", "replicas"); v != nil {
		desired = int64(v.GetNumberValue())
	}
	n := Replicas(o)
	switch {
	case wire.Int(o, "status", "observedGeneration") < wire.Int(o, "metadata", "generation"):
		return wait("Waiting for the controller to see the latest change")
	case n.Updated < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be updated", desired-n.Updated, desired))
	case n.Replicas > desired:
		return wait(fmt.Sprintf("Waiting for %d old replicas to stop", n.Replicas-desired))
	case n.Available < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be available", desired-n.Available, desired))
	}
	return Verdict{Ready: true}
}

// LeaderWorkerSet waits until the current generation is rolled out: the controller has seen it, every group is of it and
// ready, and no group of an older one is left.
func LeaderWorkerSet(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	desired := int64(1)
	if v := wire.Get(o, "spec", "replicas"); v != nil {
		desired = int64(v.GetNumberValue())
	}
	n := Replicas(o)
	switch {
	case wire.Int(o, "status", "observedGeneration") < max(wire.Int(o, "metadata", "generation"), 1):
		return wait("Waiting for the controller of LeaderWorkerSet to see the latest change")
	case n.Updated < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be updated", desired-n.Updated, desired))
	case n.Replicas > desired:
		return wait(fmt.Sprintf("Waiting for %d old replicas to stop", n.Replicas-desired))
	case n.Ready < desired:
		return wait(fmt.Sprintf("Waiting for %d of %d replicas to be ready on all of their nodes", desired-n.Ready, desired))
	}
	return Verdict{Ready: true}
}

// Counts of the replicas of a workload.
type Counts struct {
	Replicas, Ready, Updated, Available int64
}

// Replicas reads the counts of a workload's status.
func Replicas(o *structpb.Struct) Counts {
	n := Counts{
		Replicas:  wire.Int(o, "status", "replicas"),
		Ready:     wire.Int(o, "status", "readyReplicas"),
		Updated:   wire.Int(o, "status", "updatedReplicas"),
		Available: wire.Int(o, "status", "availableReplicas"),
	}
	switch wire.String(o, "kind") {
	case lws.Kind, grove.KindClique:
		// They count no available ones beside the ready.
		n.Available = n.Ready
	case grove.KindScalingGroup:
		n.Ready = n.Available
	}
	return n
}

func wait(msg string) Verdict {
	return Verdict{Message: msg}
}

func findCondition(o *structpb.Struct, t string) *structpb.Struct {
	for _, c := range wire.Get(o, "status", "conditions").GetListValue().GetValues() {
		if s := c.GetStructValue(); wire.String(s, "type") == t {
			return s
		}
	}
	return nil
}

// Condition returns the status of a condition, empty if there is none.
func Condition(o *structpb.Struct, t string) string {
	return wire.String(findCondition(o, t), "status")
}

// ConditionMessage returns the message of a condition, empty if there is none.
func ConditionMessage(o *structpb.Struct, t string) string {
	return wire.String(findCondition(o, t), "message")
}

// Transition returns the reason of a condition and when it last changed, nothing if there is none.
func Transition(o *structpb.Struct, t string) (reason string, at time.Time) {
	c := findCondition(o, t)
	at, err := time.Parse(time.RFC3339, wire.String(c, "lastTransitionTime"))
	if err != nil {
		return "", time.Time{}
	}
	return wire.String(c, "reason"), at
}
