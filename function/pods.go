package function

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

const (
	// grace is how long a graph and a workload may be on their way before their pods are looked at. Crossplane watches what
	// is looked at, and a pod changes some four times within its first second: those of twenty pods would open the circuit
	// breaker, and each change of one has everything applied again.
	grace = 5 * time.Second

	// maxPodBytes bounds what the pods add to a request, which may have 4 MiB.
	maxPodBytes = 2 << 20

	// statusBytes is about what status and managed fields add to a pod's template.
	statusBytes = 16 << 10

	// maxPods are so many that they are only glanced at: for a moment, every so often, so that few of their changes are events.
	maxPods = 10
	glance  = 3 * time.Second
	between = 30 * time.Second
)

// A suspect is a component that is not ready though its workload has the latest change.
type suspect struct {
	*graph.Component

	part *part

	// pods that it has, and what they add to a request, in bytes.
	pods, size int64
}

// failures says what keeps the pods of components from becoming ready, by component key. Workloads count pods, and only
// pods know why they are not ready. They are required of Crossplane only while their component is not ready, so that at
// rest nothing is read or watched.
func (f *Function) failures(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph, running map[string]*part, absent *absence) map[string]ready.Failure {
	if absent.schemas {
		// Both would not fit a request.
		return nil
	}
	suspects := suspects(g, running)
	if len(suspects) == 0 || g.Cluster.Access.Source == v1alpha1.AccessRemote {
		// Crossplane reads nothing of another cluster but what an Object reports.
		return nil
	}
	if wait := f.untilGraceEnds(xr); wait > 0 {
		shorten(rsp, wait)
		return nil
	}
	var due []suspect
	for _, c := range suspects {
		if wait := f.graceOf(c.part.item.observed); wait > 0 {
			shorten(rsp, wait)
		} else {
			due = append(due, c)
		}
	}
	out := map[string]ready.Failure{}
	now, said := f.lookedAt(rsp, xr, g, due), known(xr)
	for _, c := range due {
		fail := said[c.Name]
		if slices.Contains(now, c) {
			fail = podFailure(req, rsp, g, c.Component)
		}
		if fail.Reason != "" {
			out[c.Key] = fail
		}
	}
	return out
}

// podFailure is what keeps the pods of a component from becoming ready. They are required for it.
func podFailure(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph, c *graph.Component) ready.Failure {
	fail := ready.Pods(wire.RequireLabelled(req, rsp, podsOf(c), "v1", "Pod", g.Namespace, map[string]string{
		v1alpha1.LabelGraph: g.Name, v1alpha1.LabelComponent: c.Key,
	}))
	if fail.Reason == v1alpha1.ReasonUnschedulable && c.NodePool != "" {
		// What its pods ask of nodes follows from the pool, whose nodes are still to come.
		fail.Reason = v1alpha1.ReasonInsufficientCapacity
	}
	return fail
}

// lookedAt returns the suspects whose pods are looked at now. Those that fit no request together take turns.
func (f *Function) lookedAt(rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph, due []suspect) []suspect {
	pods, turns, room := int64(0), [][]suspect{nil}, int64(maxPodBytes)
	for _, c := range due {
		if room -= c.size; room < 0 {
			turns, room = append(turns, nil), maxPodBytes-c.size
		}
		turns[len(turns)-1] = append(turns[len(turns)-1], c)
		pods += c.pods
	}
	_, since := ready.Transition(xr, v1alpha1.ConditionComponentsReady)
	passed := max(0, f.now().Sub(since)-grace)
	now := turns[int(passed/between)%len(turns)]
	if pods <= maxPods && !g.Many() {
		return now
	}
	if passed %= between; passed >= glance {
		shorten(rsp, between-passed)
		return nil
	}
	shorten(rsp, glance-passed)
	return now
}

// known is what was said to keep the pods of components from becoming ready, by the name of the component. It holds until they
// are looked at again.
func known(xr *structpb.Struct) map[string]ready.Failure {
	out := map[string]ready.Failure{}
	for _, v := range wire.Get(xr, "status", "components").GetListValue().GetValues() {
		c := v.GetStructValue()
		out[wire.String(c, "name")] = ready.Failure{Reason: wire.String(c, "reason"), Message: wire.String(c, "message")}
	}
	return out
}

