package function

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/capacity"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

// reportPools sets the condition CapacityReady, lets the response last no longer than a wait, and returns the status of
// every pool.
func reportPools(rsp *fnv1.RunFunctionResponse, g *graph.Graph, decisions map[string]capacity.Decision, seen map[string][]capacity.Seen, verdicts map[string]ready.Verdict, kept map[string][]string) []v1alpha1.NodePoolStatus {
	for _, w := range g.Warnings {
		response.Warning(rsp, errors.New(w)).TargetComposite()
	}
	if len(g.Pools) == 0 {
		return nil
	}
	out := make([]v1alpha1.NodePoolStatus, 0, len(g.Pools))
	for i := range g.Pools {
		p := &g.Pools[i]
		d := decisions[p.Name]
		out = append(out, poolStatus(g, p, d, seen[p.Name], verdicts[compose.PoolResource(p.Name, p.Current().Name)], kept[p.Name]))
		// Nobody tells when a wait is over.
		if d.Again > 0 && d.Again < rsp.GetMeta().GetTtl().AsDuration() {
			rsp.Meta.Ttl = durationpb.New(max(d.Again, time.Second))
		}
	}
	concludePools(rsp, out, seen)
	return out
}

func poolStatus(g *graph.Graph, p *graph.Pool, d capacity.Decision, seen []capacity.Seen, v ready.Verdict, kept []string) v1alpha1.NodePoolStatus {
	r := p.Current()
	out := v1alpha1.NodePoolStatus{
		Name: p.Name, Kind: compose.NodesKind(g), Object: r.Name, Ready: v.Ready, Message: cloud.Sentence(v.Message),
		MachineType: r.Machine.Name, MachineReason: r.Why, Capacity: r.Capacity,
		Rung: int32(d.Rung), RungReason: d.RungReason, RetryID: d.RetryID, //nolint:gosec // There are at most six.
		RungSince: timestamp(d.RungSince), NoCapacitySince: timestamp(d.NoCapacitySince),
		Replaces: kept,
	}
	for i := range seen {
		if seen[i].Name != r.Name {
			continue
		}
		out.Nodes = seen[i].Count
		if seen[i].Failure != cloud.FailureNone {
			out.Ready, out.Message = false, cloud.Sentence(seen[i].Message)
		}
	}
	return out
}

func timestamp(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC()}
}

// concludePools says in one condition what pools wait for. What somebody has to mend comes before what goes on by itself.
func concludePools(rsp *fnv1.RunFunctionResponse, pools []v1alpha1.NodePoolStatus, seen map[string][]capacity.Seen) {
	reason, messages := "", []string(nil)
	for _, p := range pools {
		r := poolReason(p, seen[p.Name])
		if r == "" {
			continue
		}
		if reason == "" || slices.Index(severity(), r) < slices.Index(severity(), reason) {
			reason = r
		}
		messages = append(messages, fmt.Sprintf("Node pool %s: %s", p.Name, cmp.Or(p.Message, "waiting for workloads to leave "+strings.Join(p.Replaces, ", "))))
	}
	if reason == "" {
		response.ConditionTrue(rsp, v1alpha1.ConditionCapacityReady, v1alpha1.ReasonCapacityReady).TargetComposite()
		return
	}
	set := response.ConditionFalse
	if reason == v1alpha1.ReasonReplacing {
		set = response.ConditionTrue
	}
	set(rsp, v1alpha1.ConditionCapacityReady, reason).WithMessage(strings.Join(messages, "; ")).TargetComposite()
}

// severity of reasons, worst first.
func severity() []string {
	return []string{
		v1alpha1.ReasonNotPermitted, v1alpha1.ReasonReservationNotFound, v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonNoAddresses,
		v1alpha1.ReasonNoCapacity, v1alpha1.ReasonCloudError, v1alpha1.ReasonProvisioning, v1alpha1.ReasonReplacing,
	}
}

// poolReason is why a pool is not as it should be, empty for a pool that is.
func poolReason(p v1alpha1.NodePoolStatus, seen []capacity.Seen) string {
	for i := range seen {
		if seen[i].Name == p.Object && seen[i].Failure != cloud.FailureNone {
			return string(seen[i].Failure)
		}
	}
	switch {
	case !p.Ready:
		return v1alpha1.ReasonProvisioning
	case len(p.Replaces) > 0:
		return v1alpha1.ReasonReplacing
	}
	return ""
}

// cost is what the graph's pools cost, nil without pools.
func cost(g *graph.Graph) *v1alpha1.CostStatus {
	if len(g.Pools) == 0 {
		return nil
	}
	out := &v1alpha1.CostStatus{Hourly: g.Hourly(graph.Least).String(), MaxHourly: g.MaxHourly().String(), Currency: "USD"}
	for i := range g.Pools {
		n := g.Pools[i].Current()
		if n.Hourly() == 0 {
			out.Unpriced = append(out.Unpriced, g.Pools[i].Name)
			continue
		}
		if out.AsOf == "" || n.Machine.AsOf < out.AsOf {
			out.AsOf = n.Machine.AsOf
		}
	}
	for i := range g.Components {
		c := &g.Components[i]
		if share := g.Share(c); share > 0 {
			out.PerComponent = append(out.PerComponent, v1alpha1.ComponentCost{Name: c.Name, Hourly: share.String()})
		}
	}
	return out
}
