package function

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// guardSeen is what a reconcile of a guarded graph says: the bounds of prefill's autoscaler, the condition, and the status.
type guardSeen struct {
	Min, Max  float64
	Condition string
	Prefill   float64
	Decode    float64
}

// guardedBy renders the graph of the example with prefill scaled in some way, and says what is desired when its
// autoscaler has bounds and both sides have replicas.
func guardedBy(t *testing.T, scaling map[string]any, observed [2]float64, prefill, decode float64) guardSeen {
	t.Helper()
	xr := proto.CloneOf(examples(t)["scaling/guard.yaml"])
	name, minField, maxField := "autoscaler.prefill", "minReplicas", "maxReplicas"
	if scaling != nil {
		component := wire.Get(xr, "spec", "components").GetListValue().GetValues()[1].GetStructValue()
		set(t, component, scaling, "scaling")
		set(t, xr, map[string]any{"name": "platform"}, "spec", "clusterRef")
		name, minField, maxField = "scaledobject.prefill", "minReplicaCount", "maxReplicaCount"
	}
	s := running(t, xr)
	scaleTo(t, s, "deployment.prefill", prefill)
	scaleTo(t, s, "deployment.decode", decode)
	if observed != [2]float64{} {
		set(t, s.observed[name], observed[0], "spec", minField)
		set(t, s.observed[name], observed[1], "spec", maxField)
	}
	_, rsp := s.call(s.request())
	if msg := fatal(rsp); msg != "" {
		t.Fatal(msg)
	}
	o := rsp.GetDesired().GetResources()[name].GetResource()
	status := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "scalingGuard").GetStructValue()
	return guardSeen{
		Min: wire.Get(o, "spec", minField).GetNumberValue(), Max: wire.Get(o, "spec", maxField).GetNumberValue(),
		Condition: conditionOf(rsp, v1alpha1.ConditionScalingLimited),
		Prefill:   wire.Get(status, "prefill").GetNumberValue(), Decode: wire.Get(status, "decode").GetNumberValue(),
	}
}

// scaleTo plays an autoscaler.
func scaleTo(t *testing.T, s *simulation, workload string, n float64) {
	t.Helper()
	set(t, s.observed[workload], n, "spec", "replicas")
	wire.Get(s.observed[workload], "metadata").GetStructValue().Fields["managedFields"] = wire.Get(object(t, ownedByAutoscaler), "metadata", "managedFields")
}

