package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
	"github.com/graphplane/graphplane/test/controlplane/simulator"
)

// Nodes of a graph on another cluster join that one, and its pods run on them there. That there are none of the first
// choice, which only the autoscaler there knows, is heard here.
func TestRemoteNodePool(t *testing.T) {
	t.Parallel()
	there, err := kubernetes.NewForConfig(e2e.cp.Remote.Config())
	if err != nil {
		t.Fatal(err)
	}
	p := providers()["eks"]
	annotate := account(t, "eks", "away", func(spec map[string]any) {
		spec["access"] = map[string]any{"source": "Remote", "providerConfigRef": map[string]any{"kind": "ClusterProviderConfig", "name": controlplane.RemoteConfig}}
		spec["cloud"].(map[string]any)["eks"].(map[string]any)["clusterName"] = controlplane.RemoteConfig
	})
	annotate(map[string]any{simulator.AnnotationFault: simulator.FaultNoCapacity, simulator.AnnotationFaultMachines: p.machine})
	g := create(t, "away", fmt.Sprintf(pooled, "away", "away",
		fmt.Sprintf("machineType: %s, size: {min: 0, max: 3}, fallback: [{machineType: %s, wait: 5s}]", p.machine, p.another)))
	eventually(t, "the graph is on its second choice", func() (bool, string) {
		s := g.poolStatus("gpu")
		return fmt.Sprint(s["rung"]) == "1", fmt.Sprint(s)
	})
	g.ready()
	if err := g.fit(there); err != nil {
		t.Error(err)
	}
	if !g.grew(there) {
		t.Error("the pool did not start from zero")
	}
	if n := len(g.pods()); n != 0 {
		t.Errorf("%d pods run in the cluster of the control plane", n)
	}
	eventually(t, "the autoscaler is not listened to any more", func() (bool, string) {
		l, err := e2e.client.Resource(remoteObjects()).Namespace(g.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		listens := slices.ContainsFunc(l.Items, func(o unstructured.Unstructured) bool {
			name, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "manifest", "metadata", "name")
			return name == "cluster-autoscaler-status"
		})
		return !listens && len(l.Items) > 0, fmt.Sprintf("%d Objects", len(l.Items))
	})
	g.removeWithPools(there)
}

func remoteObjects() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "kubernetes.m.crossplane.io", Version: "v1alpha1", Resource: "objects"}
}

// removeWithPools deletes a graph and sees that its workloads go before its nodes do, and that nothing is left.
func (g *graph) removeWithPools(cluster kubernetes.Interface) {
	g.t.Helper()
	var nodes []string
	for _, p := range g.pools() {
		nodes = append(nodes, nodesOf(g.t, cluster, p.GetName())...)
	}
	if len(nodes) == 0 {
		g.t.Fatal("the graph has no nodes that could go")
	}
	if err := e2e.client.Resource(graphs()).Namespace(g.namespace).Delete(g.t.Context(), g.name, metav1.DeleteOptions{}); err != nil {
		g.t.Fatal(err)
	}
	eventually(g.t, "nothing of graph "+g.name+" is left", func() (bool, string) {
		// Pools first, so that a workload that is seen was there when a pool was.
		pools := g.pools()
		d, err := cluster.AppsV1().Deployments(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name + "," + v1alpha1.LabelComponent + "!=frontend"})
		if err != nil {
			g.t.Fatal(err)
		}
		for _, p := range pools {
			if p.GetDeletionTimestamp() != nil && len(d.Items) > 0 {
				g.t.Fatalf("%s %s is deleted before Deployment %s", p.GetKind(), p.GetName(), d.Items[0].GetName())
			}
		}
		_, err = e2e.client.Resource(graphs()).Namespace(g.namespace).Get(g.t.Context(), g.name, metav1.GetOptions{})
		left := len(pools)
		for _, n := range nodes {
			if _, err := cluster.CoreV1().Nodes().Get(g.t.Context(), n, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				left++
			}
		}
		return left == 0 && len(d.Items) == 0 && apierrors.IsNotFound(err), fmt.Sprintf("%d Deployments, %d pools and nodes, %v", len(d.Items), left, err)
	})
	eventually(g.t, "the namespace is empty", func() (bool, string) {
		left := everything(g.t, g.namespace)
		return len(left) == 0, strings.Join(left, " ")
	})
}

// When a graph with pools is deleted, its workloads go first, then its pools, and nothing is left, in any cloud.
func TestDeleteWithNodePools(t *testing.T) {
	t.Parallel()
	for cloud, p := range providers() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			g := create(t, "leaves-"+cloud, fmt.Sprintf(pooled, "pools", cloud, "machineType: "+p.machine+", size: {min: 1, max: 3}"))
			g.ready()
			g.removeWithPools(e2e.kube)
		})
	}
}

// Two graphs of one name on one cluster, with pools of one name, have nodes of their own. Who finds a pool of the name that
// it would give its own does not take it, and says so.
func TestOnePoolIsOfOneGraph(t *testing.T) {
	t.Parallel()
	y := fmt.Sprintf(pooled, "twin", "gke", "machineType: g2-standard-8, size: {min: 0, max: 3}")
	one, two := create(t, "twin-a", y), create(t, "twin-b", y)
	one.ready()
	two.ready()
	for _, g := range []*graph{one, two} {
		if err := g.fit(e2e.kube); err != nil {
			t.Error(err)
		}
	}
	was := one.pools()[0]
	if was.GetName() == two.pools()[0].GetName() {
		t.Errorf("both graphs have the pool %s", was.GetName())
	}

	one.removeWithPools(e2e.kube)
	by := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": was.GetAPIVersion(), "kind": was.GetKind(), "spec": was.Object["spec"],
		"metadata": map[string]any{"name": was.GetName(), "namespace": was.GetNamespace(), "annotations": map[string]any{"crossplane.io/paused": "true"}},
	}}
	pools := e2e.client.Resource(providers()["gke"].pools).Namespace(one.namespace)
	store(t, pools, by)
	one = create(t, "twin-a", y)
	reason, msg := one.isFalse(v1alpha1.ConditionAccepted)
	if want := fmt.Sprintf("NodePool %q exists and was not created by this InferenceGraph: rename one of them, or delete it", was.GetName()); reason != v1alpha1.ReasonNameConflict || !strings.Contains(msg, want) {
		t.Errorf("Accepted: got %s: %s", reason, msg)
	}
	two.ready()
}
