package ready

import "google.golang.org/protobuf/types/known/structpb"

// Job waits until a Job is complete.
func Job(o *structpb.Struct) Verdict {
	switch {
	case o == nil:
		return wait("Waiting to be created")
	case Condition(o, "Complete") == "True":
		return Verdict{Ready: true}
	case Condition(o, "Failed") == "True":
		return wait("It failed: " + ConditionMessage(o, "Failed"))
	}
	return wait("Waiting for it to complete")
}