// A guard moves the bounds of prefill with the replicas of decode, here between 1:4 and 1:1.
func TestGuard(t *testing.T) {
	const (
		within = "FALSE/" + v1alpha1.ReasonWithinBounds
		most   = "TRUE/" + v1alpha1.ReasonPrefillAtMaximum
		least  = "TRUE/" + v1alpha1.ReasonPrefillAtMinimum
	)
	keda := map[string]any{"min": 0, "max": 8, "triggers": []any{map[string]any{"type": "cron", "metadata": map[string]any{}}}}
	cases := map[string]struct {
		reason          string
		scaling         map[string]any
		observed        [2]float64
		prefill, decode float64
		want            guardSeen
	}{
		"Free": {
			reason:  "Within the ratio prefill scales as it likes",
			prefill: 2, decode: 4, want: guardSeen{1, 4, within, 2, 4},
		},
		"AtMost": {
			reason:  "Prefill cannot outgrow decode, and the condition says so",
			prefill: 4, decode: 4, want: guardSeen{1, 4, most, 4, 4},
		},
		"AtLeast": {
			reason:  "Decode that has grown takes prefill with it",
			prefill: 1, decode: 12, want: guardSeen{3, 8, least, 1, 12},
		},
		"OwnMax": {
			reason:  "The user's own max is no bound of the guard",
			prefill: 8, decode: 16, want: guardSeen{4, 8, within, 8, 16},
		},
		"OwnMin": {
			reason:  "The user's own min is no bound of the guard",
			prefill: 1, decode: 4, want: guardSeen{1, 4, within, 1, 4},
		},
		"Shrunk": {
			reason:   "Bounds are tightened at once: decode that has shrunk takes prefill with it",
			observed: [2]float64{2, 8}, prefill: 8, decode: 2, want: guardSeen{1, 2, most, 8, 2},
		},
		"EasesLate": {
			reason:   "Decode has grown from 4 to 6 and prefill has no need of more, so nothing is written",
			observed: [2]float64{1, 4}, prefill: 3, decode: 6, want: guardSeen{2, 4, within, 3, 6},
		},
		"EasesWhenNeeded": {
			reason:   "Prefill is at its bound, so it follows decode",
			observed: [2]float64{1, 4}, prefill: 4, decode: 6, want: guardSeen{2, 6, within, 4, 6},
		},
		"EasesTheMin": {
			reason:   "Prefill is at the least of before, so it may go on",
			observed: [2]float64{3, 8}, prefill: 3, decode: 4, want: guardSeen{1, 4, within, 3, 4},
		},
		"KeepsTheMin": {
			reason:   "Decode has shrunk from 12 to 8 and prefill has no need of less, so the least stays",
			observed: [2]float64{3, 8}, prefill: 5, decode: 8, want: guardSeen{3, 8, within, 5, 8},
		},
		"KEDA": {
			reason:  "A ScaledObject is bound in the same way, and is not kept at zero while decode has replicas",
			scaling: keda, prefill: 0, decode: 4, want: guardSeen{1, 4, least, 0, 4},
		},
		"KEDAToZero": {
			reason:  "Without decode there is no prefill, and KEDA's maximum is at least 1",
			scaling: keda, prefill: 0, decode: 0, want: guardSeen{0, 1, within, 0, 0},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := guardedBy(t, tc.scaling, tc.observed, tc.prefill, tc.decode)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// A guard whose bounds are written is at rest: the next call desires the same, whatever decode does that needs no other
// bounds. Before decode is known, the user's own bounds hold.
func TestGuardRest(t *testing.T) {
	s := simulate(t, examples(t)["scaling/guard.yaml"], append(clusters(t), object(t, namespace))...)
	s.apply()
	s.apply()
	delete(s.observed, "deployment.decode")
	rsp := s.apply()
	bounds := func() [2]float64 {
		spec := wire.Get(rsp.GetDesired().GetResources()["autoscaler.prefill"].GetResource(), "spec").GetStructValue()
		return [2]float64{wire.Get(spec, "minReplicas").GetNumberValue(), wire.Get(spec, "maxReplicas").GetNumberValue()}
	}
	if got := bounds(); got != [2]float64{1, 8} {
		t.Errorf("before decode exists prefill has bounds %v, not the user's own", got)
	}
	for range 4 {
		rsp = s.apply()
		s.rollOut()
	}
	writes, last := 0, [2]float64{}
	for _, decode := range []float64{8, 8, 9, 8, 9, 10, 9, 8, 8} {
		scaleTo(t, s, "deployment.prefill", 4)
		scaleTo(t, s, "deployment.decode", decode)
		rsp = s.apply()
		if got := bounds(); got != last {
			writes, last = writes+1, got
		}
	}
	if writes > 2 {
		t.Errorf("bounds were written %d times while decode went up and down by one and prefill needed none of it", writes)
	}
}

// What a planner asks for of prefill is kept within the guard, and what it asks for of decode is not touched.
func TestGuardPlanner(t *testing.T) {
	xr := proto.CloneOf(examples(t)["planner/vllm.yaml"])
	set(t, xr, map[string]any{"prefillToDecode": map[string]any{"min": "1:4", "max": "1:1"}}, "spec", "scalingGuard")
	s := running(t, xr)
	cases := map[string]struct {
		reason                string
		prefill, decode, want float64
		condition             string
	}{
		"Within":   {reason: "What is within is taken", prefill: 3, decode: 4, want: 3, condition: "FALSE/WithinBounds"},
		"TooMany":  {reason: "What is too much is cut", prefill: 9, decode: 4, want: 4, condition: "TRUE/PrefillAtMaximum"},
		"TooFew":   {reason: "What is too little is filled up", prefill: 1, decode: 8, want: 2, condition: "TRUE/PrefillAtMinimum"},
		"NoDecode": {reason: "Without decode there is no prefill", prefill: 3, decode: 0, want: 0, condition: "TRUE/PrefillAtMaximum"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s.t = t
			set(t, s.observed["scalingadapter.prefill"], tc.prefill, "spec", "replicas")
			set(t, s.observed["scalingadapter.decode"], tc.decode, "spec", "replicas")
			if got := replicasOf(s, "deployment.prefill"); got != tc.want {
				t.Errorf("%s: want %v replicas, got %v", tc.reason, tc.want, got)
			}
			if got := replicasOf(s, "deployment.decode"); got != tc.decode {
				t.Errorf("decode has %v replicas, the planner asked for %v", got, tc.decode)
			}
			_, rsp := s.call(s.request())
			if got := conditionOf(rsp, v1alpha1.ConditionScalingLimited); got != tc.condition {
				t.Errorf("%s: want %s, got %s", tc.reason, tc.condition, got)
			}
		})
	}
}

// A guard that is removed gives the user's bounds back, and its condition no longer says that it holds anything.
func TestGuardRemoved(t *testing.T) {
	s := running(t, examples(t)["scaling/guard.yaml"])
	scaleTo(t, s, "deployment.decode", 4)
	s.apply()
	delete(wire.Get(s.xr, "spec").GetStructValue().GetFields(), "scalingGuard")
	set(t, s.xr, []any{map[string]any{"type": v1alpha1.ConditionScalingLimited, "status": "True"}}, "status", "conditions")
	_, rsp := s.call(s.request())
	spec := wire.Get(rsp.GetDesired().GetResources()["autoscaler.prefill"].GetResource(), "spec").GetStructValue()
	if got := wire.Int(spec, "maxReplicas"); got != 8 {
		t.Errorf("prefill is still bound to %d", got)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionScalingLimited); got != "FALSE/"+v1alpha1.ReasonNoGuard {
		t.Errorf("ScalingLimited: %s", got)
	}
}
