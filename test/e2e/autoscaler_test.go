package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const autoscaled = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: autoscaled}
spec:
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  components:
  - name: frontend
    type: frontend
    scaling:
      min: 1
      max: 4
      metrics:
      - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
    podTemplate: {spec: {containers: [{name: main, resources: {requests: {cpu: "1"}}}]}}
  - name: decode
    type: decode
    gpus: 1
    scaling:
      min: 1
      max: 3
      metrics:
      - {type: External, external: {metric: {name: dynamo_queued_requests}, target: {type: AverageValue, averageValue: "10"}}}
  - {name: prefill, type: prefill, gpus: 1}
`

// The autoscaler of the controller manager changes replicas by what it reads of the metrics API, and reconciling the graph
// does not change them back.
func TestAutoscaler(t *testing.T) {
	t.Parallel()
	const (
		ns = "autoscaled"
		// Each touch is a reconcile while the circuit breaker of the graph stays closed. It takes a hundred events at once
		// and one a second from then on, and creating and scaling the graph makes most of the hundred.
		rest, touches, apart = 90 * time.Second, 55, 1200 * time.Millisecond
	)
	m := e2e.cp.Metrics()
	m.SetCPU(ns, "100m")
	m.SetExternal(ns, "dynamo_queued_requests", "5")
	g := create(t, ns, autoscaled)
	g.ready()
	g.scaledTo("frontend", 1)
	g.scaledTo("decode", 1)

	m.SetCPU(ns, "2")
	m.SetExternal(ns, "dynamo_queued_requests", "25")
	g.scaledTo("frontend", 4)
	g.scaledTo("decode", 3)
	g.ready()

	time.Sleep(rest)
	from := time.Now()
	for n := range touches {
		g.patch(op("add", "/metadata/annotations", map[string]any{"touched": strconv.Itoa(n)}))
		time.Sleep(apart)
		for component, want := range map[string]int32{"frontend": 4, "decode": 3} {
			d := g.deployments()[component]
			if *d.Spec.Replicas != want || d.Status.Replicas != want {
				t.Fatalf("after %d reconciles %s has %d of %d replicas, want %d", n, component, d.Status.Replicas, *d.Spec.Replicas, want)
			}
		}
	}
	if n := g.applied(from, "autoscaled-frontend"); n < 50 {
		t.Errorf("Crossplane applied the frontend %d times while the graph was touched %d times, want 50", n, touches)
	}
	g.ready()

	m.SetCPU(ns, "100m")
	g.scaledTo("frontend", 1)
	g.ready()
	h, err := e2e.kube.AutoscalingV2().HorizontalPodAutoscalers(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Items) != 2 {
		t.Errorf("want an autoscaler for each of two components, got %d", len(h.Items))
	}
}

// scaledTo waits until a component has a number of replicas.
func (g *graph) scaledTo(component string, want int32) {
	g.t.Helper()
	eventually(g.t, fmt.Sprintf("%s has %d replicas", component, want), func() (bool, string) {
		d := g.deployments()[component]
		if d.Spec.Replicas == nil {
			return false, "no Deployment"
		}
		return *d.Spec.Replicas == want && d.Status.ReadyReplicas == want, fmt.Sprintf("%d ready of %d", d.Status.ReadyReplicas, *d.Spec.Replicas)
	})
}

// applied is how often a Deployment was patched since a time, its status left out.
func (g *graph) applied(since time.Time, deployment string) int {
	g.t.Helper()
	writes, err := e2e.cp.Writes(since)
	if err != nil {
		g.t.Fatal(err)
	}
	n := 0
	for _, w := range writes {
		if w.Namespace == g.namespace && w.Name == deployment && w.Resource == "deployments" && w.Verb == "patch" {
			n++
		}
	}
	return n
}
