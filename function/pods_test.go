package function

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// A clock of a test starts here.
func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// onItsWay is a simulation of a graph whose components are applied and not ready, and whose condition says so since start.
func onItsWay(t *testing.T) (*simulation, *fnv1.RunFunctionResponse) {
	t.Helper()
	return begins(t, examples(t)["disaggregated/vllm.yaml"])
}

func begins(t *testing.T, xr *structpb.Struct) (*simulation, *fnv1.RunFunctionResponse) {
	t.Helper()
	s := simulate(t, xr, object(t, local), object(t, namespace))
	s.fn.now = start
	var rsp *fnv1.RunFunctionResponse
	for range 3 {
		rsp = s.apply()
		s.note(rsp, start())
	}
	return s, rsp
}

// note plays Crossplane, which keeps the conditions of a response in the status.
func (s *simulation) note(rsp *fnv1.RunFunctionResponse, at time.Time) {
	s.t.Helper()
	var all []any
	for _, c := range rsp.GetConditions() {
		all = append(all, map[string]any{
			"type": c.GetType(), "reason": c.GetReason(), "lastTransitionTime": at.Format(time.RFC3339),
			"status": map[fnv1.Status]string{fnv1.Status_STATUS_CONDITION_TRUE: "True", fnv1.Status_STATUS_CONDITION_FALSE: "False"}[c.GetStatus()],
		})
	}
	set(s.t, s.xr, all, "status", "conditions")
}

