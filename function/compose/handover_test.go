package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/function/graph"
)

func TestScaledHandsReplicasOver(t *testing.T) {
	hpa := &graph.Scaling{Min: 1, Max: 4, Metrics: make([]autoscalingv2.MetricSpec, 1)}
	cases := map[string]struct {
		reason   string
		scaling  *graph.Scaling
		observed string
		want     string
	}{
		"Ours": {
			reason:   "Replicas that only we own would become 1 if we left them out",
			scaling:  hpa,
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 3}}`,
			want:     `{spec: {replicas: 3}}`,
		},
		"Shared": {
			reason: "Replicas that the autoscaler owns too stay without us",
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}},
              {manager: kube-controller-manager, operation: Update, subresource: scale, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 3}}`,
			scaling: hpa,
			want:    `{spec: {}}`,
		},
		"TakenOver": {
			reason: "Replicas of somebody else are not ours to apply",
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:template: {}}}},
              {manager: keda-operator, operation: Update, subresource: scale, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 5}}`,
			scaling: hpa,
			want:    `{spec: {}}`,
		},
		"NeverOurs": {
			reason:   "A default that nobody owns stays as it is",
			scaling:  hpa,
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:template: {}}}}]}, spec: {replicas: 1}}`,
			want:     `{spec: {}}`,
		},
		"ZeroOfAnAutoscalerThatDoesNotWake": {
			reason:   "A HorizontalPodAutoscaler takes 0 for switched off",
			scaling:  hpa,
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 0}}`,
			want:     `{spec: {}}`,
		},
		"ZeroOfSomebodyElse": {
			reason:   "Whoever owns the replicas of a component that is parked decides when it runs",
			scaling:  &graph.Scaling{},
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 0}}`,
			want:     `{spec: {replicas: 0}}`,
		},
		"NotScaled": {
			reason:   "Replicas of the spec are not handed over",
			observed: `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/ab12, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}]}, spec: {replicas: 3}}`,
			want:     `{spec: {}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := parse(t, `{spec: {}}`)
			if r := scaled(&graph.Component{Scaling: tc.scaling}, Resource{}); r.HandOver != nil {
				r.HandOver(got, parse(t, tc.observed))
			}
			if diff := cmp.Diff(parse(t, tc.want), got, protocmp.Transform()); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func parse(t *testing.T, y string) *structpb.Struct {
	t.Helper()
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(y), &m); err != nil {
		t.Fatal(err)
	}
	s, err := structpb.NewStruct(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
