package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const cliques = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: %s}
spec:
  clusterRef: {name: grove}
  orchestrator: Grove
  backend: vllm
  model: {name: meta-llama/Llama-3.1-70B-Instruct}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, nodeCount: 2, gpus: 4, minAvailable: 1}
`

// The pods of a replica get ranks and addresses that are those of each other. Only the leader is in the Service.
func TestGrove(t *testing.T) {
	g := create(t, "grove", fmt.Sprintf(cliques, "ranks"))
	g.ready()

	pods := g.workers()
	if len(pods) != 2 {
		t.Fatalf("want 2 pods, got %d", len(pods))
	}
	leader := ""
	for name, p := range pods {
		main := p.Spec.Containers[0]
		line := strings.Join(slices.Concat(main.Command, main.Args), " ") + " "
		for _, e := range main.Env {
			v := e.Value
			if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil {
				v = p.Labels[strings.TrimSuffix(strings.TrimPrefix(e.ValueFrom.FieldRef.FieldPath, "metadata.labels['"), "']")]
			}
			line = strings.ReplaceAll(line, "$("+e.Name+")", v)
		}
		want := []string{"--tensor-parallel-size 4 --pipeline-parallel-size 2 ", "--nnodes 2 ", "--master-addr ranks-0-worker-0-worker-ldr-0.ranks-0.grove.svc.cluster.local "}
		switch p.Labels[v1alpha1.LabelRole] {
		case "leader":
			leader = name
			want = append(want, "--node-rank 0 ")
			if p.Spec.Hostname != "ranks-0-worker-0-worker-ldr-0" || p.Spec.Subdomain != "ranks-0" {
				t.Errorf("the leader is called %s.%s", p.Spec.Hostname, p.Spec.Subdomain)
			}
		case "worker":
			want = append(want, `exec "$@" --node-rank "$((GROVE_PCLQ_POD_INDEX + 1))" sh python3 -m dynamo.vllm `, "--headless ")
		}
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("%s: no %q in %q", name, w, line)
			}
		}
		if !strings.HasPrefix(p.Spec.NodeName, "gpu-") {
			t.Errorf("%s is on node %q", name, p.Spec.NodeName)
		}
	}
	eventually(t, "the Service has the leader alone", func() (bool, string) {
		got := g.endpoints("ranks-worker")
		return slices.Equal(got, []string{leader}), fmt.Sprint(got)
	})
	if got, _, _ := unstructured.NestedString(g.get().Object, "status", "orchestrator"); got != string(v1alpha1.OrchestratorGrove) {
		t.Errorf("orchestrator is %q", got)
	}
}

// Replicas reach what Grove made by the scale of it, through the autoscaler of the controller manager, which is gone then.
// None of the pods that stay starts again.
func TestGroveScales(t *testing.T) {
	g := create(t, "grove", fmt.Sprintf(cliques, "scaled"))
	g.ready()
	first := g.pods()
	for _, n := range []int{2, 1} {
		g.patch(op("add", "/spec/components/0/replicas", n+1), op("add", "/spec/components/1/replicas", n))
		g.ready()
		eventually(t, fmt.Sprintf("%d replicas have their pods", n), func() (bool, string) {
			return len(g.workers()) == 2*n && len(g.pods()) == 3*n+1, fmt.Sprint(len(g.pods()), " pods")
		})
		eventually(t, "no autoscaler is left", func() (bool, string) {
			l, err := e2e.kube.AutoscalingV2().HorizontalPodAutoscalers(g.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
			return err == nil && len(l.Items) == 0, fmt.Sprint(l, err)
		})
	}
	now := map[string]bool{}
	for _, p := range g.pods() {
		now[p.Name] = true
	}
	for _, p := range first {
		if !now[p.Name] {
			t.Errorf("%s was replaced", p.Name)
		}
	}
}

// An edit replaces every pod, and the graph is not Ready before. What Grove cannot change is refused, and nothing changes.
func TestGroveReplaces(t *testing.T) {
	g := create(t, "grove", fmt.Sprintf(cliques, "replaced"))
	g.ready()
	before := map[string]bool{}
	for _, p := range g.pods() {
		before[p.Name] = true
	}
	g.patch(op("add", "/spec/env", []any{map[string]any{"name": "A", "value": "b"}}))
	g.ready()
	for _, p := range g.pods() {
		if before[p.Name] {
			t.Errorf("Ready while %s is old", p.Name)
		}
	}
	g.patch(op("add", "/spec/components/-", map[string]any{"name": "more", "type": "frontend"}))
	if _, msg := g.isFalse(v1alpha1.ConditionAccepted); !strings.Contains(msg, "Grove cannot add, remove or rename components") {
		t.Errorf("it says %q", msg)
	}
	g.patch(map[string]any{"op": "remove", "path": "/spec/components/2"})
	g.ready()
}

// A restart goes through the components in order, and both pods of a replica over two nodes.
func TestGroveRestarts(t *testing.T) {
	g := create(t, "grove", fmt.Sprintf(cliques, "restarted"))
	g.ready()
	before := g.pods()
	g.patch(op("add", "/spec/restart", map[string]any{"id": "r1", "order": []any{"worker", "frontend"}}))
	eventually(t, "the restart is complete", func() (bool, string) {
		phase, _, _ := unstructured.NestedString(g.get().Object, "status", "restart", "phase")
		return phase == v1alpha1.RestartCompleted, phase
	})
	g.ready()
	var workers, frontends []corev1.Pod
	for _, p := range g.pods() {
		if _, old := before[string(p.UID)]; old {
			t.Errorf("%s did not start again", p.Name)
		}
		if p.Labels[v1alpha1.LabelComponent] == "worker" {
			workers = append(workers, p)
		} else {
			frontends = append(frontends, p)
		}
	}
	for _, w := range workers {
		for _, f := range frontends {
			if f.CreationTimestamp.Before(&w.CreationTimestamp) {
				t.Errorf("%s started before %s", f.Name, w.Name)
			}
		}
	}
}

const scaledCliques = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: metrics}
spec:
  clusterRef: {name: grove}
  orchestrator: Grove
  backend: vllm
  model: {name: meta-llama/Llama-3.1-70B-Instruct}
  components:
  - {name: frontend, type: frontend}
  - name: worker
    type: worker
    nodeCount: 2
    gpus: 4
    scaling:
      min: 1
      max: 2
      metrics:
      - {type: External, external: {metric: {name: dynamo_queued_requests}, target: {type: AverageValue, averageValue: "10"}}}
`

// The autoscaler that Grove makes sets the replicas of what it made, and reconciling the graph does not set them back.
func TestGroveAutoscaler(t *testing.T) {
	const ns = "grove-autoscaled"
	m := e2e.cp.Metrics()
	m.SetExternal(ns, "dynamo_queued_requests", "5")
	g := create(t, ns, scaledCliques)
	g.ready()

	m.SetExternal(ns, "dynamo_queued_requests", "20")
	eventually(t, "there are two replicas", func() (bool, string) {
		return len(g.workers()) == 4, fmt.Sprint(len(g.workers()), " pods")
	})
	g.ready()
	for n := range 50 {
		g.patch(op("add", "/metadata/annotations", map[string]any{"touched": strconv.Itoa(n)}))
		time.Sleep(200 * time.Millisecond)
		if got := len(g.workers()); got != 4 {
			t.Fatalf("after %d reconciles there are %d pods", n, got)
		}
	}
	m.SetExternal(ns, "dynamo_queued_requests", "5")
	eventually(t, "there is one replica", func() (bool, string) {
		return len(g.workers()) == 2, fmt.Sprint(len(g.workers()), " pods")
	})
	g.ready()
}
