package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

const disaggregated = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  backend: vllm
  model: {name: Qwen/Qwen3-0.6B}
  components:
  - {name: frontend, type: frontend}
  - {name: prefill, type: prefill}
  - {name: decode, type: decode, replicas: 2}
`

// An edit rolls the pods that it is about, and no other.
func TestEdits(t *testing.T) {
	edits := []struct {
		name    string
		op      map[string]any
		rolls   []string
		scales  map[string]int
		created string
	}{
		{name: "Replicas", op: op("replace", "/spec/components/2/replicas", 3), scales: map[string]int{"decode": 3}},
		{name: "Image", op: op("add", "/spec/components/1/podTemplate", map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": "main", "image": "example.org/vllm:1"}},
		}}), rolls: []string{"prefill"}},
		{name: "ComponentEnv", op: op("add", "/spec/components/0/podTemplate", map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": "main", "env": []any{map[string]any{"name": "A", "value": "b"}}}},
		}}), rolls: []string{"frontend"}},
		{name: "GraphEnv", op: op("add", "/spec/env", []any{map[string]any{"name": "B", "value": "c"}}), rolls: []string{"frontend", "prefill", "decode"}},
		{name: "Label", op: op("add", "/metadata/labels", map[string]any{"team": "a"})},
		{name: "Component", op: op("add", "/spec/components/-", map[string]any{"name": "Long", "type": "decode"}), created: "long"},
		{name: "ScaleToZero", op: op("replace", "/spec/components/2/replicas", 0), scales: map[string]int{"decode": 0}},
	}
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			// Each edit has a graph of its own: many in short order open Crossplane's circuit breaker.
			g := create(t, "edits", fmt.Sprintf(disaggregated, strings.ToLower(e.name)))
			g.ready()
			before := g.uids()
			g.patch(e.op)
			g.ready()
			after := g.uids()
			for c, was := range before {
				is := after[c]
				kept := slices.ContainsFunc(is, func(u string) bool { return slices.Contains(was, u) })
				switch n, scaled := e.scales[c]; {
				case scaled && len(is) != n:
					t.Errorf("%s: want %d pods, got %d", c, n, len(is))
				case scaled && n > 0 && !kept:
					t.Errorf("%s: scaling replaced its pods", c)
				case slices.Contains(e.rolls, c) && kept:
					t.Errorf("%s: want new pods", c)
				case !scaled && !slices.Contains(e.rolls, c) && !cmp.Equal(was, is):
					t.Errorf("%s: want the same pods, before %v, after %v", c, was, is)
				}
			}
			if e.created != "" && len(after[e.created]) == 0 {
				t.Errorf("%s has no pods", e.created)
			}
		})
	}
}

// A removed component goes, alone.
func TestRemoveComponent(t *testing.T) {
	g := create(t, "edits", fmt.Sprintf(disaggregated, "shrinks"))
	g.ready()
	before := g.uids()
	g.patch(map[string]any{"op": "remove", "path": "/spec/components/1"})
	eventually(t, "prefill is gone", func() (bool, string) {
		after := g.uids()
		return len(after["prefill"]) == 0 && len(g.deployments()) == 2, fmt.Sprint(after)
	})
	g.ready()
	after := g.uids()
	for _, c := range []string{"frontend", "decode"} {
		if diff := cmp.Diff(before[c], after[c]); diff != "" {
			t.Errorf("%s: -before, +after:\n%s", c, diff)
		}
	}
}

// What somebody changes by hand in a composed object is put back, and what somebody deletes comes again.
func TestDrift(t *testing.T) {
	g := create(t, "drift", fmt.Sprintf(disaggregated, "drifts"))
	g.ready()
	c := e2e.kube.AppsV1().Deployments(g.namespace)
	image := g.deployments()["decode"].Spec.Template.Spec.Containers[0].Image

	patch := `{"spec":{"replicas":7,"template":{"spec":{"containers":[{"name":"main","image":"example.org/other:1"}]}}}}`
	if _, err := c.Patch(t.Context(), "drifts-decode", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment is put back", func() (bool, string) {
		d := g.deployments()["decode"]
		return *d.Spec.Replicas == 2 && d.Spec.Template.Spec.Containers[0].Image == image, fmt.Sprint(*d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Image)
	})
	was := g.deployments()["prefill"].UID
	if err := c.Delete(t.Context(), "drifts-prefill", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment comes again", func() (bool, string) {
		d, ok := g.deployments()["prefill"]
		return ok && d.UID != was, fmt.Sprint(ok, d.UID)
	})
	g.ready()
}

// Deleting a graph leaves nothing behind but the claims that are to be retained, and the next graph of its name finds
// them.
func TestDelete(t *testing.T) {
	const y = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: leaves}
spec:
  backend: vllm
  model: {name: m, cache: {claim: weights, mountPath: /models}}
  claims:
  - {name: weights, size: 10Gi}
  - {name: scratch, size: 1Gi, retain: false}
  components:
  - {name: frontend, type: frontend, minAvailable: 1}
  - {name: worker, type: worker, mounts: [{claim: scratch, mountPath: /scratch}]}
`
	g := apply(t, "deletes", y)
	g.ready()
	claims := e2e.kube.CoreV1().PersistentVolumeClaims(g.namespace)
	kept, err := claims.Get(t.Context(), "leaves-weights", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g.remove()

	eventually(t, "nothing is left but the retained claim", func() (bool, string) {
		left := everything(t, g.namespace)
		return cmp.Equal(left, []string{"persistentvolumeclaims/leaves-weights"}), strings.Join(left, " ")
	})
	// Garbage collection may be slow to come, so look again.
	time.Sleep(5 * time.Second)
	pvc, err := claims.Get(t.Context(), "leaves-weights", metav1.GetOptions{})
	if err != nil || pvc.DeletionTimestamp != nil || pvc.UID != kept.UID {
		t.Fatalf("the retained claim is not what it was: %v, %v", pvc, err)
	}

	g = create(t, "deletes", y)
	g.ready()
	pvc, err = claims.Get(t.Context(), "leaves-weights", metav1.GetOptions{})
	if err != nil || pvc.UID != kept.UID || metav1.GetControllerOf(pvc) == nil {
		t.Fatalf("the next graph of the name did not take the claim: %v, %v", pvc, err)
	}
}

