package compose

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/wire"
)

func TestAutoscaler(t *testing.T) {
	const ttft = `histogram_quantile(0.95, sum(rate(dynamo_frontend_time_to_first_token_seconds_bucket{dynamo_namespace="team-a-g"}[2m])) by (le))`
	const itl = `histogram_quantile(0.95, sum(rate(dynamo_frontend_inter_token_latency_seconds_bucket{dynamo_namespace="dynamo",namespace="team-a"}[2m])) by (le))`
	target := ScaleTargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "g-w"}
	metrics := []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType}}
	cases := map[string]struct {
		reason    string
		namespace string
		scaling   *graph.Scaling
		want      any
	}{
		"None":     {reason: "A component that we scale has no autoscaler"},
		"External": {reason: "Nor has one that somebody scales whom we do not know", scaling: &graph.Scaling{Min: 1}},
		"Metrics": {
			reason:  "Metrics make a HorizontalPodAutoscaler of the Deployment",
			scaling: &graph.Scaling{Min: 2, Max: 4, Metrics: metrics},
			want: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "g-w"},
				MinReplicas:    new(int32(2)), MaxReplicas: 4, Metrics: metrics,
			},
		},
		"Triggers": {
			reason: "Triggers are handed to KEDA as they are, and 0 is said",
			scaling: &graph.Scaling{Max: 4, Triggers: []v1alpha1.Trigger{{
				Type: "kafka", Metadata: map[string]string{"topic": "t"}, AuthenticationRef: "kafka", MetricType: autoscalingv2.AverageValueMetricType,
			}}},
			want: ScaledObjectSpec{ScaleTargetRef: target, MinReplicaCount: new(int32(0)), MaxReplicaCount: 4, Triggers: []ScaleTrigger{{
				Type: "kafka", Metadata: map[string]string{"topic": "t"},
				AuthenticationRef: &TriggerAuthenticationRef{Name: "kafka"}, MetricType: autoscalingv2.AverageValueMetricType,
			}}},
		},
		"TTFT": {
			reason:    "A latency is compared as one value of all replicas",
			namespace: "team-a-g",
			scaling:   &graph.Scaling{Min: 1, Max: 4, SLO: graph.SLO{TTFT: metav1.Duration{Duration: 500 * time.Millisecond}}},
			want: ScaledObjectSpec{ScaleTargetRef: target, MinReplicaCount: new(int32(1)), MaxReplicaCount: 4, Triggers: []ScaleTrigger{{
				Type: "prometheus", MetricType: autoscalingv2.ValueMetricType,
				Metadata: map[string]string{"serverAddress": "http://prometheus:9090", "query": ttft, "threshold": "0.5"},
			}}},
		},
		"SharedNamespace": {
			reason:    "The shared Dynamo namespace is one of each Kubernetes namespace",
			namespace: names.GlobalNamespace,
			scaling:   &graph.Scaling{Min: 1, Max: 4, SLO: graph.SLO{ITL: metav1.Duration{Duration: 20 * time.Millisecond}}},
			want: ScaledObjectSpec{ScaleTargetRef: target, MinReplicaCount: new(int32(1)), MaxReplicaCount: 4, Triggers: []ScaleTrigger{{
				Type: "prometheus", MetricType: autoscalingv2.ValueMetricType,
				Metadata: map[string]string{"serverAddress": "http://prometheus:9090", "query": itl, "threshold": "0.02"},
			}}},
		},
	}
	g := &graph.Graph{Name: "g", Namespace: "team-a", Cluster: graph.Cluster{Defaults: v1alpha1.Defaults{PrometheusURL: "http://prometheus:9090"}}}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got any
			for _, r := range Autoscaler(g, &graph.Component{Name: "w", Key: "w", Object: "g-w", DynamoNamespace: tc.namespace, Scaling: tc.scaling}) {
				switch o := r.Object.(type) {
				case *autoscalingv2.HorizontalPodAutoscaler:
					got = o.Spec
				case *ScaledObject:
					got = o.Spec
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// A component of several nodes is scaled, handed over and restarted by its LeaderWorkerSet.
func TestAutoscalerOfAGroup(t *testing.T) {
	g := &graph.Graph{Name: "g", Namespace: "team-a"}
	c := &graph.Component{
		Name: "w", Key: "w", Object: "g-w", Type: v1alpha1.TypeCustom, Template: &corev1.PodTemplateSpec{},
		Group: &graph.Group{Object: "g-w", Nodes: 2}, Scaling: &graph.Scaling{Min: 1, Max: 4, Metrics: make([]autoscalingv2.MetricSpec, 1)},
	}
	want := autoscalingv2.CrossVersionObjectReference{APIVersion: lws.APIVersion, Kind: lws.Kind, Name: "g-w"}
	if diff := cmp.Diff(want, scaleTarget(c)); diff != "" {
		t.Errorf("target (-want, +got):\n%s", diff)
	}
	w := workload(g, c)
	if w.HandOver == nil {
		t.Error("replicas are not handed over")
	}
	o, ok := w.Object.(*lws.LeaderWorkerSet)
	if !ok || o.Spec.Replicas != nil {
		t.Errorf("want a LeaderWorkerSet without replicas, got %v", w.Object)
	}
	e := wire.Encoder{}
	s, err := e.Struct(w.Object)
	if err != nil {
		t.Fatal(err)
	}
	if pods := w.Workloads[0].Pods(s); len(pods) != 2 {
		t.Errorf("want leader and worker restarted, got %v", pods)
	}
}
