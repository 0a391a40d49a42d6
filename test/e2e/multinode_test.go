package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const multinode = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  clusterRef: {name: multinode}
  backend: vllm
  model: {name: meta-llama/Llama-3.1-70B-Instruct}
  components:
  - {name: frontend, type: frontend}
  - name: worker
    type: worker
    nodeCount: 2
    gpus: 4
    minAvailable: 1
`

// A replica of two nodes gets two pods that know their ranks and their leader's address. Only the leader is in the
// Service.
func TestMultinode(t *testing.T) {
	g := create(t, "multinode", fmt.Sprintf(multinode, "ranks"))
	g.ready()

	pods := g.workers()
	if len(pods) != 2 {
		t.Fatalf("want 2 pods, got %d", len(pods))
	}
	for name, rank := range map[string]string{"ranks-worker-lws-0": "0", "ranks-worker-lws-0-1": "1"} {
		p, ok := pods[name]
		if !ok {
			t.Fatalf("no pod %s", name)
		}
		main := p.Spec.Containers[0]
		env := map[string]string{}
		for _, e := range main.Env {
			env[e.Name] = e.Value
		}
		if got, want := env["LWS_LEADER_ADDRESS"], "ranks-worker-lws-0.ranks-worker-lws.multinode"; got != want {
			t.Errorf("%s: leader address %q, want %q", name, got, want)
		}
		args := make([]string, len(main.Args))
		for i, a := range main.Args {
			args[i] = strings.NewReplacer("$(LWS_WORKER_INDEX)", env["LWS_WORKER_INDEX"], "$(LWS_LEADER_ADDRESS)", env["LWS_LEADER_ADDRESS"]).Replace(a)
		}
		line := strings.Join(args, " ")
		for _, want := range []string{"--tensor-parallel-size 4 --pipeline-parallel-size 2", "--nnodes 2 --node-rank " + rank + " ", "--master-addr ranks-worker-lws-0.ranks-worker-lws.multinode "} {
			if !strings.Contains(line+" ", want) {
				t.Errorf("%s: no %q in %q", name, want, line)
			}
		}
		if headless := slices.Contains(args, "--headless"); headless == (rank == "0") {
			t.Errorf("%s: headless is %t", name, headless)
		}
		if !strings.HasPrefix(p.Spec.NodeName, "gpu-") || p.Spec.Hostname == "" || p.Spec.Subdomain != "ranks-worker-lws" {
			t.Errorf("%s: on node %q with name %q.%q", name, p.Spec.NodeName, p.Spec.Hostname, p.Spec.Subdomain)
		}
	}
	eventually(t, "the Service has the leader alone", func() (bool, string) {
		got := g.endpoints("ranks-worker")
		return slices.Equal(got, []string{"ranks-worker-lws-0"}), fmt.Sprint(got)
	})
	eventually(t, "the headless Service has every pod", func() (bool, string) {
		got := g.endpoints("ranks-worker-lws")
		return slices.Equal(got, []string{"ranks-worker-lws-0", "ranks-worker-lws-0-1"}), fmt.Sprint(got)
	})
	if got, _, _ := unstructured.NestedString(g.get().Object, "status", "orchestrator"); got != string(v1alpha1.OrchestratorLeaderWorkerSet) {
		t.Errorf("orchestrator is %q", got)
	}
}

// Whole replicas come and go. None of those that stay starts again.
func TestMultinodeScales(t *testing.T) {
	g := create(t, "multinode", fmt.Sprintf(multinode, "scaled"))
	g.ready()
	first := g.workers()
	for _, n := range []int{3, 0, 1} {
		g.patch(op("add", "/spec/components/1/replicas", n))
		g.ready()
		eventually(t, fmt.Sprintf("%d replicas have their pods", n), func() (bool, string) {
			return len(g.workers()) == 2*n, fmt.Sprint(len(g.workers()), " pods")
		})
		if n != 3 {
			continue
		}
		for name, p := range g.workers() {
			if old, ok := first[name]; ok && old.UID != p.UID {
				t.Errorf("%s started again", name)
			}
		}
	}
}

// A pod that is lost takes its replica along, and both of its pods come back. An edit replaces every pod, and the graph is
// not Ready before.
func TestMultinodeReplaces(t *testing.T) {
	g := create(t, "multinode", fmt.Sprintf(multinode, "replaced"))
	g.ready()
	before := g.workers()
	if err := e2e.kube.CoreV1().Pods(g.namespace).Delete(t.Context(), "replaced-worker-lws-0-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the whole replica is new", func() (bool, string) { return g.replaced(before) })
	g.ready()

	before = g.workers()
	g.patch(op("add", "/spec/env", []any{map[string]any{"name": "A", "value": "b"}}))
	g.ready()
	if ok, seen := g.replaced(before); !ok {
		t.Errorf("Ready before every pod is new: %s", seen)
	}
}

// replaced reports whether both pods of the first replica are others than before.
func (g *graph) replaced(before map[string]corev1.Pod) (ok bool, seen string) {
	now := g.workers()
	for name, p := range before {
		if is, ok := now[name]; !ok || is.UID == p.UID {
			return false, name + " is gone or the same"
		}
	}
	return len(now) == len(before), fmt.Sprint(len(now), " pods")
}

// workers are the pods of the component worker that are not being deleted.
func (g *graph) workers() map[string]corev1.Pod {
	out := map[string]corev1.Pod{}
	for _, p := range g.pods() {
		if p.Labels[v1alpha1.LabelComponent] == "worker" {
			out[p.Name] = p
		}
	}
	return out
}

// endpoints are the names of the pods behind a Service.
func (g *graph) endpoints(service string) []string {
	g.t.Helper()
	l, err := e2e.kube.DiscoveryV1().EndpointSlices(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		g.t.Fatal(err)
	}
	var out []string
	for _, s := range l.Items {
		for _, e := range s.Endpoints {
			if e.TargetRef != nil {
				out = append(out, e.TargetRef.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
