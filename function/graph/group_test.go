package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

func TestGroup(t *testing.T) {
	cases := map[string]struct {
		reason  string
		backend v1alpha1.Backend
		change  func(c *v1alpha1.Component)
		main    *corev1.Container
		want    *Group
	}{
		"OneNode":   {reason: "A component of one node is no group", change: func(c *v1alpha1.Component) { c.NodeCount = new(int32(1)) }},
		"Generated": {reason: "A generated vLLM spans the nodes", want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinMultiprocessing}},
		"GeneratedSGLang": {
			reason: "A generated SGLang spans the nodes", backend: v1alpha1.BackendSGLang,
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinSGLang},
		},
		"Spans": {
			reason: "A model that is larger than a node", main: &corev1.Container{Args: []string{"-tp", "16"}},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinMultiprocessing},
		},
		"Ray": {
			reason: "Ray is taken where it is asked for", main: &corev1.Container{Args: []string{"-tp", "16", "--distributed-executor-backend=ray"}},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinRay},
		},
		"DataParallel": {
			reason: "Copies of a model that fits a node", main: &corev1.Container{Args: []string{"-tp", "2", "-dp", "8"}},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinDataParallel, LocalRanks: 4},
		},
		"DPAttention": {
			reason: "SGLang's data parallel attention shares GPUs", backend: v1alpha1.BackendSGLang,
			main: &corev1.Container{Args: []string{"--tp", "16", "--dp", "16", "--enable-dp-attention"}},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinSGLang},
		},
		"ConfigFile": {
			reason: "Sizes in a file cannot be checked", main: &corev1.Container{Args: []string{"--config", "/etc/vllm.yaml"}},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinMultiprocessing},
		},
		"OwnRendezvous": {
			reason: "Who joins the nodes is left alone", main: &corev1.Container{Args: []string{"-tp", "16", "--nnodes=2"}},
			want: &Group{Object: "g-w-lws", Nodes: 2},
		},
		"OwnProgram": {
			reason: "Another program is left alone", main: &corev1.Container{Command: []string{"/serve.sh"}},
			want: &Group{Object: "g-w-lws", Nodes: 2},
		},
		"Custom": {
			reason: "A custom component is left alone, and needs no GPUs",
			change: func(c *v1alpha1.Component) { c.Type, c.GPUs = v1alpha1.TypeCustom, nil },
			main:   &corev1.Container{Image: "i"},
			want:   &Group{Object: "g-w-lws", Nodes: 2},
		},
		"GPUsOfTemplate": {
			reason: "A limit in the template counts", change: func(c *v1alpha1.Component) { c.GPUs = nil },
			main: &corev1.Container{
				Args:      []string{"-tp", "8"},
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("4")}},
			},
			want: &Group{Object: "g-w-lws", Nodes: 2, Join: JoinMultiprocessing},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := v1alpha1.Component{Name: "w", Type: v1alpha1.TypeWorker, NodeCount: new(int32(2)), GPUs: new(int32(8))}
			if tc.change != nil {
				tc.change(&c)
			}
			if tc.main != nil {
				tc.main.Name = v1alpha1.MainContainer
				c.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{*tc.main}}}
			}
			backend := v1alpha1.BackendVLLM
			if tc.backend != "" {
				backend = tc.backend
			}
			g, refused := Resolve(Input{
				Name: "g", Namespace: "n",
				Cluster: Cluster{Name: "c", Capabilities: v1alpha1.Capabilities{Orchestrators: []v1alpha1.Orchestrator{v1alpha1.OrchestratorLeaderWorkerSet}}},
				Spec:    v1alpha1.InferenceGraphSpec{Backend: backend, Model: &v1alpha1.Model{Name: "m"}, Components: []v1alpha1.Component{c}},
			})
			if refused != nil {
				t.Fatalf("%s: %v", tc.reason, refused)
			}
			if diff := cmp.Diff(tc.want, g.Components[0].Group); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
