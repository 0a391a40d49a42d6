package compose

import (
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

// restartLimit is how many restarts of a component's containers within a quarter of an hour are no accident.
const restartLimit = 3

// Alerts tell of components that nobody answers for, of latency over its target, and of containers that keep restarting.
func Alerts(g *graph.Graph) []Resource {
	if g.Monitoring == nil {
		return nil
	}
	var rules []AlertRule
	for i := range g.Components {
		rules = append(rules, endpointAlert(g, &g.Components[i])...)
	}
	rules = append(rules, latencyAlert(g)...)
	rules = append(rules, restartAlert(g))
	return []Resource{{
		Name: "prometheusrule.graph",
		Object: &PrometheusRule{
			TypeMeta:   typeMeta("monitoring.coreos.com/v1", "PrometheusRule"),
			ObjectMeta: labelledMeta(g, g.Monitoring.Labels),
			Spec:       PrometheusRuleSpec{Groups: []RuleGroup{{Name: "inferencegraph-" + g.Name, Rules: rules}}},
		},
		Ready: ready.Exists,
	}}
}

// endpointAlert fires when no process of a component that should have some is scraped. up has the labels that the
// PodMonitor gives each target.
func endpointAlert(g *graph.Graph, c *graph.Component) []AlertRule {
	if !scraped(c) || idle(c) {
		return nil
	}
	up := fmt.Sprintf("up{namespace=%q,dynamo_namespace=%q,component=%q}", g.Namespace, c.DynamoNamespace, c.Key)
	return []AlertRule{{
		Alert: "InferenceGraphNoEndpoints", Expr: "(sum(" + up + ") or vector(0)) == 0", For: "5m",
		Labels:      alertLabels(g, c.Key, "critical"),
		Annotations: map[string]string{"summary": fmt.Sprintf("No process of component %s of InferenceGraph %s in namespace %s answers", c.Name, g.Name, g.Namespace)},
	}}
}

// idle reports whether a component may have no processes.
func idle(c *graph.Component) bool {
	if c.Scaling != nil {
		return c.Scaling.Min == 0
	}
	return c.Replicas != nil && *c.Replicas == 0
}

func latencyAlert(g *graph.Graph) []AlertRule {
	if g.Monitoring.TTFT == 0 {
		return nil
	}
	for i := range g.Components {
		c := &g.Components[i]
		if !scraped(c) {
			continue
		}
		return []AlertRule{{
			Alert:       "InferenceGraphSlowFirstToken",
			Expr:        quantile(metricTTFT, series(g, c), "5m") + " > " + strconv.FormatFloat(g.Monitoring.TTFT.Seconds(), 'f', -1, 64),
			For:         "10m",
			Labels:      alertLabels(g, "", "warning"),
			Annotations: map[string]string{"summary": fmt.Sprintf("The 95th percentile of the time to the first token of InferenceGraph %s in namespace %s is over %s", g.Name, g.Namespace, g.Monitoring.TTFT)},
		}}
	}
	return nil
}

// restartAlert reads what kube-state-metrics tells of pods. Names of pods begin with those of their workloads.
func restartAlert(g *graph.Graph) AlertRule {
	prefixes := make([]string, 0, len(g.Components))
	for i := range g.Components {
		prefixes = append(prefixes, g.Components[i].Object)
	}
	pods := fmt.Sprintf("kube_pod_container_status_restarts_total{namespace=%q,pod=~%q}", g.Namespace, "("+strings.Join(prefixes, "|")+")-.*")
	return AlertRule{
		Alert: "InferenceGraphRestarts", Expr: fmt.Sprintf("sum by (pod, container) (increase(%s[15m])) > %d", pods, restartLimit),
		Labels:      alertLabels(g, "", "warning"),
		Annotations: map[string]string{"summary": fmt.Sprintf("Container {{ $labels.container }} of pod {{ $labels.pod }} of InferenceGraph %s in namespace %s keeps restarting", g.Name, g.Namespace)},
	}
}

func alertLabels(g *graph.Graph, component, severity string) map[string]string {
	out := map[string]string{"severity": severity, "namespace": g.Namespace, "inferencegraph": g.Name}
	if component != "" {
		out["component"] = component
	}
	return out
}

// A PrometheusRule is what we set of the kind of monitoring.coreos.com/v1:
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
type PrometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec PrometheusRuleSpec `json:"spec"`
}

// PrometheusRuleSpec is groups of rules.
type PrometheusRuleSpec struct {
	Groups []RuleGroup `json:"groups"`
}

// A RuleGroup is evaluated together.
type RuleGroup struct {
	Name  string      `json:"name"`
	Rules []AlertRule `json:"rules"`
}

// An AlertRule fires while its expression has a result.
type AlertRule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// DeepCopyObject makes a PrometheusRule a runtime.Object. The lists of its spec are shared with the original.
func (p *PrometheusRule) DeepCopyObject() runtime.Object {
	out := *p
	p.DeepCopyInto(&out.ObjectMeta)
	return &out
}
