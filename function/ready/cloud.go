package ready

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/wire"
)

// Cloud waits until a managed resource of a cloud exists as the cloud has it. What the cloud refused comes first:
// errors of an operation that goes on in the background show in LastAsyncOperation only.
func Cloud(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	if msg := Failed(o); msg != "" {
		return wait(msg)
	}
	switch {
	case wire.String(o, "metadata", "deletionTimestamp") != "":
		return wait("Waiting to be deleted, and then created again")
	case conditionReason(o, "Synced") == "ReconcilePaused":
		return wait("Somebody has paused it with the annotation crossplane.io/paused")
	case Condition(o, "Ready") != "True":
		return wait("Waiting for the cloud to create it")
	}
	return Verdict{Ready: true}
}

// NodeGroup is Cloud, and waits until EKS takes a node group for active.
func NodeGroup(o *structpb.Struct) Verdict {
	v := Cloud(o)
	if !v.Ready {
		return v
	}
	switch s := wire.String(o, "status", "atProvider", "status"); s {
	case "", "ACTIVE", "UPDATING":
		return v
	default:
		return wait("EKS reports the node group as " + s)
	}
}

// LaunchTemplate is Cloud, and waits until its version is known, which a node group names.
func LaunchTemplate(o *structpb.Struct) Verdict {
	v := Cloud(o)
	if v.Ready && wire.Int(o, "status", "atProvider", "latestVersion") == 0 {
		return wait("Waiting for the version of the launch template")
	}
	return v
}

// Failed is what the cloud, or the provider, says is wrong with a managed resource, empty for nothing.
func Failed(o *structpb.Struct) string {
	for _, t := range []string{"LastAsyncOperation", "Synced"} {
		if Condition(o, t) == "False" && conditionReason(o, t) != "ReconcilePaused" {
			return ConditionMessage(o, t)
		}
	}
	return ""
}

func conditionReason(o *structpb.Struct, t string) string {
	return wire.String(findCondition(o, t), "reason")
}
