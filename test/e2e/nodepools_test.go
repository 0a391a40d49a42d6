package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// A provider is a cloud's Crossplane provider.
type provider struct {
	// group of its configs, and the resource of node pools.
	group string
	pools schema.GroupVersionResource

	// machine has one GPU, and so has another.
	machine, another string
}

// providers by the names of the InferenceClusters of the examples.
func providers() map[string]provider {
	kind := func(group, resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: "v1beta1", Resource: resource}
	}
	return map[string]provider{
		"eks": {group: "aws.m.upbound.io", pools: kind("eks.aws.m.upbound.io", "nodegroups"), machine: "g6.xlarge", another: "g6e.xlarge"},
		"gke": {group: "gcp.m.upbound.io", pools: kind("container.gcp.m.upbound.io", "nodepools"), machine: "g2-standard-8", another: "a2-highgpu-1g"},
		"aks": {
			group: "azure.m.upbound.io", pools: kind("containerservice.azure.m.upbound.io", "kubernetesclusternodepools"),
			machine: "Standard_NC24ads_A100_v4", another: "Standard_NC40ads_H100_v5",
		},
	}
}

// account makes an InferenceCluster like one of the examples, in an account of its own, so that what fails there fails for
// nobody else. It returns how to change the annotations of the account.
func account(t *testing.T, cloud, name string, change func(spec map[string]any)) func(annotations map[string]any) {
	t.Helper()
	config := providers()[cloud].group
	examples, err := controlplane.ReadObjects(filepath.Join(root, "examples", "cluster-clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(examples, func(o *unstructured.Unstructured) bool { return o.GetName() == cloud })
	cluster := examples[i]
	cluster.SetName(name)
	if err := unstructured.SetNestedStringMap(cluster.Object, map[string]string{"kind": "ClusterProviderConfig", "name": name}, "spec", "cloud", cloud, "providerConfigRef"); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(cluster.Object["spec"].(map[string]any))
	}
	configs := e2e.client.Resource(schema.GroupVersionResource{Group: config, Version: "v1beta1", Resource: "clusterproviderconfigs"})
	usual, err := configs.Get(t.Context(), "default", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	own := &unstructured.Unstructured{Object: map[string]any{"apiVersion": usual.GetAPIVersion(), "kind": usual.GetKind(), "metadata": map[string]any{"name": name}, "spec": usual.Object["spec"]}}
	if err := e2e.cp.Apply(t.Context(), "", own, cluster); err != nil {
		t.Fatal(err)
	}
	return func(annotations map[string]any) {
		t.Helper()
		annotate(t, configs, name, annotations)
	}
}

// annotate by a merge patch.
func annotate(t *testing.T, api dynamic.ResourceInterface, name string, annotations map[string]any) {
	t.Helper()
	b, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Patch(t.Context(), name, types.MergePatchType, b, metav1.PatchOptions{}); err != nil {
		t.Fatalf("cannot annotate %s: %v", name, err)
	}
}

// pooled is a graph of workers with a GPU each on nodes of a pool.
const pooled = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  clusterRef: {name: %s}
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  nodePools:
  - {name: gpu, %s}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 1, replicas: 2, nodePool: gpu}
`

// pools are the cloud objects of a graph's node pools.
func (g *graph) pools() []unstructured.Unstructured {
	g.t.Helper()
	var out []unstructured.Unstructured
	for _, p := range providers() {
		l, err := e2e.client.Resource(p.pools).Namespace(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
		if err != nil {
			g.t.Fatal(err)
		}
		out = append(out, l.Items...)
	}
	return out
}

// strike the only pool of a graph by an annotation.
func (g *graph) strike(annotation, value string) {
	g.t.Helper()
	all := g.pools()
	if len(all) != 1 {
		g.t.Fatalf("want one pool, got %d", len(all))
	}
	for _, p := range providers() {
		if p.pools.Group == all[0].GroupVersionKind().Group {
			annotate(g.t, e2e.client.Resource(p.pools).Namespace(g.namespace), all[0].GetName(), map[string]any{annotation: value})
		}
	}
}

// poolStatus of a pool.
func (g *graph) poolStatus(name string) map[string]any {
	g.t.Helper()
	all, _, _ := unstructured.NestedSlice(g.get().Object, "status", "nodePools")
	for _, v := range all {
		if p, ok := v.(map[string]any); ok && p["name"] == name {
			return p
		}
	}
	return nil
}

// nodesOf a cluster by the pool that they are of.
func nodesOf(t *testing.T, cluster kubernetes.Interface, pool string) []string {
	t.Helper()
	l, err := cluster.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelNodePool + "=" + pool})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(l.Items))
	for _, n := range l.Items {
		out = append(out, n.Name)
	}
	sortStrings(out)
	return out
}

// fit checks that each pod of a graph is on a node of its component's pool, those without a pool are on none, and nothing
// else is on such a node.
func (g *graph) fit(cluster kubernetes.Interface) error {
	g.t.Helper()
	u := g.get()
	pools := map[string]string{}
	components, _, _ := unstructured.NestedSlice(u.Object, "spec", "components")
	for _, v := range components {
		c, _ := v.(map[string]any)
		if p, _ := c["nodePool"].(string); p != "" {
			pools[fmt.Sprint(c["name"])], _ = g.poolStatus(p)["object"].(string)
		}
	}
	l, err := cluster.CoreV1().Pods(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
	if err != nil {
		return err
	}
	var failed []error
	ours := map[string]bool{}
	for _, p := range l.Items {
		ours[string(p.UID)] = true
		if p.DeletionTimestamp != nil {
			continue // Its node may have gone before it.
		}
		failed = append(failed, placed(g.t, cluster, &p, pools[p.Labels[v1alpha1.LabelComponent]]))
	}
	all, err := cluster.CoreV1().Pods("").List(g.t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, p := range all.Items {
		for _, pool := range pools {
			if !ours[string(p.UID)] && slices.Contains(nodesOf(g.t, cluster, pool), p.Spec.NodeName) {
				failed = append(failed, fmt.Errorf("pod %s/%s, which is not of the graph, is on node %s of its pool", p.Namespace, p.Name, p.Spec.NodeName))
			}
		}
	}
	return errors.Join(failed...)
}

// placed checks that the scheduler has put a pod on a node of a pool, or for no pool on a node of none.
func placed(t *testing.T, cluster kubernetes.Interface, p *corev1.Pod, pool string) error {
	t.Helper()
	if p.Spec.NodeName == "" {
		return fmt.Errorf("pod %s is on no node", p.Name)
	}
	n, err := cluster.CoreV1().Nodes().Get(t.Context(), p.Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if got := n.Labels[v1alpha1.LabelNodePool]; got != pool {
		return fmt.Errorf("pod %s is on node %s of pool %q, want %q", p.Name, n.Name, got, pool)
	}
	return nil
}

// grew checks that the autoscaler made a node for a graph where there was none.
func (g *graph) grew(cluster kubernetes.Interface) bool {
	g.t.Helper()
	l, err := cluster.CoreV1().Events(g.namespace).List(g.t.Context(), metav1.ListOptions{FieldSelector: "reason=TriggeredScaleUp"})
	if err != nil {
		g.t.Fatal(err)
	}
	return slices.ContainsFunc(l.Items, func(e corev1.Event) bool {
		return strings.HasPrefix(e.InvolvedObject.Name, g.name+"-") && strings.Contains(e.Message, " 0->1 ")
	})
}

// The examples of the three clouds are one graph, and differ in clusterRef alone.
func TestOneGraphThreeClouds(t *testing.T) {
	specs := map[string]any{}
	for cloud := range providers() {
		objs, err := controlplane.ReadObjects(filepath.Join(root, "examples", "node-pools", cloud+".yaml"))
		if err != nil || len(objs) != 1 {
			t.Fatalf("want one graph, got %d: %v", len(objs), err)
		}
		if got, _, _ := unstructured.NestedString(objs[0].Object, "spec", "clusterRef", "name"); got != cloud {
			t.Errorf("the example of %s runs on %s", cloud, got)
		}
		unstructured.RemoveNestedField(objs[0].Object, "spec", "clusterRef")
		specs[cloud] = objs[0].Object["spec"]
	}
	for cloud, spec := range specs {
		if diff := cmp.Diff(specs["eks"], spec); diff != "" {
			t.Errorf("-eks, +%s:\n%s", cloud, diff)
		}
	}
}

// Workloads that do not bear what a pool's nodes want of them stay Pending, by the check by which all others pass. So that
// check, and the scheduler and the autoscaler behind it, are no formality.
func TestPodsThatDoNotFitStayPending(t *testing.T) {
	t.Parallel()
	g := create(t, "honest", fmt.Sprintf(pooled, "honest", "eks", "machineType: g6.xlarge, size: {min: 0, max: 3}"))
	g.ready()
	if err := g.fit(e2e.kube); err != nil {
		t.Fatal(err)
	}
	pool := g.pools()[0].GetName()
	var worker corev1.Pod
	for _, p := range g.pods() {
		if p.Labels[v1alpha1.LabelComponent] == "worker" {
			worker = p
		}
	}

	// Nodes like the pool's, but for the label.
	bare := g.pools()[0].DeepCopy()
	bare = &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": bare.GetAPIVersion(), "kind": bare.GetKind(), "metadata": map[string]any{"name": "bare", "namespace": g.namespace}, "spec": bare.Object["spec"],
	}}
	unstructured.RemoveNestedField(bare.Object, "spec", "forProvider", "labels", v1alpha1.LabelNodePool)
	if err := e2e.cp.Apply(t.Context(), "", bare); err != nil {
		t.Fatal(err)
	}

	cases := map[string]struct {
		reason string
		change func(*corev1.Pod)
		fits   bool
	}{
		"as-composed": {reason: "A pod as it is composed", change: func(*corev1.Pod) {}, fits: true},
		"no-toleration": {reason: "A pod without the toleration of the taint of GPU nodes", change: func(p *corev1.Pod) {
			p.Spec.Tolerations = slices.DeleteFunc(p.Spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == "nvidia.com/gpu" })
		}},
		"no-label": {reason: "A pod that selects nodes by a label that they were not given", change: func(p *corev1.Pod) {
			p.Spec.NodeSelector[v1alpha1.LabelNodePool] = "bare"
		}},
		"too-many-gpus": {reason: "A pod with more GPUs than a node has", change: func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Limits["nvidia.com/gpu"] = resource.MustParse("2")
			p.Spec.Containers[0].Resources.Requests["nvidia.com/gpu"] = resource.MustParse("2")
		}},
	}
	pods := e2e.kube.CoreV1().Pods(g.namespace)
	for name, tc := range cases {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"test": "honest"}}, Spec: *worker.Spec.DeepCopy()}
		p.Spec.NodeName = ""
		tc.change(p)
		if _, err := pods.Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(name string) *corev1.Pod {
		p, err := pods.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	eventually(t, "the pod as it is composed gets a node of its own", func() (bool, string) {
		err := placed(t, e2e.kube, get("as-composed"), pool)
		return err == nil, fmt.Sprint(err)
	})
	for name, tc := range cases {
		if tc.fits {
			continue
		}
		eventually(t, "the autoscaler says that it makes no node for pod "+name, func() (bool, string) {
			l, err := e2e.kube.CoreV1().Events(g.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=NotTriggerScaleUp,involvedObject.name=" + name})
			return err == nil && len(l.Items) > 0, fmt.Sprint(err)
		})
		p := get(name)
		if err := placed(t, e2e.kube, p, pool); err == nil || p.Status.Phase != corev1.PodPending {
			t.Errorf("%s is %s on node %q, want it Pending", tc.reason, p.Status.Phase, p.Spec.NodeName)
		}
	}
}