// everything in a namespace that a graph may have left, as resource/name.
func everything(t *testing.T, ns string) []string {
	t.Helper()
	var out []string
	lists, err := e2e.kube.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		gv := strings.Split(l.GroupVersion, "/")
		for _, r := range l.APIResources {
			if !slices.Contains(r.Verbs, "list") || !slices.Contains(r.Verbs, "delete") || ignored(r.Name) {
				continue
			}
			gvr := graphs()
			gvr.Group, gvr.Version, gvr.Resource = "", gv[0], r.Name
			if len(gv) == 2 {
				gvr.Group, gvr.Version = gv[0], gv[1]
			}
			objs, err := e2e.client.Resource(gvr).Namespace(ns).List(t.Context(), metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			if err != nil {
				t.Fatalf("cannot list %s: %v", r.Name, err)
			}
			for _, o := range objs.Items {
				name := r.Name + "/" + o.GetName()
				if name != "serviceaccounts/default" && name != "configmaps/kube-root-ca.crt" {
					out = append(out, name)
				}
			}
		}
	}
	sortStrings(out)
	return slices.Compact(out)
}

// ignored resources are records of what happened.
func ignored(resource string) bool {
	return resource == "events"
}

// Killing the function, or Crossplane, in the middle of a rollout changes nothing of its end.
func TestCrash(t *testing.T) {
	crashes := map[string]func(t *testing.T){
		"function": func(t *testing.T) {
			t.Helper()
			if err := e2e.cp.KillFunction(functionName); err != nil {
				t.Fatal(err)
			}
		},
		"crossplane": func(t *testing.T) {
			t.Helper()
			if err := e2e.cp.RestartCrossplane(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, crash := range crashes {
		t.Run(name, func(t *testing.T) {
			g := create(t, "crash-"+name, fmt.Sprintf(disaggregated, "survives"))
			g.ready()
			before := g.uids()
			objects := g.composed()
			g.patch(op("add", "/spec/components/2/podTemplate", map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{"name": "main", "image": "example.org/vllm:2"}},
			}}))
			crash(t)
			g.ready()
			after := g.uids()
			for _, c := range []string{"frontend", "prefill"} {
				if diff := cmp.Diff(before[c], after[c]); diff != "" {
					t.Errorf("%s: -before, +after:\n%s", c, diff)
				}
			}
			if got := g.deployments()["decode"].Spec.Template.Spec.Containers[0].Image; got != "example.org/vllm:2" {
				t.Errorf("decode runs %s", got)
			}
			if diff := cmp.Diff(objects, g.composed()); diff != "" {
				t.Errorf("composed objects: -before, +after:\n%s", diff)
			}
		})
	}
}

