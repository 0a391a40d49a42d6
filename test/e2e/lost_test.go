package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// An InferenceCluster that disappears takes nothing with it, and its graphs say what they miss.
func TestClusterDisappears(t *testing.T) {
	cluster, err := controlplane.ParseObjects([]byte(`
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: fleeting}
spec: {defaults: {images: {vllm: "example.org/vllm:7"}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := e2e.cp.Apply(t.Context(), "", cluster...); err != nil {
		t.Fatal(err)
	}
	g := create(t, "fleeting", strings.Replace(fmt.Sprintf(disaggregated, "stays"), "backend:", "clusterRef: {name: fleeting}\n  backend:", 1))
	g.ready()
	pods, objects := g.uids(), g.composed()

	clusters := e2e.client.Resource(v1alpha1.GroupVersion.WithResource("inferenceclusters"))
	if err := clusters.Delete(t.Context(), "fleeting", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	// Any change makes Crossplane look again.
	g.patch(op("replace", "/spec/components/2/replicas", 5))
	reason, msg := g.isFalse(v1alpha1.ConditionAccepted)
	if reason != v1alpha1.ReasonMissingInput || !strings.Contains(msg, `InferenceCluster "fleeting" does not exist: create it`) {
		t.Errorf("Accepted: got %s: %s", reason, msg)
	}
	g.same(pods, objects)

	if err := e2e.cp.Apply(t.Context(), "", cluster...); err != nil {
		t.Fatal(err)
	}
	g.ready()
	if n := len(g.uids()["decode"]); n != 5 {
		t.Errorf("decode has %d pods once the cluster is back", n)
	}
}

// A spec that only the function can refuse takes nothing with it.
func TestSpecBecomesInvalid(t *testing.T) {
	g := create(t, "invalid", fmt.Sprintf(disaggregated, "holds"))
	g.ready()
	pods, objects := g.uids(), g.composed()

	g.patch(op("add", "/spec/components/1/podTemplate", map[string]any{"spec": map[string]any{"hostNetwork": true}}),
		op("replace", "/spec/components/2/replicas", 4))
	reason, msg := g.isFalse(v1alpha1.ConditionAccepted)
	if reason != v1alpha1.ReasonPolicyViolation || !strings.Contains(msg, "spec.components[1].podTemplate.spec.hostNetwork") {
		t.Errorf("Accepted: got %s: %s", reason, msg)
	}
	g.same(pods, objects)

	g.patch(map[string]any{"op": "remove", "path": "/spec/components/1/podTemplate"})
	g.ready()
}

// same checks for a while that nothing of the graph changes.
func (g *graph) same(pods map[string][]string, objects []string) {
	g.t.Helper()
	for range 10 {
		if diff := cmp.Diff(pods, g.uids()); diff != "" {
			g.t.Fatalf("pods: -before, +after:\n%s", diff)
		}
		if diff := cmp.Diff(objects, g.composed()); diff != "" {
			g.t.Fatalf("composed objects: -before, +after:\n%s", diff)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// At rest nobody writes.
func TestRest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	g := create(t, "rests", fmt.Sprintf(disaggregated, "rests"))
	g.ready()
	// The last status of the rollout may still be on its way.
	time.Sleep(5 * time.Second)

	start := time.Now()
	time.Sleep(60 * time.Second)
	writes, err := e2e.cp.Writes(start)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range writes {
		if w.Namespace == g.namespace {
			t.Errorf("%s: %s %s %s/%s", w.Time.Format(time.TimeOnly), w.User, w.Verb, w.Resource, w.Name)
		}
	}
}

// The kind that discovery needs is there, and whoever publishes an object of it may say what it likes.
func TestWorkerMetadata(t *testing.T) {
	ns := namespace(t, "metadata")
	gvr := graphs()
	gvr.Group, gvr.Resource = "nvidia.com", "dynamoworkermetadatas"
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "nvidia.com/v1alpha1", "kind": "DynamoWorkerMetadata", "metadata": map[string]any{"name": "pod-1"},
		"spec": map[string]any{"data": map[string]any{"endpoints": []any{map[string]any{"port": int64(1)}}, "model_cards": map[string]any{}}},
	}}
	got, err := e2e.client.Resource(gvr).Namespace(ns).Create(t.Context(), u, metav1.CreateOptions{FieldValidation: "Strict"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(u.Object["spec"], got.Object["spec"]); diff != "" {
		t.Errorf("-sent, +stored:\n%s", diff)
	}
}
