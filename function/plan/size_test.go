package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/render"
)

// scaledPools is a graph whose nodes depend on how far it is scaled.
const scaledPools = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: team-a}
spec:
  clusterRef: {name: eks}
  backend: vllm
  model: {name: m}
  nodePools:
  - {name: h100, accelerator: {type: H100, count: 8}, size: {max: 4}}
  components:
  - {name: frontend, type: frontend}
  - {name: decode, type: decode, gpus: 8, nodePool: h100, scaling: {min: 1, max: 3, metrics: [{type: External, external: {metric: {name: q}, target: {type: Value, value: "1"}}}]}}
  - {name: prefill, type: prefill, gpus: 4, replicas: 2, nodePool: h100}
`

// TestSize asserts what a plan counts of a graph whose replicas are scaled.
func TestSize(t *testing.T) {
	b := newBench(t)
	xr := b.admit(t, parse(t, scaledPools))
	p := b.plan(t, xr, nil)
	want := Plan{
		Components: []Component{
			{Name: "frontend", Type: "frontend", Pods: Range{1, 1}, NodesPerReplica: 1},
			{Name: "decode", Type: "decode", Pods: Range{1, 3}, GPUs: Range{8, 24}, NodesPerReplica: 1, NodePool: "h100", ScaledBy: "a HorizontalPodAutoscaler"},
			{Name: "prefill", Type: "prefill", Pods: Range{2, 2}, GPUs: Range{8, 8}, NodesPerReplica: 1, NodePool: "h100"},
		},
		NodePools: []NodePool{{
			Name: "h100", Nodes: Range{0, 4}, Needed: Range{2, 4},
			Rung: Rung{
				MachineType: "p5.48xlarge", Capacity: v1alpha1.CapacityOnDemand, Hourly: "55.04",
				Reason: "p5.48xlarge has 8 H100 of 81920 MiB, and no other machine has what the pool asks for",
			},
		}},
		Cost: &Cost{
			CostStatus: v1alpha1.CostStatus{
				Hourly: "110.08", MaxHourly: "220.16", Currency: "USD", AsOf: "2026-07-20",
				PerComponent: []v1alpha1.ComponentCost{{Name: "decode", Hourly: "55.04"}, {Name: "prefill", Hourly: "55.04"}},
			},
			MostHourly: "220.16",
		},
	}
	got := Plan{Components: p.Components, NodePools: p.NodePools, Cost: p.Cost}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Object{})); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// TestFallback asserts that a pool that runs on a fallback is planned to stay there.
func TestFallback(t *testing.T) {
	b := newBench(t)
	xr := b.admit(t, parse(t, pools))
	live := xr.DeepCopy()
	live.SetUID("live")
	live.Object["status"] = map[string]any{"nodePools": []any{map[string]any{"name": "h100", "rung": int64(1), "rungReason": "InsufficientInstanceCapacity"}}}
	observed := []unstructured.Unstructured{*live}
	r, err := b.renderer.Finish(t.Context(), render.Request{Composite: xr, Required: b.required, Observed: observed})
	if err != nil {
		t.Fatal(err)
	}
	p := b.plan(t, xr, append(observed, r.Composed...))
	if p.Changes() || len(p.NodePools) != 1 || p.NodePools[0].Current != 1 || p.NodePools[0].Capacity != v1alpha1.CapacitySpot {
		t.Errorf("want the pool to stay on its fallback, got:\n%s", p.Text())
	}
}

// TestCostBefore asserts what is said of the price before.
func TestCostBefore(t *testing.T) {
	b := newBench(t)
	xr := b.admit(t, parse(t, scaledPools))
	observed := b.exists(t, xr)
	none := observed[0].DeepCopy()
	unstructured.RemoveNestedField(none.Object, "status", "cost")
	cases := map[string]struct {
		reason   string
		observed []unstructured.Unstructured
		want     *v1alpha1.CostStatus
	}{
		"Observed": {reason: "A graph tells what it costs.", observed: observed, want: &b.plan(t, xr, nil).Cost.CostStatus},
		"NoPools":  {reason: "A graph that tells no cost has no node pools.", observed: []unstructured.Unstructured{*none}, want: &v1alpha1.CostStatus{Hourly: "0.00", MaxHourly: "0.00", Currency: "USD"}},
		"NoGraph":  {reason: "Without the graph itself it is not known.", observed: observed[1:]},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, b.plan(t, xr, tc.observed).CostBefore); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
