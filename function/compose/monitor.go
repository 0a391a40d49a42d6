package compose

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// envNIXLTelemetry switches the metrics of KV cache transfers on.
const envNIXLTelemetry = "NIXL_TELEMETRY_ENABLE"

// Monitor collects the metrics of every role of a graph. Prometheus finds a target in each pod that has a port of an
// endpoint's name, so that one object does for all: frontends have http, engines system
// and nixl, planners and endpoint pickers metrics. Nothing listens on
// nixl until somebody switches it on, and a target that is always down is an alarm for nothing.
func Monitor(g *graph.Graph) []Resource {
	if g.Monitoring == nil {
		return nil
	}
	var types, ports []string
	for i := range g.Components {
		c := &g.Components[i]
		switch {
		case c.Type == v1alpha1.TypeFrontend:
			ports = append(ports, "http")
		case c.Type == v1alpha1.TypePlanner, c.Type == v1alpha1.TypeEPP:
			ports = append(ports, "metrics")
		case c.Worker():
			ports = append(ports, "system")
			if g.EPP != nil {
				ports = append(ports, "http")
			}
			if nixlTelemetry(g, c) {
				ports = append(ports, "nixl")
			}
		default:
			continue
		}
		types = append(types, string(c.Type))
	}
	if len(ports) == 0 {
		return nil
	}
	return []Resource{{Name: "podmonitor.graph", Object: podMonitor(g, unique(types), unique(ports)), Ready: ready.Exists}}
}

func podMonitor(g *graph.Graph, types, ports []string) runtime.Object {
	spec := PodMonitorSpec{Selector: metav1.LabelSelector{
		MatchLabels: map[string]string{v1alpha1.LabelGraph: g.Name},
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.LabelType, Operator: metav1.LabelSelectorOpIn, Values: types,
		}},
	}}
	for _, p := range ports {
		spec.PodMetricsEndpoints = append(spec.PodMetricsEndpoints, PodMetricsEndpoint{
			Port: p, Path: "/metrics", Interval: g.Monitoring.Interval,
			Relabelings: []Relabeling{
				{SourceLabels: []string{podLabelMeta(names.DynamoNamespace)}, TargetLabel: "dynamo_namespace"},
				{SourceLabels: []string{podLabelMeta(v1alpha1.LabelComponent)}, TargetLabel: "component"},
			},
		})
	}
	return &PodMonitor{
		TypeMeta:   typeMeta("monitoring.coreos.com/v1", "PodMonitor"),
		ObjectMeta: labelledMeta(g, g.Monitoring.Labels),
		Spec:       spec,
	}
}

// scraped reports whether a component's processes have a port that the graph's PodMonitor asks.
func scraped(c *graph.Component) bool {
	return c.Worker() || c.Type == v1alpha1.TypeFrontend || c.Type == v1alpha1.TypePlanner || c.Type == v1alpha1.TypeEPP
}

// nixlTelemetry reports whether an engine is told to serve the metrics of its transfers.
func nixlTelemetry(g *graph.Graph, c *graph.Component) bool {
	main, _ := c.Main()
	all := mergeEnv(env(g, c), main.Env)
	i := slices.IndexFunc(all, func(e corev1.EnvVar) bool { return e.Name == envNIXLTelemetry })
	return i >= 0 && all[i].Value != "n"
}

// podLabelMeta is the name under which Prometheus knows a label of a pod while it relabels:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
func podLabelMeta(key string) string {
	return "__meta_kubernetes_pod_label_" + strings.NewReplacer(".", "_", "/", "_", "-", "_").Replace(key)
}

func unique(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

// A PodMonitor is what we set of the kind of monitoring.coreos.com/v1:
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
type PodMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec PodMonitorSpec `json:"spec"`
}

// PodMonitorSpec is which pods to ask for metrics, and how.
type PodMonitorSpec struct {
	Selector            metav1.LabelSelector `json:"selector"`
	PodMetricsEndpoints []PodMetricsEndpoint `json:"podMetricsEndpoints"`
}

// A PodMetricsEndpoint is a port of a pod that serves metrics.
type PodMetricsEndpoint struct {
	Port        string       `json:"port"`
	Path        string       `json:"path"`
	Interval    string       `json:"interval"`
	Relabelings []Relabeling `json:"relabelings"`
}

// A Relabeling copies a label of a target.
type Relabeling struct {
	SourceLabels []string `json:"sourceLabels"`
	TargetLabel  string   `json:"targetLabel"`
}

// DeepCopyObject makes a PodMonitor a runtime.Object. The lists of its spec are shared with the original.
func (p *PodMonitor) DeepCopyObject() runtime.Object {
	out := *p
	p.DeepCopyInto(&out.ObjectMeta)
	return &out
}
