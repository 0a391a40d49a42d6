package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestMonitor(t *testing.T) {
	component := func(t v1alpha1.ComponentType) graph.Component {
		return graph.Component{Type: t, Template: &corev1.PodTemplateSpec{}}
	}
	telemetry := []corev1.EnvVar{{Name: envNIXLTelemetry, Value: "y"}}
	cases := map[string]struct {
		reason     string
		graph      graph.Graph
		ports      []string
		components []string
	}{
		"Off":     {reason: "Nothing is collected where nobody collects", graph: graph.Graph{Components: []graph.Component{component(v1alpha1.TypeWorker)}}},
		"Nothing": {reason: "The ports of a custom component are not ours to know", graph: graph.Graph{Monitoring: &graph.Monitoring{}, Components: []graph.Component{component(v1alpha1.TypeCustom)}}},
		"EveryRole": {
			reason: "Prefill and decode have metrics too",
			graph: graph.Graph{Monitoring: &graph.Monitoring{}, Components: []graph.Component{
				component(v1alpha1.TypePrefill), component(v1alpha1.TypeFrontend), component(v1alpha1.TypeDecode), component(v1alpha1.TypeDecode),
			}},
			ports: []string{"http", "system"}, components: []string{"decode", "frontend", "prefill"},
		},
		"Transfers": {
			reason: "Metrics of transfers are collected where they are switched on",
			graph:  graph.Graph{Monitoring: &graph.Monitoring{}, Env: telemetry, Components: []graph.Component{component(v1alpha1.TypeWorker)}},
			ports:  []string{"nixl", "system"}, components: []string{"worker"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var ports, components []string
			for _, r := range Monitor(&tc.graph) {
				m, ok := r.Object.(*PodMonitor)
				if !ok {
					t.Fatalf("got a %T", r.Object)
				}
				for _, e := range m.Spec.PodMetricsEndpoints {
					ports = append(ports, e.Port)
				}
				components = m.Spec.Selector.MatchExpressions[0].Values
			}
			if diff := cmp.Diff([][]string{tc.ports, tc.components}, [][]string{ports, components}); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
