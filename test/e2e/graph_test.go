package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// patience is how long anything may take on a busy machine.
const patience = 3 * time.Minute

func graphs() schema.GroupVersionResource {
	return v1alpha1.GroupVersion.WithResource("inferencegraphs")
}

// A graph is an InferenceGraph on the control plane.
type graph struct {
	t         *testing.T
	namespace string
	name      string
}

// namespace creates a Namespace for a test.
func namespace(t *testing.T, name string) string {
	t.Helper()
	_, err := e2e.kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("cannot create Namespace %q: %v", name, err)
	}
	return name
}

// create applies an InferenceGraph from YAML, and deletes it when the test ends.
func create(t *testing.T, ns, y string) *graph {
	t.Helper()
	g := apply(t, ns, y)
	t.Cleanup(func() {
		policy := metav1.DeletePropagationForeground
		_ = e2e.client.Resource(graphs()).Namespace(g.namespace).Delete(context.Background(), g.name, metav1.DeleteOptions{PropagationPolicy: &policy})
	})
	return g
}

// apply applies an InferenceGraph from YAML.
func apply(t *testing.T, ns, y string) *graph {
	t.Helper()
	objs, err := controlplane.ParseObjects([]byte(y))
	if err != nil || len(objs) != 1 {
		t.Fatalf("cannot read one graph: %v", err)
	}
	objs[0].SetNamespace(namespace(t, ns))
	if err := e2e.cp.Apply(t.Context(), ns, objs[0]); err != nil {
		t.Fatal(err)
	}
	return &graph{t: t, namespace: ns, name: objs[0].GetName()}
}

// get returns the graph as it is.
func (g *graph) get() *unstructured.Unstructured {
	g.t.Helper()
	u, err := e2e.client.Resource(graphs()).Namespace(g.namespace).Get(g.t.Context(), g.name, metav1.GetOptions{})
	if err != nil {
		g.t.Fatalf("cannot get the graph: %v", err)
	}
	return u
}

// patch changes the graph by a JSON patch.
func (g *graph) patch(ops ...map[string]any) {
	g.t.Helper()
	b, err := json.Marshal(ops)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := e2e.client.Resource(graphs()).Namespace(g.namespace).Patch(g.t.Context(), g.name, types.JSONPatchType, b, metav1.PatchOptions{}); err != nil {
		g.t.Fatalf("cannot patch the graph: %v", err)
	}
}

func op(kind, path string, value any) map[string]any {
	return map[string]any{"op": kind, "path": path, "value": value}
}

// condition of the graph: its status, reason and message.
func (g *graph) condition(kind string) (status, reason, message string) {
	cs, _, _ := unstructured.NestedSlice(g.get().Object, "status", "conditions")
	for _, c := range cs {
		m, _ := c.(map[string]any)
		if m["type"] == kind {
			return fmt.Sprint(m["status"]), fmt.Sprint(m["reason"]), fmt.Sprint(m["message"])
		}
	}
	return "", "", ""
}

// ready waits until the graph is Ready as it is now. Crossplane writes what the function says of a graph before its own
// conditions, and the generation of an edit beside conditions that are about the spec before it when the edit arrives
// while it reconciles. What the function says is all of one generation.
func (g *graph) ready() {
	g.t.Helper()
	eventually(g.t, "graph "+g.name+" is Ready", func() (bool, string) {
		u := g.get()
		observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
		components, _, _ := unstructured.NestedSlice(u.Object, "spec", "components")
		rolledOut, _, _ := unstructured.NestedString(u.Object, "status", "readyComponents")
		ok := observed == u.GetGeneration() && rolledOut == fmt.Sprintf("%d/%d", len(components), len(components))
		for _, c := range []string{"Ready", "Synced", v1alpha1.ConditionComponentsReady, v1alpha1.ConditionAccepted} {
			ok = ok && conditionStatus(u, c) == "True"
		}
		return ok, fmt.Sprintf("generation %d, status %v", u.GetGeneration(), u.Object["status"])
	})
}

// isFalse waits until a condition is False, and returns its reason and message.
func (g *graph) isFalse(kind string) (reason, message string) {
	g.t.Helper()
	eventually(g.t, kind+" of "+g.name+" is False", func() (bool, string) {
		s, r, m := g.condition(kind)
		reason, message = r, m
		return s == "False", s + " " + r + " " + m
	})
	return reason, message
}

// deployments of the graph by component.
func (g *graph) deployments() map[string]appsv1.Deployment {
	g.t.Helper()
	l, err := e2e.kube.AppsV1().Deployments(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
	if err != nil {
		g.t.Fatal(err)
	}
	out := map[string]appsv1.Deployment{}
	for _, d := range l.Items {
		out[d.GetLabels()[v1alpha1.LabelComponent]] = d
	}
	return out
}

// pods of the graph that are not being deleted, by UID.
func (g *graph) pods() map[string]corev1.Pod {
	g.t.Helper()
	l, err := e2e.kube.CoreV1().Pods(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
	if err != nil {
		g.t.Fatal(err)
	}
	out := map[string]corev1.Pod{}
	for _, p := range l.Items {
		if p.DeletionTimestamp == nil {
			out[string(p.GetUID())] = p
		}
	}
	return out
}

// uids of the pods of each component.
func (g *graph) uids() map[string][]string {
	out := map[string][]string{}
	for uid, p := range g.pods() {
		c := p.Labels[v1alpha1.LabelComponent]
		out[c] = append(out[c], uid)
	}
	for _, u := range out {
		sortStrings(u)
	}
	return out
}

// composed are the objects that the graph refers to, as kind/name.
func (g *graph) composed() []string {
	refs, _, _ := unstructured.NestedSlice(g.get().Object, "spec", "crossplane", "resourceRefs")
	out := make([]string, 0, len(refs))
	for _, r := range refs {
		m, _ := r.(map[string]any)
		out = append(out, fmt.Sprintf("%s/%s", m["kind"], m["name"]))
	}
	sortStrings(out)
	return out
}

// remove deletes the graph and waits until it is gone.
func (g *graph) remove() {
	g.t.Helper()
	c := e2e.client.Resource(graphs()).Namespace(g.namespace)
	if err := c.Delete(g.t.Context(), g.name, metav1.DeleteOptions{}); err != nil {
		g.t.Fatal(err)
	}
	eventually(g.t, "graph "+g.name+" is gone", func() (bool, string) {
		_, err := c.Get(g.t.Context(), g.name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
}

// eventually waits until a condition holds, and fails with what was last seen.
func eventually(t testing.TB, what string, check func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, seen := check()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s; last seen: %s\n%s", what, seen, functionLog())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// functionLog is the end of the log of the function.
func functionLog() string {
	for name := range e2e.cp.Processes() {
		if strings.Contains(name, "function") {
			out, _ := exec.Command("tail", "-n", "20", e2e.cp.LogFile(name)).Output()
			return name + ":\n" + string(out)
		}
	}
	return "the function is not running"
}
