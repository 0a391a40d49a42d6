package compose

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestAlerts(t *testing.T) {
	component := func(name string, kind v1alpha1.ComponentType, change func(*graph.Component)) graph.Component {
		c := graph.Component{Name: name, Key: name, Object: "g-" + name, Type: kind, DynamoNamespace: "ns-g", Replicas: new(int32(1))}
		if change != nil {
			change(&c)
		}
		return c
	}
	zero := func(c *graph.Component) { c.Replicas = new(int32(0)) }
	woken := func(c *graph.Component) { c.Replicas, c.Scaling = nil, &graph.Scaling{Min: 0, Max: 3} }
	cases := map[string]struct {
		reason     string
		components []graph.Component
		ttft       time.Duration
		want       []string
	}{
		"EachRole": {
			reason:     "Each component that answers has an alert of its own",
			components: []graph.Component{component("frontend", v1alpha1.TypeFrontend, nil), component("worker", v1alpha1.TypeWorker, nil)},
			want:       []string{"InferenceGraphNoEndpoints frontend", "InferenceGraphNoEndpoints worker", "InferenceGraphRestarts "},
		},
		"MayBeNone": {
			reason:     "What may have no replicas raises no alarm while it has none",
			components: []graph.Component{component("frontend", v1alpha1.TypeFrontend, zero), component("worker", v1alpha1.TypeWorker, woken)},
			want:       []string{"InferenceGraphRestarts "},
		},
		"Custom": {
			reason:     "It is not known how a custom component answers",
			components: []graph.Component{component("proxy", v1alpha1.TypeCustom, nil)},
			ttft:       time.Second,
			want:       []string{"InferenceGraphRestarts "},
		},
		"Slow": {
			reason:     "A target has one alert for the whole graph",
			components: []graph.Component{component("frontend", v1alpha1.TypeFrontend, nil), component("worker", v1alpha1.TypeWorker, nil)},
			ttft:       500 * time.Millisecond,
			want:       []string{"InferenceGraphNoEndpoints frontend", "InferenceGraphNoEndpoints worker", "InferenceGraphSlowFirstToken ", "InferenceGraphRestarts "},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := &graph.Graph{Name: "g", Namespace: "ns", Components: tc.components, Monitoring: &graph.Monitoring{TTFT: tc.ttft}}
			rule := Alerts(g)[0].Object.(*PrometheusRule)
			var got []string
			for _, r := range rule.Spec.Groups[0].Rules {
				got = append(got, r.Alert+" "+r.Labels["component"])
				if r.Alert == "InferenceGraphSlowFirstToken" && !strings.HasSuffix(r.Expr, " > 0.5") {
					t.Errorf("500ms in %s", r.Expr)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
	if r := Alerts(&graph.Graph{}); r != nil {
		t.Errorf("a graph that is not monitored has %v", r)
	}
}

// The dashboard asks for metrics that the Dynamo runtime has, by labels that targets have.
func TestDashboard(t *testing.T) {
	known := map[string]bool{"up": true}
	for prefix, metrics := range map[string]string{
		"dynamo_frontend_":  "requests_total queued_requests inflight_requests request_duration_seconds output_tokens_total time_to_first_token_seconds inter_token_latency_seconds",
		"dynamo_component_": "requests_total errors_total",
	} {
		for m := range strings.FieldsSeq(metrics) {
			known[prefix+m] = true
		}
	}
	metric := regexp.MustCompile(`[a-z_]+\{`)
	seen := map[int]bool{}
	d := graphDashboard()
	for _, p := range d.Panels {
		if seen[p.ID] {
			t.Errorf("panel %q has the ID of another", p.Title)
		}
		seen[p.ID] = true
		for _, q := range p.Targets {
			found := metric.FindAllString(q.Expr, -1)
			if len(found) == 0 {
				t.Errorf("panel %q asks for nothing: %s", p.Title, q.Expr)
			}
			for _, m := range found {
				m = strings.TrimSuffix(strings.TrimSuffix(m, "{"), "_bucket")
				if !known[m] {
					t.Errorf("panel %q asks for %s, which the runtime does not have", p.Title, m)
				}
			}
		}
	}
	o := dashboards(&v1alpha1.Dashboards{Namespace: "monitoring"}, "prod").Object.(*corev1.ConfigMap)
	if !json.Valid([]byte(o.Data["inferencegraphs.json"])) || o.Labels["grafana_dashboard"] != "1" || o.Namespace != "monitoring" {
		t.Errorf("got %v", o)
	}
}

func TestObserveEnv(t *testing.T) {
	cases := map[string]struct {
		reason   string
		defaults v1alpha1.Defaults
		want     []corev1.EnvVar
	}{
		"Nothing": {reason: "A platform without a collector says nothing"},
		"Tracing": {
			reason:   "Each component sends under a name of its own",
			defaults: v1alpha1.Defaults{Tracing: &v1alpha1.Tracing{Endpoint: "http://otel:4317"}},
			want: []corev1.EnvVar{
				{Name: "OTEL_EXPORT_ENABLED", Value: "true"},
				{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://otel:4317"},
				{Name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Value: "http://otel:4317"},
				{Name: "OTEL_SERVICE_NAME", Value: "g-worker"},
			},
		},
		"JSON": {
			reason:   "Lines are JSON, of the level that is asked for",
			defaults: v1alpha1.Defaults{Logging: &v1alpha1.Logging{Format: v1alpha1.LogJSON, Level: "debug"}},
			want:     []corev1.EnvVar{{Name: "DYN_LOGGING_JSONL", Value: "true"}, {Name: "DYN_LOG", Value: "debug"}},
		},
		"Text": {reason: "Text is what the runtime writes anyway", defaults: v1alpha1.Defaults{Logging: &v1alpha1.Logging{Format: v1alpha1.LogText}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := &graph.Graph{Cluster: graph.Cluster{Defaults: tc.defaults}}
			if diff := cmp.Diff(tc.want, observeEnv(g, &graph.Component{Object: "g-worker"})); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
