package graph

import (
	"cmp"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// scrapeInterval is how often metrics are collected by default, as often as the Dynamo operator has it.
const scrapeInterval = "5s"

// interval is a duration that Prometheus reads.
var interval = regexp.MustCompile(`^\d+(ms|s|m|h)$`)

// Monitoring is how Prometheus collects the metrics of a graph.
type Monitoring struct {
	Interval string
	Labels   map[string]string
}

// monitoring resolves spec.monitoring. A cluster without the Prometheus operator has nobody to tell.
func (r *resolver) monitoring() *Monitoring {
	m := ptr.Deref(r.in.Spec.Monitoring, v1alpha1.Monitoring{})
	at := r.spec.Child("monitoring")
	if m.Interval != "" && !interval.MatchString(m.Interval) {
		r.Add(field.Invalid(at.Child("interval"), m.Interval, "must be a number and a unit, as 15s"))
	}
	r.labels(m.Labels, at.Child("labels"))
	if !ptr.Deref(m.Enabled, true) || !r.in.Cluster.Capabilities.PrometheusOperator {
		return nil
	}
	return &Monitoring{Interval: cmp.Or(m.Interval, scrapeInterval), Labels: m.Labels}
}
