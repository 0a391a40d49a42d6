package graph

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// Scaling says by what somebody else than us sets the number of replicas of a component. All of it is empty when we do
// not even know who.
type Scaling struct {
	Min, Max int32

	// Metrics are what a HorizontalPodAutoscaler scales by.
	Metrics []autoscalingv2.MetricSpec

	// Triggers are what KEDA scales by.
	Triggers []v1alpha1.Trigger

	// SLO are the latencies that KEDA scales by, zero for none.
	SLO SLO

	// Planner says that the graph's planner asks for replicas.
	Planner bool
}

// SLO are latencies to keep. Zero is none.
type SLO struct {
	TTFT, ITL metav1.Duration
}

// Wakes reports whether the autoscaler leaves a component alone that has no replicas, so that it must start with some.
func (s *Scaling) Wakes() bool {
	return len(s.Metrics) > 0 || s.SLO != SLO{}
}

// KEDA reports whether KEDA scales.
func (s *Scaling) KEDA() bool {
	return len(s.Triggers) > 0 || s.SLO != SLO{}
}

// scaling resolves who scales a component, nil when it is us.
func (r *resolver) scaling(in *v1alpha1.Component, at *field.Path) *Scaling {
	s := in.Scaling
	if s == nil {
		return nil
	}
	at = at.Child("scaling")
	out := &Scaling{Min: ptr.Deref(s.Min, 1), Max: ptr.Deref(s.Max, 0), Metrics: s.Metrics, Triggers: s.Triggers}
	if s.SLO != nil {
		out.SLO = SLO{TTFT: ptr.Deref(s.SLO.TTFT, metav1.Duration{}), ITL: ptr.Deref(s.SLO.ITL, metav1.Duration{})}
	}
	r.scalingRules(s, at)
	r.kedaRules(s, at)
	r.sloRules(in.Type, s.SLO, at.Child("slo"))
	return out
}

// scalingRules repeats the rules of the XRD.
func (r *resolver) scalingRules(s *v1alpha1.Scaling, at *field.Path) {
	n := 0
	for _, set := range []bool{len(s.Metrics) > 0, len(s.Triggers) > 0, s.SLO != nil, s.External} {
		if set {
			n++
		}
	}
	if n != 1 {
		r.Add(field.Invalid(at, n, "needs exactly one of metrics, triggers, slo and external: keep one"))
	}
	if s.External {
		if s.Min != nil || s.Max != nil {
			r.Add(field.Forbidden(at, "somebody else owns the number of replicas of a component with external: remove min and max"))
		}
		return
	}
	least := ptr.Deref(s.Min, 1)
	switch {
	case s.Max == nil:
		r.Add(field.Required(at.Child("max"), "set the most replicas the component may have"))
	case *s.Max < 1:
		r.Add(field.Invalid(at.Child("max"), *s.Max, "must be at least 1"))
	case least > *s.Max:
		r.Add(field.Invalid(at.Child("min"), least, "cannot be more than max: lower min or raise max"))
	}
	switch {
	case least < 0:
		r.Add(field.Invalid(at.Child("min"), least, "must not be negative"))
	case least == 0 && len(s.Triggers) == 0:
		r.Add(field.Invalid(at.Child("min"), least, "needs triggers, since a component without pods has no load and no latency that could wake it: set min to 1 or use triggers"))
	case least == 0 && !wakes(s.Triggers):
		r.Add(field.Invalid(at.Child("min"), least, "needs a trigger other than cpu and memory, which a component without pods does not use: set min to 1 or add such a trigger"))
	}
}

// wakes reports whether a trigger can be active while there are no pods.
func wakes(triggers []v1alpha1.Trigger) bool {
	for _, t := range triggers {
		if t.Type != "cpu" && t.Type != "memory" {
			return true
		}
	}
	return false
}

// kedaRules check that there is a KEDA to scale by.
func (r *resolver) kedaRules(s *v1alpha1.Scaling, at *field.Path) {
	for _, f := range []struct {
		set  bool
		name string
	}{{len(s.Triggers) > 0, "triggers"}, {s.SLO != nil, "slo"}} {
		if f.set && !r.in.Cluster.Capabilities.KEDA {
			r.incapable(at.Child(f.name), "keda", "install KEDA there, or scale by metrics")
		}
	}
}

// sloRules check that each latency depends on how many replicas there are of a component.
func (r *resolver) sloRules(t v1alpha1.ComponentType, s *v1alpha1.SLO, at *field.Path) {
	if s == nil {
		return
	}
	if s.TTFT == nil && s.ITL == nil {
		r.Add(field.Required(at, "set ttft, itl or both"))
	}
	if r.in.Cluster.Defaults.PrometheusURL == "" {
		r.Add(field.Forbidden(at, "latencies are read from the Prometheus that spec.defaults.prometheusURL of "+r.clusterName()+" names, and it names none: set it there, or scale by metrics or triggers"))
	}
	for _, l := range []struct {
		latency *metav1.Duration
		at      *field.Path
		half    v1alpha1.ComponentType
		what    string
	}{
		{s.TTFT, at.Child("ttft"), v1alpha1.TypePrefill, "the time to the first token"},
		{s.ITL, at.Child("itl"), v1alpha1.TypeDecode, "the time between two tokens"},
	} {
		switch {
		case l.latency == nil:
		case l.latency.Duration <= 0:
			r.Add(field.Invalid(l.at, l.latency.Duration.String(), "must be more than 0, as 500ms"))
		case t != l.half && t != v1alpha1.TypeWorker:
			r.Add(field.Forbidden(l.at, l.what+" depends on components of type "+string(l.half)+" and worker, not on a "+string(t)+": set it there"))
		}
	}
}
