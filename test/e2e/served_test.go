package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const meshed = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: meshed}
spec:
  clusterRef: {name: platform}
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 1}
  expose: {type: VirtualService, host: qwen.mesh.example.com, gatewayRef: {name: mesh, namespace: istio-ingress}}
`

// A graph that needs a kind that is not installed says which definition is missing, and all else of it goes on. When the
// definition is there the graph goes on by itself.
func TestKindThatIsNotInstalled(t *testing.T) {
	const missing = "virtualservices.networking.istio.io"
	definition := uninstall(t, missing)
	g := create(t, "uninstalled", meshed)
	reason, msg := g.isFalse(v1alpha1.ConditionKindsServed)
	if reason != v1alpha1.ReasonNotInstalled || !strings.Contains(msg, missing) {
		t.Errorf("want %s with %s, got %s: %s", v1alpha1.ReasonNotInstalled, missing, reason, msg)
	}
	eventually(t, "all pods are ready beside what is missing", func() (bool, string) {
		all := g.deployments()
		return all["frontend"].Status.ReadyReplicas == 1 && all["worker"].Status.ReadyReplicas == 1, fmt.Sprint(g.get().Object["status"])
	})
	for _, condition := range []string{"Synced", v1alpha1.ConditionAccepted} {
		if s, r, m := g.condition(condition); s != "True" {
			t.Errorf("%s is %s: %s %s", condition, s, r, m)
		}
	}
	if s, _, _ := g.condition("Ready"); s == "True" {
		t.Error("the graph is Ready without its route")
	}

	running := g.uids()["frontend"]
	if err := e2e.cp.Apply(t.Context(), "", definition); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the route is composed once its kind is served", func() (bool, string) {
		composed := g.composed()
		s, r, m := g.condition(v1alpha1.ConditionKindsServed)
		route := slices.ContainsFunc(composed, func(o string) bool { return strings.HasPrefix(o, "VirtualService/") })
		return route && s == "True", fmt.Sprint(s, r, m, composed)
	})
	g.ready()
	if now := g.uids()["frontend"]; !slices.Equal(running, now) {
		t.Errorf("pods of the frontend were %v and are %v", running, now)
	}
	g.remove()
}

// uninstall takes a definition away for the time of the test, and returns it as it can be applied again.
func uninstall(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	crds := e2e.client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	found, err := crds.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": found.GetAPIVersion(), "kind": found.GetKind(), "metadata": map[string]any{"name": name}, "spec": found.Object["spec"],
	}}
	t.Cleanup(func() {
		if err := e2e.cp.Apply(context.Background(), "", definition); err != nil {
			t.Error(err)
		}
	})
	if err := crds.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, name+" is gone", func() (bool, string) {
		_, err := crds.Get(t.Context(), name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
	return definition
}
