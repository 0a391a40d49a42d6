package compose

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// pickedGraph is a valid graph with an endpoint picker and a worker.
func pickedGraph(worker graph.Component) *graph.Graph {
	worker.Name, worker.Key, worker.Type, worker.Image = "worker", "worker", v1alpha1.TypeWorker, "runtime"
	if worker.Template == nil {
		worker.Template = &corev1.PodTemplateSpec{}
	}
	epp := graph.Component{Name: "epp", Key: "epp", Type: v1alpha1.TypeEPP, Image: "epp", Template: &corev1.PodTemplateSpec{}}
	return &graph.Graph{
		Name: "g", Backend: v1alpha1.BackendVLLM, Model: &graph.Model{Name: "m", ServedName: "m"},
		Components: []graph.Component{epp, worker}, EPP: &graph.EPP{BlockSize: "16"},
	}
}

// Each plugin that a profile refers to is declared, and each that is declared with a name is used.
func TestDefaultPicker(t *testing.T) {
	for name, tc := range map[string]struct {
		prefill bool
		want    []string
	}{"Aggregated": {want: []string{"decode"}}, "Disaggregated": {prefill: true, want: []string{"prefill", "decode"}}} {
		t.Run(name, func(t *testing.T) {
			c := defaultPicker(tc.prefill)
			declared := map[string]bool{}
			for _, p := range c.Plugins {
				if p.Name != "" {
					declared[p.Name] = false
				}
			}
			var got []string
			for _, p := range c.SchedulingProfiles {
				got = append(got, p.Name)
				for _, r := range p.Plugins {
					if _, ok := declared[r.PluginRef]; !ok {
						t.Errorf("profile %s refers to %s, which is not declared", p.Name, r.PluginRef)
					}
					declared[r.PluginRef] = true
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("profiles (-want, +got):\n%s", diff)
			}
			for p, used := range declared {
				if !used {
					t.Errorf("%s is declared and not used", p)
				}
			}
		})
	}
}

// What a gateway sends a worker is taken by a frontend in its pod, which a user may change.
func TestFrontendOfWorker(t *testing.T) {
	cases := map[string]struct {
		reason string
		user   []corev1.Container
		change func(*graph.Graph)
		want   []string
	}{
		"Added": {reason: "Each worker has one", want: []string{"main", "frontend"}},
		"Changed": {
			reason: "A container of its name is merged over it, where it stands",
			user:   []corev1.Container{{Name: "frontend", Env: []corev1.EnvVar{{Name: "DYN_LOG", Value: "debug"}}}, {Name: "proxy", Image: "proxy"}},
			want:   []string{"main", "frontend", "proxy"},
		},
		"NoGateway": {reason: "Without an endpoint picker nobody would ask it", change: func(g *graph.Graph) { g.EPP = nil }, want: []string{"main"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := pickedGraph(graph.Component{GPUs: 1, Template: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: tc.user}}})
			if tc.change != nil {
				tc.change(g)
			}
			var got []string
			for _, k := range PodTemplate(g, &g.Components[1]).Spec.Containers {
				got = append(got, k.Name)
				if k.Name != "frontend" {
					continue
				}
				if k.Image != "runtime" || len(k.Resources.Limits) > 0 || cmp.Diff([]string{"--router-mode", "direct"}, k.Args) != "" || k.ReadinessProbe == nil {
					t.Errorf("%s: got %+v", tc.reason, k)
				}
				if name == "Changed" && k.Env[len(k.Env)-1].Name != "DYN_LOG" {
					t.Errorf("%s: got %v", tc.reason, k.Env)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// An endpoint picker reads its configuration once, so a change of it rolls the pod.
func TestPickerRollsWithItsConfig(t *testing.T) {
	digest := func(config, configMap string) string {
		g := pickedGraph(graph.Component{})
		g.EPP.Config, g.EPP.ConfigMap = config, configMap
		return PodTemplate(g, &g.Components[0]).Annotations[v1alpha1.AnnotationConfig]
	}
	if digest(`{"a":1}`, "") == digest(`{"a":2}`, "") {
		t.Error("another configuration has the same digest")
	}
	if digest("", "") == "" {
		t.Error("the default configuration has no digest of its own")
	}
	if d := digest("", "theirs"); d != "" {
		t.Errorf("a configuration that we do not see has digest %s", d)
	}
}

// The generated configuration is what the user's would be: an object that says what it is.
func TestPickerConfig(t *testing.T) {
	o := map[string]any{}
	if err := json.Unmarshal([]byte(pickerConfig(pickedGraph(graph.Component{}))), &o); err != nil {
		t.Fatal(err)
	}
	if o["kind"] != "EndpointPickerConfig" || o["apiVersion"] != "inference.networking.x-k8s.io/v1alpha1" {
		t.Errorf("got %v", o)
	}
}
