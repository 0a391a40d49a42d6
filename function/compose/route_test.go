package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestURL(t *testing.T) {
	frontend := []graph.Component{{Type: v1alpha1.TypeWorker, Object: "g-worker"}, {Type: v1alpha1.TypeFrontend, Object: "g-frontend"}}
	cases := map[string]struct {
		reason string
		graph  graph.Graph
		want   string
	}{
		"Nowhere": {reason: "A graph without a frontend has no URL", graph: graph.Graph{Components: frontend[:1]}},
		"Inside":  {reason: "A frontend is reached by its Service", graph: graph.Graph{Namespace: "team-a", Components: frontend}, want: "http://g-frontend.team-a.svc:8000"},
		"Exposed": {reason: "A route has a host", graph: graph.Graph{Components: frontend, Expose: &graph.Expose{Host: "g.example.com"}}, want: "http://g.example.com"},
		"TLS":     {reason: "With a certificate it is https", graph: graph.Graph{Expose: &graph.Expose{Host: "g.example.com", TLSSecretName: "tls"}}, want: "https://g.example.com"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, URL(&tc.graph)); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRouteMeta(t *testing.T) {
	g := &graph.Graph{Name: "g", Namespace: "team-a", Expose: &graph.Expose{
		Labels:      map[string]string{"exposure": "public", "app.kubernetes.io/managed-by": "me"},
		Annotations: map[string]string{"a": "b"},
	}}
	m := routeMeta(g)
	if m.Labels["exposure"] != "public" || m.Labels["app.kubernetes.io/managed-by"] != "graphplane" || m.Labels[v1alpha1.LabelGraph] != "g" {
		t.Errorf("want the user's labels with ours over them, got %v", m.Labels)
	}
	if diff := cmp.Diff(map[string]string{"a": "b"}, m.Annotations); diff != "" {
		t.Errorf("annotations (-want, +got):\n%s", diff)
	}
	m.Labels["x"], m.Annotations["x"] = "y", "y"
	if len(g.Expose.Labels) != 2 || len(g.Expose.Annotations) != 1 {
		t.Error("what is composed shares maps with the graph")
	}
}
