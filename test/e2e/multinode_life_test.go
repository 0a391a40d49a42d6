package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const multinodeRoles = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: ordered}
spec:
  clusterRef: {name: multinode}
  backend: vllm
  model: {name: meta-llama/Llama-3.1-70B-Instruct}
  components:
  - {name: frontend, type: frontend}
  - {name: prefill, type: prefill, nodeCount: 2, gpus: 2}
  - {name: decode, type: decode, nodeCount: 2, gpus: 2}
`

// Whole replicas are restarted, in the order that is asked for, each component when the one before it is ready.
func TestMultinodeRestartsInOrder(t *testing.T) {
	g := create(t, "multinode", multinodeRoles)
	g.ready()
	before := g.pods()
	g.patch(op("add", "/spec/restart", map[string]any{"id": "r1", "order": []any{"decode", "frontend", "prefill"}}))
	eventually(t, "the restart completes", func() (bool, string) {
		phase, _, _ := unstructured.NestedString(g.get().Object, "status", "restart", "phase")
		return phase == v1alpha1.RestartCompleted, phase
	})
	g.ready()

	first, last := map[string]time.Time{}, map[string]time.Time{}
	n := map[string]int{}
	for uid, p := range g.pods() {
		c := p.Labels[v1alpha1.LabelComponent]
		if _, old := before[uid]; old {
			t.Errorf("pod %s was not replaced", p.Name)
		}
		at := p.CreationTimestamp.Time
		if first[c].IsZero() || at.Before(first[c]) {
			first[c] = at
		}
		if at.After(last[c]) {
			last[c] = at
		}
		n[c]++
	}
	if got, want := fmt.Sprint(n), fmt.Sprint(map[string]int{"frontend": 1, "prefill": 2, "decode": 2}); got != want {
		t.Errorf("pods by component are %s, want %s", got, want)
	}
	if first["frontend"].Before(last["decode"]) || first["prefill"].Before(last["frontend"]) {
		t.Errorf("components were replaced from %v to %v, want decode, frontend, prefill one after the other", first, last)
	}
}

// spread puts the pods of the worker on nodes of their own, while there are enough.
const spread = multinode + `    replicas: 2
    podTemplate:
      spec:
        affinity:
          podAntiAffinity:
            preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector: {matchLabels: {graphplane.io/component: worker}}
`

// A leader's node that is lost takes the whole replica along, which comes back on other nodes. The replica that had no pod
// there is not touched. When only a worker's node is lost, LeaderWorkerSet up to v0.9 may leave the others of its replica
// alone: https://github.com/kubernetes-sigs/lws/issues/998
func TestMultinodeLosesANode(t *testing.T) {
	g := create(t, "multinode", fmt.Sprintf(spread, "lost"))
	g.ready()
	before := g.workers()
	if len(before) != 4 {
		t.Fatalf("want 4 pods, got %d", len(before))
	}
	hit := before["lost-worker-lws-0"]
	for other, p := range before {
		if other != hit.Name && p.Spec.NodeName == hit.Spec.NodeName {
			t.Fatalf("%s and %s share node %s, so that losing it shows less", hit.Name, other, p.Spec.NodeName)
		}
	}
	node := loseNode(t, hit.Spec.NodeName)

	const group = "leaderworkerset.sigs.k8s.io/group-index"
	eventually(t, "both pods of the replica are new", func() (bool, string) {
		now := g.workers()
		for name, p := range before {
			is, ok := now[name]
			if p.Labels[group] == hit.Labels[group] && (!ok || is.UID == p.UID || is.Spec.NodeName == "") {
				return false, name + " is gone, pending or the same"
			}
		}
		return true, ""
	})
	g.ready()
	for name, p := range g.workers() {
		if p.Spec.NodeName == node {
			t.Errorf("%s is on the lost node", name)
		}
		if p.Labels[group] != hit.Labels[group] && p.UID != before[name].UID {
			t.Errorf("%s started again, whose replica had no pod on the lost node", name)
		}
	}
}

// loseNode deletes a Node, as a cloud does with one whose machine is gone. It comes back when the test ends.
func loseNode(t *testing.T, name string) string {
	t.Helper()
	nodes := e2e.kube.CoreV1().Nodes()
	n, err := nodes.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := nodes.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		again := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels},
			Spec:       corev1.NodeSpec{PodCIDR: n.Spec.PodCIDR, PodCIDRs: n.Spec.PodCIDRs},
			Status:     corev1.NodeStatus{Capacity: n.Status.Capacity, Allocatable: n.Status.Allocatable},
		}
		if _, err := nodes.Create(context.Background(), again, metav1.CreateOptions{}); err != nil {
			t.Errorf("cannot bring node %s back: %v", name, err)
		}
	})
	return name
}