// pod plays the controllers: a pod of a component.
func (s *simulation) pod(component, name, status string) {
	s.exist[key("v1", "Pod", name)] = object(s.t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s, labels: {graphplane.io/graph: %s, graphplane.io/component: %s}}
status: %s
`, name, wire.String(s.xr, "metadata", "namespace"), wire.String(s.xr, "metadata", "name"), component, status))
}

const (
	crashLoops  = `{phase: Running, containerStatuses: [{name: main, ready: false, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}`
	waitsForGPU = `{phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}]}`
)

// pods are the components whose pods are required, in the order of the status.
func pods(rsp *fnv1.RunFunctionResponse) []string {
	var out []string
	for _, v := range wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components").GetListValue().GetValues() {
		c := wire.String(v.GetStructValue(), "name")
		if _, ok := rsp.GetRequirements().GetResources()["pods:"+c]; ok {
			out = append(out, c)
		}
	}
	return out
}

// Pods that start soon are not looked at, and Crossplane comes back when they should have.
func TestPodsHaveAMoment(t *testing.T) {
	s, rsp := onItsWay(t)
	if got := pods(rsp); got != nil {
		t.Errorf("pods of %v are required at once", got)
	}
	if got := rsp.GetMeta().GetTtl().AsDuration(); got > 2*grace {
		t.Errorf("looks again after %s", got)
	}
	s.fn.now = func() time.Time { return start().Add(2 * time.Second) }
	_, rsp = s.call(s.request())
	if got := rsp.GetMeta().GetTtl().AsDuration(); got != 4*time.Second {
		t.Errorf("three seconds before its time, it looks again after %s", got)
	}
}

// A workload that comes late in a graph's life has the same time.
func TestNewWorkloadsHaveAMoment(t *testing.T) {
	s, _ := onItsWay(t)
	s.fn.now = func() time.Time { return start().Add(time.Hour) }
	for n, o := range s.observed {
		if n == "deployment.decode" {
			set(t, o, s.fn.now().Add(-2*time.Second).Format(time.RFC3339), "metadata", "creationTimestamp")
		}
	}
	rsp := s.apply()
	if diff := cmp.Diff([]string{"frontend", "prefill"}, pods(rsp)); diff != "" {
		t.Errorf("-want, +pods required:\n%s", diff)
	}
	if got := rsp.GetMeta().GetTtl().AsDuration(); got != 4*time.Second {
		t.Errorf("three seconds before its time, it looks again after %s", got)
	}
}

// What fails is in the component's status and in the condition, what somebody must mend before what waits for room, and
// stays there when nothing changes.
func TestFailuresAreVisible(t *testing.T) {
	s, _ := onItsWay(t)
	s.fn.now = func() time.Time { return start().Add(grace) }
	s.pod("decode", "decode-1", waitsForGPU)
	s.pod("prefill", "prefill-1", crashLoops)

	rsp := s.apply()
	if diff := cmp.Diff([]string{"frontend", "prefill", "decode"}, pods(rsp)); diff != "" {
		t.Errorf("-components, +pods required:\n%s", diff)
	}
	const (
		crash = "Container main of pod prefill-1 keeps ending, last with exit code 1: see its log"
		room  = "No node has room for pod decode-1: Insufficient nvidia.com/gpu"
	)
	want := map[string]string{"frontend": "Waiting for 1 of 1 replicas to be updated", "prefill": crash, "decode": room}
	if diff := cmp.Diff(want, messages(rsp)); diff != "" {
		t.Errorf("-want, +messages of components:\n%s", diff)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonCrashLooping {
		t.Errorf("condition is %s", got)
	}
	if got, want := messageOf(rsp, v1alpha1.ConditionComponentsReady), "Waiting for components: frontend, prefill, decode; prefill: "+crash+"; decode: "+room; got != want {
		t.Errorf("condition says %q, want %q", got, want)
	}

	// A condition that changes is young again. What was found stays found.
	s.note(rsp, s.fn.now())
	again := s.apply()
	if got := conditionOf(again, v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonCrashLooping {
		t.Errorf("the next time, the condition is %s", got)
	}
	if diff := cmp.Diff(messages(rsp), messages(again)); diff != "" {
		t.Errorf("-first, +second:\n%s", diff)
	}
	if len(again.GetDesired().GetResources()) != len(rsp.GetDesired().GetResources()) {
		t.Error("a failure changes what is desired")
	}

	delete(s.exist, key("v1", "Pod", "decode-1"))
	delete(s.exist, key("v1", "Pod", "prefill-1"))
	s.rollOut()
	rsp = s.apply()
	if got := pods(rsp); got != nil {
		t.Errorf("pods of %v are required of a graph that is ready", got)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("in the end the condition is %s", got)
	}
}

// A component that only waits for room is told apart from one that is wrong.
func TestCapacityIsNoMistake(t *testing.T) {
	s, _ := onItsWay(t)
	s.fn.now = func() time.Time { return start().Add(grace) }
	s.pod("decode", "decode-1", waitsForGPU)
	if got := conditionOf(s.apply(), v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonInsufficientCapacity {
		t.Errorf("condition is %s", got)
	}
}

// Pods of another graph, of another component, and of a workload that has not got the latest change yet say nothing.
func TestOnlyItsOwnPods(t *testing.T) {
	s, _ := onItsWay(t)
	s.fn.now = func() time.Time { return start().Add(grace) }
	s.pod("decode", "decode-1", crashLoops)
	set(t, s.exist[key("v1", "Pod", "decode-1")], "other", "metadata", "labels", "graphplane.io/graph")
	if got := conditionOf(s.apply(), v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonProgressing {
		t.Errorf("with a pod of another graph, the condition is %s", got)
	}

	s.pod("decode", "decode-1", crashLoops)
	set(t, s.xr, []any{map[string]any{"name": "A", "value": "mended"}}, "spec", "env")
	_, rsp := s.call(s.request())
	if got := pods(rsp); got != nil {
		t.Errorf("pods of %v are required right after an edit", got)
	}
}

// The pods of very many replicas would not fit a request, and are not required.
func TestTooManyPods(t *testing.T) {
	s, _ := onItsWay(t)
	s.fn.now = func() time.Time { return start().Add(grace) }
	for n, o := range s.observed {
		if strings.HasPrefix(n, "deployment.prefill") {
			set(t, o, 1000.0, "spec", "replicas")
		}
	}
	if diff := cmp.Diff([]string{"frontend", "decode"}, pods(s.apply())); diff != "" {
		t.Errorf("-want, +pods required:\n%s", diff)
	}
}

// Many pods are glanced at, since each of their changes is an event for Crossplane's circuit breaker. What was found to fail
// stays said until the next glance, which finds what is new and what has passed.
func TestManyPods(t *testing.T) {
	s, _ := begins(t, graphOf(20))
	at := start().Add(grace)
	s.fn.now = func() time.Time { return at }
	// next is the step that Crossplane takes next. It returns the components that are looked at, and the reason that is said.
	next := func() (looked int, reason string) {
		rsp := s.apply()
		s.note(rsp, start())
		ttl := rsp.GetMeta().GetTtl().AsDuration()
		if at = at.Add(ttl); ttl > between && !strings.HasPrefix(conditionOf(rsp, v1alpha1.ConditionComponentsReady), "TRUE") {
			t.Errorf("looks again after %s", ttl)
		}
		return len(pods(rsp)), strings.TrimPrefix(conditionOf(rsp, v1alpha1.ConditionComponentsReady), "FALSE/")
	}
	for i, step := range []struct {
		does   func()
		looked int
		reason string
	}{
		{looked: 20, reason: v1alpha1.ReasonProgressing},
		{looked: 0, reason: v1alpha1.ReasonProgressing},
		{does: func() { s.pod("decode-9", "decode-9-1", crashLoops) }, looked: 20, reason: v1alpha1.ReasonCrashLooping},
		{looked: 0, reason: v1alpha1.ReasonCrashLooping},
		{looked: 20, reason: v1alpha1.ReasonCrashLooping},
		{does: func() { delete(s.exist, key("v1", "Pod", "decode-9-1")) }, looked: 0, reason: v1alpha1.ReasonCrashLooping},
		{looked: 20, reason: v1alpha1.ReasonProgressing},
		{does: s.rollOut, looked: 0, reason: "TRUE/" + v1alpha1.ReasonRolledOut},
	} {
		if step.does != nil {
			step.does()
		}
		if looked, reason := next(); looked != step.looked || reason != step.reason {
			t.Errorf("step %d: the pods of %d components are looked at, the reason is %s; want %d, %s", i, looked, reason, step.looked, step.reason)
		}
	}
}

// A failure is reported though components were a moment ago, since what was reported holds until the next glance.
func TestFailuresDoNotWait(t *testing.T) {
	s, _ := begins(t, graphOf(20))
	at := start().Add(grace + between - time.Second)
	s.fn.now = func() time.Time { return at }
	set(t, s.observed["deployment.decode-1"], 3.0, "status", "updatedReplicas")
	s.note(s.apply(), start())
	at = at.Add(time.Second)
	s.pod("decode-9", "decode-9-1", crashLoops)
	s.note(s.apply(), start())
	at = at.Add(glance)
	rsp := s.apply()
	if got := pods(rsp); got != nil {
		t.Errorf("the pods of %v are looked at", got)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonCrashLooping {
		t.Errorf("after the glance, the condition is %s", got)
	}
}

// Pods that do not fit a request together are looked at one part after the other.
func TestPodsTakeTurns(t *testing.T) {
	s, _ := begins(t, graphOf(25))
	looked := map[string]bool{}
	for _, later := range []time.Duration{0, between} {
		s.fn.now = func() time.Time { return start().Add(grace + later) }
		_, rsp := s.call(s.request())
		for _, c := range pods(rsp) {
			looked[c] = true
		}
		if n := len(looked); n == 0 || n == 25 && len(pods(rsp)) == 25 {
			t.Errorf("the pods of %d components are looked at together", n)
		}
	}
	if len(looked) != 25 {
		t.Errorf("the pods of %d components have been looked at, want 25", len(looked))
	}
}

// While many components wait, what is said of the whole graph stays as one after the other gets ready: each change of a
// condition is two updates, and at times dozens, for Crossplane's circuit breaker.
func TestManyComponentsWait(t *testing.T) {
	s, rsp := begins(t, graphOf(25))
	said := map[string]bool{}
	at := start()
	s.fn.now = func() time.Time { return at }
	for i, c := range wire.Get(s.xr, "spec", "components").GetListValue().GetValues() {
		said[messageOf(rsp, v1alpha1.ConditionComponentsReady)] = true
		if got := rsp.GetDesired().GetComposite().GetReady(); got != fnv1.Ready_READY_FALSE {
			t.Errorf("when %d components are ready, the graph is %s", i, got)
		}
		o := s.observed["deployment."+wire.String(c.GetStructValue(), "name")]
		n := 1.0
		if v := wire.Get(o, "spec", "replicas"); v != nil {
			n = v.GetNumberValue()
		}
		set(t, o, map[string]any{"replicas": n, "readyReplicas": n, "updatedReplicas": n, "availableReplicas": n, "observedGeneration": 1.0}, "status")
		// One that gets ready a second after another is reported later, but the last at once.
		before := wire.Get(s.xr, "status", "components")
		at = at.Add(time.Second)
		if _, rsp = s.call(s.request()); i < 24 && !proto.Equal(before, wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components")) {
			t.Errorf("component %d is reported a second after the one before", i)
		}
		if ttl := rsp.GetMeta().GetTtl().AsDuration(); i < 24 && ttl > reports {
			t.Errorf("component %d is reported after %s", i, ttl)
		}
		if i < 24 {
			at = at.Add(reports)
		}
		rsp = s.apply()
		if got, want := wire.String(rsp.GetDesired().GetComposite().GetResource(), "status", "readyComponents"), fmt.Sprintf("%d/25", i+1); got != want {
			t.Errorf("%s components are ready, want %s", got, want)
		}
	}
	if diff := cmp.Diff([]string{"Waiting for some of 25 components"}, slices.Collect(maps.Keys(said))); diff != "" {
		t.Errorf("-want, +said on the way:\n%s", diff)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("in the end the condition is %s", got)
	}
	if got := rsp.GetDesired().GetComposite().GetReady(); got != fnv1.Ready_READY_UNSPECIFIED {
		t.Errorf("in the end the graph is %s, not what its objects are", got)
	}
}

// messages of the components in a status.
func messages(rsp *fnv1.RunFunctionResponse) map[string]string {
	out := map[string]string{}
	for _, v := range wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components").GetListValue().GetValues() {
		c := v.GetStructValue()
		out[wire.String(c, "name")] = wire.String(c, "message")
	}
	return out
}
