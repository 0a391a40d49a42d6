package ready

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/wire"
)

// Managed waits until a managed resource is Ready, and passes on why it is not, as its provider says it.
func Managed(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	if Condition(o, "Ready") == "True" {
		return Verdict{Ready: true}
	}
	for _, t := range []string{"Ready", "Synced"} {
		if msg := ConditionMessage(o, t); Condition(o, t) != "True" && msg != "" {
			return wait(msg)
		}
	}
	if r := wire.String(findCondition(o, "Ready"), "reason"); r != "" {
		return wait("Waiting for the provider, which says " + r)
	}
	return wait("Waiting for the provider to look at it")
}
