package ready

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/wire"
)

// HTTPRoute waits until every Gateway that has looked at a route accepts it, and one has.
func HTTPRoute(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	parents := wire.Get(o, "status", "parents").GetListValue().GetValues()
	if len(parents) == 0 {
		return wait("Waiting for the Gateway to look at the route")
	}
	for _, p := range parents {
		for _, c := range wire.Get(p.GetStructValue(), "conditions").GetListValue().GetValues() {
			s := c.GetStructValue()
			if wire.String(s, "type") == "Accepted" && wire.String(s, "status") != "True" {
				return wait(wire.String(s, "message"))
			}
		}
	}
	return Verdict{Ready: true}
}

// InferencePool waits while a Gateway that looks at a pool refuses it, or does not find its endpoint picker. A pool that no
// route leads to has nobody who looks at it.
func InferencePool(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	for _, p := range wire.Get(o, "status", "parents").GetListValue().GetValues() {
		for _, c := range wire.Get(p.GetStructValue(), "conditions").GetListValue().GetValues() {
			s := c.GetStructValue()
			if t := wire.String(s, "type"); (t == "Accepted" || t == "ResolvedRefs") && wire.String(s, "status") == "False" {
				return wait(wire.String(s, "message"))
			}
		}
	}
	return Verdict{Ready: true}
}