// functionName is the Function as the package manager names it.
const functionName = "graphplane-function-graphplane"

// Two graphs whose names meet end in a clear condition of the second, and the first is not touched.
func TestNamesMeet(t *testing.T) {
	const y = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  backend: vllm
  model: {name: m}
  components: [{name: %s, type: worker}]
`
	first := create(t, "meet", fmt.Sprintf(y, "a-b", "c"))
	first.ready()
	pods := first.uids()

	second := create(t, "meet", fmt.Sprintf(y, "a", "b-c"))
	reason, msg := second.isFalse(v1alpha1.ConditionAccepted)
	want := `exists and belongs to InferenceGraph "a-b": rename this InferenceGraph or a component of it`
	if reason != v1alpha1.ReasonNameConflict || !strings.Contains(msg, want) {
		t.Errorf("Accepted: got %s: %s", reason, msg)
	}
	if refs := second.composed(); len(refs) != 0 {
		t.Errorf("the second graph composed %v", refs)
	}
	first.ready()
	if diff := cmp.Diff(pods, first.uids()); diff != "" {
		t.Errorf("the first graph's pods: -before, +after:\n%s", diff)
	}

	// Once the first is gone the second gets its turn by itself.
	first.remove()
	second.ready()
}

// A pod that cannot be placed keeps its graph from being Ready, and the graph says which component waits.
func TestNotReadyBeforeItsPods(t *testing.T) {
	g := create(t, "unplaced", `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: greedy}
spec:
  backend: vllm
  model: {name: m}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 64}
`)
	eventually(t, "only the worker waits", func() (bool, string) {
		_, _, msg := g.condition(v1alpha1.ConditionComponentsReady)
		return strings.HasPrefix(msg, "Waiting for components: worker;") || msg == "Waiting for components: worker", msg
	})
	if s, _, _ := g.condition("Ready"); s == "True" {
		t.Error("the graph is Ready without its worker")
	}
	if d := g.deployments()["worker"]; !pending(t, d) {
		t.Error("want the worker's pod to be pending")
	}
}

func pending(t *testing.T, d appsv1.Deployment) bool {
	t.Helper()
	l, err := e2e.kube.CoreV1().Pods(d.GetNamespace()).List(t.Context(), metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		t.Fatal(err)
	}
	return len(l.Items) == 1 && l.Items[0].Status.Phase == corev1.PodPending
}

// withComponents adds decode components to a graph of three until it has n. Their pods are ready at once, or as it plays.
func withComponents(y string, n int, plays string) string {
	var b strings.Builder
	b.WriteString(y)
	for i := 3; i < n; i++ {
		fmt.Fprintf(&b, "  - {name: decode-%d, type: decode, podTemplate: {metadata: {annotations: {%s: %q}}}}\n", i, controlplane.PlaysAnnotation, plays)
	}
	return b.String()
}

// The largest graph becomes Ready, and follows an edit, without opening Crossplane's circuit breaker on the way: with pods
// that are ready at once, and with pods that load a model first.
func TestLargestGraph(t *testing.T) {
	for name, plays := range map[string]string{"largest": "", "loading": "Loading"} {
		t.Run(name, func(t *testing.T) {
			g := create(t, name, withComponents(fmt.Sprintf(disaggregated, name), 25, plays))
			g.ready()
			if n := len(g.pods()); n != 26 {
				t.Errorf("want 26 pods, got %d", n)
			}
			g.patch(op("replace", "/spec/components/2/replicas", 4))
			g.ready()
			if n := len(g.uids()["decode"]); n != 4 {
				t.Errorf("decode has %d pods", n)
			}
			if s, reason, msg := g.condition("Responsive"); s != "True" {
				t.Errorf("Responsive is %q: %s %s", s, reason, msg)
			}
		})
	}
}

// A graph whose edits open the circuit breaker still follows the next edit.
func TestBreakerOpens(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	g := create(t, "breaker", fmt.Sprintf(disaggregated, "hurried"))
	g.ready()
	for i := range 200 {
		if s, _, _ := g.condition("Responsive"); s == "False" {
			break
		}
		g.patch(op("add", "/spec/env", []any{map[string]any{"name": "A", "value": strconv.Itoa(i)}}))
		time.Sleep(50 * time.Millisecond)
	}
	g.isFalse("Responsive")
	g.patch(op("replace", "/spec/components/2/replicas", 3))
	g.ready()
	if n := len(g.uids()["decode"]); n != 3 {
		t.Errorf("decode has %d pods", n)
	}
}
