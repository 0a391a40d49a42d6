package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

const (
	// uninstalled is a cloud whose provider is not installed.
	uninstalled = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: uninstalled}
spec: {cloud: {gke: {project: inference-prod, location: us-central1, clusterName: inference, nodeServiceAccount: nodes@inference-prod.iam.gserviceaccount.com}}}
`
	pooled = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: pooled}
spec:
  clusterRef: {name: uninstalled}
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  nodePools: [{name: l4, accelerator: {type: L4, count: 1}, size: {min: 1, max: 2}}]
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 1, nodePool: l4}
`
)

// A graph that needs a kind that nobody installed says which definition is missing, and all else of it goes on. When the
// definition is there the graph goes on by itself.
func TestKindThatIsNotInstalled(t *testing.T) {
	const missing = "nodepools.container.gcp.m.upbound.io"
	c, err := controlplane.ParseObjects([]byte(uninstalled))
	if err != nil {
		t.Fatal(err)
	}
	if err := e2e.cp.Apply(t.Context(), "", c...); err != nil {
		t.Fatal(err)
	}
	g := create(t, "uninstalled", pooled)
	reason, msg := g.isFalse(v1alpha1.ConditionKindsServed)
	if reason != v1alpha1.ReasonNotInstalled || !strings.Contains(msg, missing) {
		t.Errorf("want %s with %s, got %s: %s", v1alpha1.ReasonNotInstalled, missing, reason, msg)
	}
	eventually(t, "the frontend is ready beside what is missing", func() (bool, string) {
		d := g.deployments()["frontend"]
		return d.Status.ReadyReplicas == 1, fmt.Sprint(g.get().Object["status"])
	})
	for _, condition := range []string{"Synced", v1alpha1.ConditionAccepted} {
		if s, r, m := g.condition(condition); s != "True" {
			t.Errorf("%s is %s: %s %s", condition, s, r, m)
		}
	}
	if s, _, _ := g.condition("Ready"); s == "True" {
		t.Error("the graph is Ready without its nodes")
	}

	running := g.uids()["frontend"]
	crds, err := controlplane.ReadObjects(filepath.Join(root, "test", "controlplane", "definitions", "container.gcp.m.upbound.io_nodepools.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
		_ = e2e.client.Resource(r).Delete(context.Background(), missing, metav1.DeleteOptions{})
	})
	if err := e2e.cp.Apply(t.Context(), "", crds...); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node pool is composed once its kind is served", func() (bool, string) {
		composed := g.composed()
		s, r, m := g.condition(v1alpha1.ConditionKindsServed)
		pool := slices.ContainsFunc(composed, func(o string) bool { return strings.HasPrefix(o, "NodePool/") })
		return pool && s == "True", fmt.Sprint(s, r, m, composed)
	})
	if now := g.uids()["frontend"]; !slices.Equal(running, now) {
		t.Errorf("pods of the frontend were %v and are %v", running, now)
	}
	g.remove()
}
