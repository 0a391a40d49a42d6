package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// soon is how long a failure may take to be seen: the graph has five seconds, and the rest is for the machine.
const soon = 30 * time.Second

const failing = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 1}
`

// Pods that fail are in the component's status and in one condition, with the reason apart for what waits for room. When
// the cause is mended the graph becomes Ready.
func TestFailuresAreVisible(t *testing.T) {
	cases := map[string]struct {
		reason   string
		template map[string]any
		want     string
		says     string
	}{
		"crash-loops": {
			reason:   "A container that keeps ending",
			template: map[string]any{"metadata": map[string]any{"annotations": map[string]any{controlplane.PlaysAnnotation: "CrashLoopBackOff"}}},
			want:     v1alpha1.ReasonCrashLooping, says: "keeps ending, last with exit code 1",
		},
		"cannot-pull": {
			reason:   "An image that the registry does not have",
			template: map[string]any{"metadata": map[string]any{"annotations": map[string]any{controlplane.PlaysAnnotation: "ImagePullBackOff"}}},
			want:     v1alpha1.ReasonImagePullFailed, says: "the registry does not have it",
		},
		"no-such-node": {
			reason:   "A label that no node has",
			template: map[string]any{"spec": map[string]any{"nodeSelector": map[string]any{"no": "such"}}},
			want:     v1alpha1.ReasonUnschedulable, says: "didn't match Pod's node affinity/selector",
		},
		"no-room": {
			reason:   "More GPUs than any node has left",
			template: map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "main", "resources": map[string]any{"limits": map[string]any{"nvidia.com/gpu": "64"}}}}}},
			want:     v1alpha1.ReasonInsufficientCapacity, says: "Insufficient nvidia.com/gpu",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := create(t, "failing", fmt.Sprintf(failing, name))
			g.ready()
			broken := time.Now()
			g.patch(op("add", "/spec/components/1/podTemplate", tc.template))
			eventually(t, tc.reason+" is seen", func() (bool, string) {
				_, why, message := g.condition(v1alpha1.ConditionComponentsReady)
				return why == tc.want && strings.Contains(message, tc.says), why + ": " + message
			})
			took := time.Since(broken)
			t.Logf("seen after %s", took.Round(time.Second/10))
			if took > soon {
				t.Errorf("seen only after %s", took)
			}
			if got := g.message("worker"); !strings.Contains(got, tc.says) {
				t.Errorf("the component says %q, want %q in it", got, tc.says)
			}
			if got := g.message("frontend"); got != "" {
				t.Errorf("the frontend, which is ready, says %q", got)
			}
			g.patch(map[string]any{"op": "remove", "path": "/spec/components/1/podTemplate"})
			g.ready()
		})
	}
}

// Of many components the pods are glanced at every half a minute. What fails is seen, and said until it is mended.
func TestFailureAmongMany(t *testing.T) {
	g := create(t, "many", withComponents(fmt.Sprintf(disaggregated, "many"), 8, "CrashLoopBackOff"))
	seen := func() (bool, string) {
		_, why, message := g.condition(v1alpha1.ConditionComponentsReady)
		return why == v1alpha1.ReasonCrashLooping && strings.Contains(message, "decode-7: Container main of pod many-decode-7-"), why + ": " + message
	}
	eventually(t, "what fails is seen", seen)
	for until := time.Now().Add(40 * time.Second); time.Now().Before(until); time.Sleep(time.Second) {
		if ok, message := seen(); !ok {
			t.Fatalf("what fails is not said any more: %s", message)
		}
	}
	var mend []map[string]any
	for i := 3; i < 8; i++ {
		mend = append(mend, map[string]any{"op": "remove", "path": fmt.Sprintf("/spec/components/%d/podTemplate", i)})
	}
	g.patch(mend...)
	g.ready()
	if got := g.message("decode-7"); got != "" {
		t.Errorf("what is mended says %q", got)
	}
}

// message of a component in the status.
func (g *graph) message(component string) string {
	g.t.Helper()
	all, _, _ := unstructured.NestedSlice(g.get().Object, "status", "components")
	for _, v := range all {
		if c, ok := v.(map[string]any); ok && c["name"] == component {
			m, _ := c["message"].(string)
			return m
		}
	}
	g.t.Fatalf("no component %s in the status", component)
	return ""
}
