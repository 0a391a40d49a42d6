package compose

import (
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Histograms of the Dynamo frontend, in seconds:
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/metrics/prometheus_names.rs
const (
	metricTTFT = "dynamo_frontend_time_to_first_token_seconds_bucket"
	metricITL  = "dynamo_frontend_inter_token_latency_seconds_bucket"
)

// AutoscalerName is the name of the resource that scales a component, empty where we compose none.
func AutoscalerName(c *graph.Component) string {
	switch {
	case c.Scaling == nil:
		return ""
	case len(c.Scaling.Metrics) > 0 && c.Clique != "":
		// Grove makes it.
		return ""
	case len(c.Scaling.Metrics) > 0:
		return "autoscaler." + c.Key
	case len(c.Scaling.Triggers) > 0, c.Scaling.SLO != graph.SLO{}:
		return "scaledobject." + c.Key
	}
	return ""
}

// Autoscaler scales a component, unless we do, or somebody whom we do not know.
func Autoscaler(g *graph.Graph, c *graph.Component) []Resource {
	s := c.Scaling
	switch {
	case c.Clique != "" && misses(c):
		return []Resource{pin(g, c)}
	case s == nil:
		return nil
	case len(s.Metrics) > 0 && c.Clique != "":
		// Grove makes it.
		return nil
	case len(s.Metrics) > 0:
		return []Resource{podAutoscaler(g, c)}
	case len(s.Triggers) > 0:
		return []Resource{scaledObject(g, c, triggers(s))}
	case s.SLO != graph.SLO{}:
		return []Resource{scaledObject(g, c, latencies(g, c))}
	}
	return nil
}

func podAutoscaler(g *graph.Graph, c *graph.Component) Resource {
	return Resource{
		Name: AutoscalerName(c),
		Object: &autoscalingv2.HorizontalPodAutoscaler{
			TypeMeta:   typeMeta(autoscalingv2.SchemeGroupVersion.String(), "HorizontalPodAutoscaler"),
			ObjectMeta: componentMeta(g, c, ""),
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: scaleTarget(c),
				MinReplicas:    new(c.Scaling.Min),
				MaxReplicas:    c.Scaling.Max,
				Metrics:        c.Scaling.Metrics,
			},
		},
		Ready: ready.Autoscaler,
	}
}

// pin gives a clique the replicas that it should have, and is gone once it has them. An autoscaler whose least is its most
// asks for no metrics where there are more or less:
// https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/controller/podautoscaler/horizontal.go
func pin(g *graph.Graph, c *graph.Component) Resource {
	return Resource{
		Name: "autoscaler." + c.Key,
		Object: &autoscalingv2.HorizontalPodAutoscaler{
			TypeMeta:   typeMeta(autoscalingv2.SchemeGroupVersion.String(), "HorizontalPodAutoscaler"),
			ObjectMeta: componentMeta(g, c, ""),
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: scaleTarget(c), MinReplicas: new(*c.Replicas), MaxReplicas: *c.Replicas,
			},
		},
		Ready: ready.Autoscaler,
	}
}

// scaleTarget is the workload of a component, which has a scale subresource.
func scaleTarget(c *graph.Component) autoscalingv2.CrossVersionObjectReference {
	if c.Clique != "" {
		kind := grove.KindClique
		if c.Group != nil {
			kind = grove.KindScalingGroup
		}
		return autoscalingv2.CrossVersionObjectReference{APIVersion: grove.APIVersion, Kind: kind, Name: c.Clique}
	}
	if c.Group != nil {
		return autoscalingv2.CrossVersionObjectReference{APIVersion: lws.APIVersion, Kind: lws.Kind, Name: c.Group.Object}
	}
	return autoscalingv2.CrossVersionObjectReference{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment", Name: c.Object,
	}
}

func scaledObject(g *graph.Graph, c *graph.Component, t []ScaleTrigger) Resource {
	target := scaleTarget(c)
	return Resource{
		Name: AutoscalerName(c),
		Object: &ScaledObject{
			TypeMeta:   typeMeta("keda.sh/v1alpha1", "ScaledObject"),
			ObjectMeta: componentMeta(g, c, ""),
			Spec: ScaledObjectSpec{
				ScaleTargetRef:  ScaleTargetRef{APIVersion: target.APIVersion, Kind: target.Kind, Name: target.Name},
				MinReplicaCount: new(c.Scaling.Min),
				MaxReplicaCount: c.Scaling.Max,
				Triggers:        t,
			},
		},
		Ready: ready.ScaledObject,
	}
}

func triggers(s *graph.Scaling) []ScaleTrigger {
	out := make([]ScaleTrigger, 0, len(s.Triggers))
	for _, t := range s.Triggers {
		one := ScaleTrigger{Type: t.Type, Metadata: t.Metadata, MetricType: t.MetricType}
		if t.AuthenticationRef != "" {
			one.AuthenticationRef = &TriggerAuthenticationRef{Name: t.AuthenticationRef}
		}
		out = append(out, one)
	}
	return out
}

// latencies scale by how far the frontend's latencies are from what they should be. A latency is one value of all
// replicas, not one that they share among them.
func latencies(g *graph.Graph, c *graph.Component) []ScaleTrigger {
	var out []ScaleTrigger
	for _, l := range []struct {
		metric string
		target metav1.Duration
	}{{metricTTFT, c.Scaling.SLO.TTFT}, {metricITL, c.Scaling.SLO.ITL}} {
		if l.target.Duration == 0 {
			continue
		}
		out = append(out, ScaleTrigger{
			Type: "prometheus",
			Metadata: map[string]string{
				"serverAddress": g.Cluster.Defaults.PrometheusURL,
				"query":         quantile(l.metric, series(g, c), "2m"),
				"threshold":     strconv.FormatFloat(l.target.Seconds(), 'f', -1, 64),
			},
			MetricType: autoscalingv2.ValueMetricType,
		})
	}
	return out
}

// quantile is the 95th percentile of a histogram over a while.
func quantile(metric, series, over string) string {
	return fmt.Sprintf("histogram_quantile(0.95, sum(rate(%s{%s}[%s])) by (le))", metric, series, over)
}

// series selects what the frontends of a component's Dynamo namespace measure. The shared Dynamo namespace has the same
// name in every Kubernetes namespace.
func series(g *graph.Graph, c *graph.Component) string {
	s := fmt.Sprintf("dynamo_namespace=%q", c.DynamoNamespace)
	if c.DynamoNamespace == names.GlobalNamespace {
		s += fmt.Sprintf(",namespace=%q", g.Namespace)
	}
	return s
}
