package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const guarded = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: guarded}
spec:
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  scalingGuard: {prefillToDecode: {min: "1:2", max: "1:1"}}
  components:
  - {name: frontend, type: frontend}
  - name: prefill
    type: prefill
    gpus: 1
    scaling:
      max: 6
      metrics:
      - {type: External, external: {metric: {name: prefill_queue}, target: {type: AverageValue, averageValue: "10"}}}
  - name: decode
    type: decode
    gpus: 1
    scaling:
      max: 6
      metrics:
      - {type: External, external: {metric: {name: decode_queue}, target: {type: AverageValue, averageValue: "10"}}}
`

// The autoscaler of prefill cannot leave the ratio to decode, whatever it reads; it follows decode up and down, and
// reconciling the graph at rest writes no bounds.
func TestScalingGuard(t *testing.T) {
	const ns = "guarded"
	m := e2e.cp.Metrics()
	m.SetExternal(ns, "prefill_queue", "5")
	m.SetExternal(ns, "decode_queue", "5")
	g := create(t, ns, guarded)
	g.ready()
	g.scaledTo("prefill", 1)
	g.scaledTo("decode", 1)

	m.SetExternal(ns, "prefill_queue", "60")
	g.limited("True", v1alpha1.ReasonPrefillAtMaximum)
	written := g.boundsWritten()
	for n := range 20 {
		g.patch(op("add", "/metadata/annotations", map[string]any{"touched": strconv.Itoa(n)}))
		time.Sleep(300 * time.Millisecond)
		if d := g.deployments()["prefill"]; *d.Spec.Replicas != 1 {
			t.Fatalf("prefill has %d replicas beside 1 of decode", *d.Spec.Replicas)
		}
	}
	if now := g.boundsWritten(); now != written {
		t.Errorf("bounds were written at rest, at %s and at %s", written, now)
	}

	m.SetExternal(ns, "decode_queue", "40")
	g.scaledTo("decode", 4)
	g.scaledTo("prefill", 4)
	m.SetExternal(ns, "decode_queue", "60")
	g.scaledTo("prefill", 6)
	g.limited("False", v1alpha1.ReasonWithinBounds)

	m.SetExternal(ns, "prefill_queue", "5")
	g.scaledTo("prefill", 3)
	g.limited("True", v1alpha1.ReasonPrefillAtMinimum)

	m.SetExternal(ns, "decode_queue", "5")
	g.scaledTo("decode", 1)
	g.scaledTo("prefill", 1)
	g.limited("True", v1alpha1.ReasonPrefillAtMaximum)
	g.ready()
}

// limited waits until the condition ScalingLimited has a status and a reason.
func (g *graph) limited(status, reason string) {
	g.t.Helper()
	eventually(g.t, "ScalingLimited is "+status+" for "+reason, func() (bool, string) {
		s, r, msg := g.condition(v1alpha1.ConditionScalingLimited)
		return s == status && r == reason, fmt.Sprintf("%s %s %s: %v", s, r, msg, g.get().Object["status"])
	})
}

// boundsWritten is when Crossplane last changed the autoscaler of prefill.
func (g *graph) boundsWritten() string {
	g.t.Helper()
	l, err := e2e.kube.AutoscalingV2().HorizontalPodAutoscalers(g.namespace).List(g.t.Context(), metav1.ListOptions{
		LabelSelector: v1alpha1.LabelGraph + "=" + g.name + "," + v1alpha1.LabelComponent + "=prefill",
	})
	if err != nil || len(l.Items) != 1 {
		g.t.Fatalf("want one autoscaler of prefill, got %d: %v", len(l.Items), err)
	}
	return applied(g.t, &l.Items[0])
}

func applied(t *testing.T, h *autoscalingv2.HorizontalPodAutoscaler) string {
	t.Helper()
	for _, f := range h.GetManagedFields() {
		if f.Operation == metav1.ManagedFieldsOperationApply && strings.HasPrefix(f.Manager, "apiextensions.crossplane.io/composed") {
			return f.Time.String()
		}
	}
	t.Fatalf("Crossplane manages nothing of %s", h.GetName())
	return ""
}
