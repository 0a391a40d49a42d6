package compose

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
)

func group(t *testing.T, c *v1alpha1.Component) (*graph.Graph, *graph.Component) {
	t.Helper()
	c.Name, c.Type = "w", v1alpha1.TypeWorker
	c.NodeCount, c.GPUs = new(int32(2)), new(int32(8))
	g, refused := graph.Resolve(graph.Input{
		Name: "g", Namespace: "n",
		Cluster: graph.Cluster{Name: "c", Capabilities: v1alpha1.Capabilities{Orchestrators: []v1alpha1.Orchestrator{v1alpha1.OrchestratorLeaderWorkerSet}}},
		Spec: v1alpha1.InferenceGraphSpec{
			Backend: v1alpha1.BackendVLLM, Model: &v1alpha1.Model{Name: "m"}, Components: []v1alpha1.Component{*c},
		},
	})
	if refused != nil {
		t.Fatal(refused)
	}
	return g, &g.Components[0]
}

// The engine of a worker is part of its leader's: it has no probes, and is in no Service.
func TestWorkersServeNothing(t *testing.T) {
	g, c := group(t, &v1alpha1.Component{})
	set, ok := LeaderWorkerSet(g, c).Object.(*lws.LeaderWorkerSet)
	if !ok {
		t.Fatal("no LeaderWorkerSet")
	}
	leader, worker := set.Spec.LeaderWorkerTemplate.LeaderTemplate, set.Spec.LeaderWorkerTemplate.WorkerTemplate
	if m := leader.Spec.Containers[0]; m.ReadinessProbe == nil || m.LivenessProbe == nil || m.StartupProbe == nil || len(leader.Spec.InitContainers) > 0 {
		t.Errorf("the leader's pod is not that of any worker: %v", leader.Spec)
	}
	if m := worker.Spec.Containers[0]; m.ReadinessProbe != nil || m.LivenessProbe != nil || m.StartupProbe != nil {
		t.Errorf("a worker has probes: %v", m)
	}
	service, ok := Service(g, c)[0].Object.(*corev1.Service)
	if !ok {
		t.Fatal("no Service")
	}
	for k, v := range service.Spec.Selector {
		if leader.Labels[k] != v {
			t.Errorf("the Service does not select the leader: %s is %q", k, leader.Labels[k])
		}
	}
	if worker.Labels[v1alpha1.LabelRole] == service.Spec.Selector[v1alpha1.LabelRole] {
		t.Error("the Service selects workers")
	}
	if service.Name == set.Name {
		t.Error("the Service has the name of the headless Service that LeaderWorkerSet makes")
	}
}

// Where every node has copies of the model, every node answers.
func TestEveryNodeOfDataParallelServes(t *testing.T) {
	g, c := group(t, &v1alpha1.Component{PodTemplate: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "main", Args: []string{"-tp", "4", "-dp", "4"}},
	}}}})
	service, ok := Service(g, c)[0].Object.(*corev1.Service)
	if !ok {
		t.Fatal("no Service")
	}
	if role, selected := service.Spec.Selector[v1alpha1.LabelRole]; selected {
		t.Errorf("the Service selects only pods of role %s", role)
	}
}

// A worker starts when the name of its leader resolves. A user's own container of that name is taken instead.
func TestWaitForLeader(t *testing.T) {
	cases := map[string]struct {
		reason string
		group  graph.Group
		env    []string
		leader string
	}{
		"LeaderWorkerSet": {
			reason: "The leader's address is in a variable",
			env:    []string{"LWS_LEADER_ADDRESS=group-0.group.ns"}, leader: "group-0.group.ns",
		},
		"Grove": {
			reason: "The leader's address is built of variables",
			group:  graph.Group{Clique: "w"},
			env:    []string{"GROVE_PCSG_NAME=g-0-w", "GROVE_PCSG_INDEX=0", "GROVE_HEADLESS_SERVICE=g-0.ns.svc.cluster.local"},
			leader: "g-0-w-0-w-ldr-0.g-0.ns.svc.cluster.local",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			k := waitForLeader(&tc.group, "image", nil)[0]
			c := exec.CommandContext(t.Context(), k.Command[0], k.Command[1:]...)
			c.Env = append([]string{"PATH=" + tools(t) + ":/usr/bin:/bin"}, tc.env...)
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if diff := cmp.Diff("10.0.0.1 "+tc.leader+"\n", string(out)); diff != "" {
				t.Errorf("%s: it did not wait for the second answer (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
	if got := waitForLeader(&graph.Group{}, "image", []corev1.Container{{Name: "wait-for-leader"}}); len(got) > 0 {
		t.Errorf("a user's container gets a twin: %v", got)
	}
}

func TestAvailable(t *testing.T) {
	cases := map[string]struct {
		reason   string
		replicas *int32
		least    int32
		nodes    int32
		want     int32
	}{
		"OneNode":   {reason: "Replicas are pods", replicas: new(int32(4)), least: 3, want: 3},
		"AllOfTwo":  {reason: "No pod of any group may go", replicas: new(int32(2)), least: 2, nodes: 2, want: 4},
		"OneOfTwo":  {reason: "A second pod may be of the second group, so one may go", replicas: new(int32(2)), least: 1, nodes: 2, want: 3},
		"TwoOfFour": {reason: "Two pods take two groups at most", replicas: new(int32(4)), least: 2, nodes: 8, want: 30},
		"None":      {reason: "Nothing runs, so nothing can go", replicas: new(int32(0)), least: 1, nodes: 2, want: 0},
		"Scaled":    {reason: "Somebody else owns the replicas", least: 2, nodes: 4, want: 8},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := &graph.Component{Replicas: tc.replicas, MinAvailable: &tc.least}
			if tc.nodes > 1 {
				c.Group = &graph.Group{Nodes: tc.nodes}
			}
			if got := available(c); got != tc.want {
				t.Errorf("%s: got %d, want %d", tc.reason, got, tc.want)
			}
		})
	}
}
