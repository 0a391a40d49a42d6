package graph

import (
	"cmp"
	"regexp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

	// TTFT is the time to the first token above which an alert fires, 0 for none.
	TTFT time.Duration
}

// monitoring resolves spec.monitoring. A cluster without the Prometheus operator has nobody to tell.
func (r *resolver) monitoring() *Monitoring {
	m := ptr.Deref(r.in.Spec.Monitoring, v1alpha1.Monitoring{})
	at := r.spec.Child("monitoring")
	if m.Interval != "" && !interval.MatchString(m.Interval) {
		r.Add(field.Invalid(at.Child("interval"), m.Interval, "must be a number and a unit, as 15s"))
	}
	if m.TTFT != nil && m.TTFT.Duration <= 0 {
		r.Add(field.Invalid(at.Child("ttft"), m.TTFT.Duration.String(), "must be more than 0, as 500ms"))
	}
	r.labels(m.Labels, at.Child("labels"))
	if !ptr.Deref(m.Enabled, true) || !r.in.Cluster.Capabilities.PrometheusOperator {
		return nil
	}
	return &Monitoring{Interval: cmp.Or(m.Interval, scrapeInterval), Labels: m.Labels, TTFT: r.firstToken(m.TTFT)}
}

// firstToken is the user's time to the first token, or else the shortest that a component keeps.
func (r *resolver) firstToken(d *metav1.Duration) time.Duration {
	if d != nil {
		return d.Duration
	}
	var out time.Duration
	for _, c := range r.in.Spec.Components {
		if c.Scaling == nil || c.Scaling.SLO == nil || c.Scaling.SLO.TTFT == nil {
			continue
		}
		if t := c.Scaling.SLO.TTFT.Duration; out == 0 || t < out {
			out = t
		}
	}
	return out
}
