package function

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// reports is how far reports of many components are apart, until all are ready.
const reports = 5 * time.Second

// report completes the status of an InferenceGraph, and writes it and its conditions.
func (f *Function) report(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph, running map[string]*part, verdicts map[string]ready.Verdict, absent *absence, status v1alpha1.InferenceGraphStatus) error {
	xr := req.GetObserved().GetComposite().GetResource()
	failures := f.failures(req, rsp, xr, g, running, absent)
	status.ObservedGeneration = wire.Int(xr, "metadata", "generation")
	status.URL = compose.URL(g)
	status.DynamoNamespace = g.DynamoNamespace
	status.Orchestrator = g.Orchestrator
	status.Cost = cost(g)
	status.Endpoints = endpoints(g, verdicts)
	if g.Cluster.Name != "" {
		status.ClusterRef = &v1alpha1.ClusterReference{Name: g.Cluster.Name}
	}
	var waiting []string
	for i := range g.Components {
		c := &g.Components[i]
		p := running[c.Key]
		n := ready.Replicas(p.counted)
		status.Components = append(status.Components, v1alpha1.ComponentStatus{
			Name: c.Name, Kind: p.Kind, Object: p.Object,
			Replicas: int32(n.Replicas), Ready: int32(n.Ready), Updated: int32(n.Updated), Available: int32(n.Available), //nolint:gosec // The API server's counts are 32 bits.
			Reason: failures[c.Key].Reason, Message: cmp.Or(failures[c.Key].Message, p.verdict.Message),
		})
		if !p.verdict.Ready {
			waiting = append(waiting, c.Name)
		}
	}
	status.ReadyComponents = fmt.Sprintf("%d/%d", len(g.Components)-len(waiting), len(g.Components))
	if g.Many() {
		if err := f.pace(rsp, xr, &status, len(waiting) > 0); err != nil {
			return err
		}
	}
	conclude(rsp, g, waiting, failures)
	usable := endpointsReady(rsp, xr, status.Endpoints)
	if err := f.composite(rsp, v1alpha1.InferenceGraphKind, status); err != nil {
		return err
	}
	if !usable || (len(waiting) > 0 && g.Many()) {
		// An Endpoint that is not ours is none of what Crossplane judges a graph by. Of objects that are not ready Crossplane says
		// how many there are, which changes with each of many.
		rsp.Desired.Composite.Ready = fnv1.Ready_READY_FALSE
	}
	absent.conclude(rsp, xr)
	return nil
}

// pace keeps what was reported of components a moment ago, while some wait: each report is an event. A failure is reported at
// once.
func (f *Function) pace(rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, status *v1alpha1.InferenceGraphStatus, waiting bool) error {
	was := v1alpha1.InferenceGraphStatus{}
	if err := wire.Decode(xr, "status", &was); err != nil {
		return err
	}
	status.ComponentsTime = was.ComponentsTime
	if len(was.Components) == 0 || slices.Equal(was.Components, status.Components) {
		return nil
	}
	alike := was.ObservedGeneration == status.ObservedGeneration && slices.EqualFunc(was.Components, status.Components, func(a, b v1alpha1.ComponentStatus) bool {
		return a.Name == b.Name && a.Reason == b.Reason
	})
	if t := was.ComponentsTime; waiting && alike && t != nil {
		if wait := reports - f.now().Sub(t.Time); wait > 0 {
			status.Components, status.ReadyComponents = was.Components, was.ReadyComponents
			shorten(rsp, wait)
			return nil
		}
	}
	status.ComponentsTime = &metav1.Time{Time: f.now()}
	return nil
}

// composite desires the status of the composite resource.
func (f *Function) composite(rsp *fnv1.RunFunctionResponse, kind string, status any) error {
	s, err := f.encoder.Struct(status)
	if err != nil {
		return errors.Wrap(err, "cannot encode status")
	}
	if rsp.GetDesired() == nil {
		rsp.Desired = &fnv1.State{}
	}
	rsp.Desired.Composite = &fnv1.Resource{Resource: &structpb.Struct{Fields: map[string]*structpb.Value{
		"apiVersion": structpb.NewStringValue(v1alpha1.GroupVersion.String()),
		"kind":       structpb.NewStringValue(kind),
		"status":     structpb.NewStructValue(s),
	}}}
	return nil
}
