package function

import (
	"cmp"
	"math"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// limits are the bounds of an autoscaler, and the fields that they are in.
type limits struct {
	minField, maxField string
	min, max           int64
}

// A guarding is what the guard of a graph did.
type guarding struct {
	status v1alpha1.ScalingGuardStatus

	// reason of the first component that is held, empty for none, and what is to be said of each.
	reason string
	says   []string
}

// guarded keeps prefill in proportion to decode: it moves the bounds of the autoscalers of prefill to what the replicas of
// decode allow, or what a planner asked for into them. It returns nil where there is nothing to guard, and comes after
// planned.
//
// What counts are the replicas that an autoscaler has set, ready or not, so that pods that fail take none of the others
// down. While those of decode are not known, as before they exist, the user's own bounds hold.
func guarded(g *graph.Graph, items []*item) *guarding {
	if g.Guard == nil {
		return nil
	}
	all, running := byName(items), map[string]*part{}
	for _, p := range parts(items) {
		running[p.Component] = p
	}
	decode, known := total(g, running, g.Guard.Decode...)
	if !known {
		return nil
	}
	out := &guarding{}
	prefill := g.Guard.Fixed
	for n, i := range g.Guard.Prefill {
		c := &g.Components[i]
		replicas, exists := total(g, running, i)
		least, most := g.Guard.Bounds(n, decode)
		autoscaler := all[compose.AutoscalerName(c)]
		switch {
		case c.Scaling.Planner && exists:
			replicas = out.clamp(c, running[c.Key].item, least, most, replicas)
		case autoscaler != nil:
			out.bind(c, autoscaler, least, most, replicas)
		}
		prefill += replicas
	}
	out.status.Prefill, out.status.Decode = int32(prefill), int32(decode) //nolint:gosec // The API server's counts are 32 bits.
	return out
}

// clamp what a planner asked for.
func (s *guarding) clamp(c *graph.Component, workload *item, least, most, asked int64) int64 {
	n := min(max(asked, least), most)
	setSpec(workload.desired, structpb.NewNumberValue(float64(n)))
	s.add(c, limits{min: least, max: most}, asked > n, asked < n)
	return n
}

// bind sets the bounds of an autoscaler.
func (s *guarding) bind(c *graph.Component, autoscaler *item, least, most, replicas int64) {
	own := limits{min: int64(c.Scaling.Min), max: int64(c.Scaling.Max)}
	l := limits{minField: "minReplicas", maxField: "maxReplicas"}
	if len(c.Scaling.Metrics) == 0 {
		l.minField, l.maxField = "minReplicaCount", "maxReplicaCount"
	}
	l.min = min(max(least, own.min), own.max)
	l.max = min(max(most, l.min, 1), own.max)
	l.ease(own, autoscaler.observed, replicas)
	spec := wire.Get(autoscaler.desired, "spec").GetStructValue().GetFields()
	spec[l.minField], spec[l.maxField] = structpb.NewNumberValue(float64(l.min)), structpb.NewNumberValue(float64(l.max))
	s.add(c, l, l.max < own.max && replicas >= l.max, l.min > own.min && replicas <= l.min)
}

// add what a component is held within, and whether it is at the most or at the least that the guard allows.
func (s *guarding) add(c *graph.Component, l limits, most, least bool) {
	one := v1alpha1.GuardedComponent{Name: c.Name, Min: int32(l.min)} //nolint:gosec // The API server's counts are 32 bits.
	if l.max < math.MaxInt32 {
		one.Max = int32(l.max) //nolint:gosec // As above.
	}
	s.status.Components = append(s.status.Components, one)
	switch {
	case most:
		s.reason = cmp.Or(s.reason, v1alpha1.ReasonPrefillAtMaximum)
		s.says = append(s.says, c.Name+" has the most replicas that spec.scalingGuard allows beside those of decode")
	case least:
		s.reason = cmp.Or(s.reason, v1alpha1.ReasonPrefillAtMinimum)
		s.says = append(s.says, c.Name+" has the fewest replicas that spec.scalingGuard allows beside those of decode")
	}
}

// ease leaves bounds as they were while nobody is at them, so that decode that grows and shrinks costs no writes: they are
// tightened at once, and loosened when there is need. A bound that is the user's own is never late.
func (l *limits) ease(own limits, observed *structpb.Struct, replicas int64) {
	if observed == nil {
		return
	}
	if was := wire.Int(observed, "spec", l.maxField); l.max < own.max && was < l.max && was >= max(l.min, 1) && replicas < was {
		l.max = was
	}
	if was := wire.Int(observed, "spec", l.minField); l.min > own.min && was > l.min && was <= l.max && replicas > was {
		l.min = was
	}
}

// total is how many replicas some components should have together, and whether that is known of all.
func total(g *graph.Graph, running map[string]*part, components ...int) (n int64, known bool) {
	for _, i := range components {
		p := running[g.Components[i].Key]
		if p == nil {
			return 0, false
		}
		r := p.replicas()
		if r == nil {
			return 0, false
		}
		n += int64(r.GetNumberValue())
	}
	return n, true
}

// conclude sets the condition that tells whether the guard keeps prefill from what it would otherwise be free to do, and
// returns what to say of it in the status.
func (s *guarding) conclude(rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph) *v1alpha1.ScalingGuardStatus {
	switch {
	case s == nil && g.Guard == nil && ready.Condition(xr, v1alpha1.ConditionScalingLimited) != "":
		response.ConditionFalse(rsp, v1alpha1.ConditionScalingLimited, v1alpha1.ReasonNoGuard).TargetComposite()
		return nil
	case s == nil:
		return nil
	case s.reason == "":
		response.ConditionFalse(rsp, v1alpha1.ConditionScalingLimited, v1alpha1.ReasonWithinBounds).TargetComposite()
	default:
		response.ConditionTrue(rsp, v1alpha1.ConditionScalingLimited, s.reason).WithMessage(strings.Join(s.says, "; ")).TargetComposite()
	}
	return &s.status
}
