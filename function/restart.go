package function

import (
	"slices"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/wire"
)

// restart sets the restart annotation on the pods of every workload, and says how far the restart has come. All it knows
// is which annotation each workload was last observed with, and whether it is ready, so that it goes on from wherever it
// was interrupted.
//
// A workload keeps the annotation it has until its turn comes, and when no restart is asked for any more: a template that
// does not change does not roll. One that does not exist yet starts with the annotation, and never rolls for it.
func restart(want *graph.Restart, items []*item) *v1alpha1.RestartStatus {
	var inProgress []string
	for _, p := range inOrder(want, items) {
		id := p.mark(v1alpha1.AnnotationRestart)
		turn := want != nil && (want.Parallel || len(inProgress) == 0 || p.item.observed == nil)
		if turn {
			id = want.ID
		}
		p.setMark(v1alpha1.AnnotationRestart, id)
		p.judge()
		if want != nil && id == want.ID && !p.verdict.Ready {
			inProgress = append(inProgress, p.Component)
		}
	}
	if want == nil {
		return nil
	}
	status := &v1alpha1.RestartStatus{ObservedID: want.ID, Phase: v1alpha1.RestartCompleted, InProgress: inProgress}
	if len(inProgress) > 0 {
		status.Phase = v1alpha1.RestartRestarting
	}
	return status
}

// inOrder are the workloads, in the order of the restart.
func inOrder(want *graph.Restart, items []*item) []*part {
	out := parts(items)
	if want != nil {
		slices.SortStableFunc(out, func(a, b *part) int {
			return slices.Index(want.Order, a.Component) - slices.Index(want.Order, b.Component)
		})
	}
	return out
}

// mark is the annotation that the pods of a workload were last observed with, or "".
func (p *part) mark(key string) string {
	for _, m := range p.Pods(p.item.observed) {
		return wire.String(m, "annotations", key)
	}
	return ""
}

// setMark annotates the pods of a workload, unless the value is empty.
func (p *part) setMark(key, value string) {
	if value == "" {
		return
	}
	for _, m := range p.Pods(p.item.desired) {
		annotate(m, key, value)
	}
}

// settled keeps a restart completed that was: what fails later fails for another reason.
func settled(now *v1alpha1.RestartStatus, xr *structpb.Struct) *v1alpha1.RestartStatus {
	if now == nil {
		return nil
	}
	before := wire.Get(xr, "status", "restart").GetStructValue()
	if wire.String(before, "observedID") == now.ObservedID && wire.String(before, "phase") == v1alpha1.RestartCompleted {
		return &v1alpha1.RestartStatus{ObservedID: now.ObservedID, Phase: v1alpha1.RestartCompleted}
	}
	return now
}
