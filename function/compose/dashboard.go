package compose

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/ready"
)

// dashboards is a ConfigMap with a Grafana dashboard of every graph that its data source knows, one at a time.
func dashboards(in *v1alpha1.Dashboards, cluster string) Resource {
	b, err := json.MarshalIndent(graphDashboard(), "", "  ")
	if err != nil {
		panic(err) // It holds strings and numbers.
	}
	return Resource{
		Name: "configmap.dashboards",
		Object: &corev1.ConfigMap{
			TypeMeta: typeMeta("v1", "ConfigMap"),
			ObjectMeta: metav1.ObjectMeta{
				Name: "graphplane-" + cluster + "-dashboards", Namespace: in.Namespace,
				Labels: map[string]string{"app.kubernetes.io/managed-by": "graphplane", "grafana_dashboard": "1"},
			},
			Data: map[string]string{"inferencegraphs.json": string(b)},
		},
		Ready: ready.Exists,
	}
}

// graphDashboard asks for the metrics that the Dynamo runtime has, by the labels that a graph's PodMonitor gives them.
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/metrics/prometheus_names.rs
func graphDashboard() dashboard {
	const of = `dynamo_namespace="$graph"`
	rate := func(metric, by string) string {
		return "sum by (" + by + ") (rate(" + metric + "{" + of + "}[$__rate_interval]))"
	}
	sum := func(metric, by string) string { return "sum by (" + by + ") (" + metric + "{" + of + "})" }
	p95 := func(metric string) string { return quantile(metric, of, "$__rate_interval") }
	panels := []panel{
		timeseries("Requests by status", "reqps", rate("dynamo_frontend_requests_total", "status")),
		timeseries("Requests in flight", "short", sum("dynamo_frontend_inflight_requests", "model")),
		timeseries("Requests queued", "short", sum("dynamo_frontend_queued_requests", "model")),
		timeseries("Time to first token, 95th percentile", "s", p95(metricTTFT)),
		timeseries("Time between tokens, 95th percentile", "s", p95(metricITL)),
		timeseries("Request duration, 95th percentile", "s", p95("dynamo_frontend_request_duration_seconds_bucket")),
		timeseries("Output tokens", "short", rate("dynamo_frontend_output_tokens_total", "model")),
		timeseries("Requests of components", "reqps", rate("dynamo_component_requests_total", "component")),
		timeseries("Errors of components", "reqps", rate("dynamo_component_errors_total", "component, error_type")),
	}
	for i := range panels {
		panels[i].ID = i + 1
		panels[i].GridPos = gridPos{H: 8, W: 8, X: i % 3 * 8, Y: i / 3 * 8}
	}
	source := datasource{Type: "prometheus", UID: "$datasource"}
	return dashboard{
		UID: "graphplane-graphs", Title: "Inference graphs", Tags: []string{"graphplane"}, SchemaVersion: 39, Refresh: "30s",
		Time: timeRange{From: "now-1h", To: "now"}, Panels: panels,
		Templating: templating{List: []dashboardVariable{
			{Name: "datasource", Type: "datasource", Query: "prometheus"},
			{Name: "graph", Label: "Graph", Type: "query", Query: "label_values(up, dynamo_namespace)", Datasource: &source, Refresh: 2, Sort: 1},
		}},
	}
}

func timeseries(title, unit, expr string) panel {
	source := datasource{Type: "prometheus", UID: "$datasource"}
	return panel{
		Title: title, Type: "timeseries", Datasource: source,
		FieldConfig: fieldConfig{Defaults: fieldDefaults{Unit: unit}},
		Targets:     []target{{RefID: "A", Expr: expr, Datasource: source}},
	}
}

// A dashboard is what we set of Grafana's:
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
type dashboard struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Refresh       string     `json:"refresh"`
	Time          timeRange  `json:"time"`
	Templating    templating `json:"templating"`
	Panels        []panel    `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type templating struct {
	List []dashboardVariable `json:"list"`
}

type dashboardVariable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label,omitempty"`
	Type       string      `json:"type"`
	Query      string      `json:"query"`
	Datasource *datasource `json:"datasource,omitempty"`
	Refresh    int         `json:"refresh,omitempty"`
	Sort       int         `json:"sort,omitempty"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID          int         `json:"id"`
	Title       string      `json:"title"`
	Type        string      `json:"type"`
	GridPos     gridPos     `json:"gridPos"`
	Datasource  datasource  `json:"datasource"`
	FieldConfig fieldConfig `json:"fieldConfig"`
	Targets     []target    `json:"targets"`
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type fieldConfig struct {
	Defaults fieldDefaults `json:"defaults"`
}

type fieldDefaults struct {
	Unit string `json:"unit"`
}

type target struct {
	RefID      string     `json:"refId"`
	Expr       string     `json:"expr"`
	Datasource datasource `json:"datasource"`
}