// podsOf is what the pods of a component are required as.
func podsOf(c *graph.Component) string { return "pods:" + c.Key }

// suspects in the order of the graph. Those whose pods alone would not fit a request are left out: their workload's counts are
// all that is said.
func suspects(g *graph.Graph, running map[string]*part) []suspect {
	var out []suspect
	for n := range g.Components {
		c := &g.Components[n]
		p := running[c.Key]
		if p.item == nil || p.item.observed == nil || p.verdict.Ready || !p.applied() {
			continue
		}
		pods := max(wire.Int(p.counted, "spec", "replicas"), ready.Replicas(p.counted).Replicas, 1)
		if c.Group != nil {
			pods *= int64(c.Group.Nodes)
		}
		if size := pods * (2*int64(p.size()) + statusBytes); size <= maxPodBytes {
			out = append(out, suspect{Component: c, part: p, pods: pods, size: size})
		}
	}
	return out
}

// size of what pods of a part are made from.
func (p *part) size() int {
	if p.Rolled == nil {
		return proto.Size(p.item.desired)
	}
	n := 0
	for _, m := range p.Pods(p.item.desired) {
		n += proto.Size(m)
	}
	return n
}

// untilGraceEnds is how long a graph may still be on its way. What was found to fail is looked at on.
func (f *Function) untilGraceEnds(xr *structpb.Struct) time.Duration {
	reason, since := ready.Transition(xr, v1alpha1.ConditionComponentsReady)
	switch {
	case reason != "" && reason != v1alpha1.ReasonProgressing && reason != v1alpha1.ReasonRolledOut:
		return 0
	case reason != v1alpha1.ReasonProgressing:
		return grace
	}
	return f.graceSince(since)
}

// graceOf is how long a workload may still be on its way after its creation.
func (f *Function) graceOf(workload *structpb.Struct) time.Duration {
	created, err := time.Parse(time.RFC3339, wire.String(workload, "metadata", "creationTimestamp"))
	if err != nil {
		return 0
	}
	return f.graceSince(created)
}

// graceSince is what is left of the grace of what began at a time.
func (f *Function) graceSince(begun time.Time) time.Duration {
	return min(grace, grace-f.now().Sub(begun))
}

// shorten lets Crossplane come back after a time at the latest.
func shorten(rsp *fnv1.RunFunctionResponse, after time.Duration) {
	// A moment later, so that the time has passed by then. Whole seconds, so that answers differ less.
	after = after.Truncate(time.Second) + time.Second
	if after < rsp.GetMeta().GetTtl().AsDuration() {
		rsp.Meta.Ttl = durationpb.New(after)
	}
}

// conclude writes the condition of all components. Who reads it alone learns which wait, and what of them does not pass by
// waiting. Of many components it does not name all that wait: a change of a condition is two updates of the graph, and at times
// dozens, which open the circuit breaker: https://github.com/crossplane/crossplane/issues/7062
func conclude(rsp *fnv1.RunFunctionResponse, g *graph.Graph, waiting []string, failures map[string]ready.Failure) {
	if len(waiting) == 0 {
		response.ConditionTrue(rsp, v1alpha1.ConditionComponentsReady, v1alpha1.ReasonRolledOut).TargetComposite()
		return
	}
	first := ready.Failure{Reason: v1alpha1.ReasonProgressing}
	parts := []string{"Waiting for components: " + strings.Join(waiting, ", ")}
	if g.Many() {
		parts[0] = fmt.Sprintf("Waiting for some of %d components", len(g.Components))
	}
	for i := range g.Components {
		f, ok := failures[g.Components[i].Key]
		if !ok {
			continue
		}
		parts = append(parts, g.Components[i].Name+": "+f.Message)
		if first.Reason == v1alpha1.ReasonProgressing || f.Before(first) {
			first = f
		}
	}
	response.ConditionFalse(rsp, v1alpha1.ConditionComponentsReady, first.Reason).WithMessage(strings.Join(parts, "; ")).TargetComposite()
}
