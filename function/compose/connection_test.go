package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestConnection(t *testing.T) {
	frontend := []graph.Component{{Type: v1alpha1.TypeFrontend, Object: "g-frontend"}}
	cases := map[string]struct {
		reason string
		graph  graph.Graph
		want   map[string][]byte
	}{
		"Nowhere": {reason: "There is nothing to connect to without a frontend"},
		"NoModel": {
			reason: "A frontend of several graphs has no model of its own",
			graph:  graph.Graph{Name: "g", Namespace: "team-a", Components: frontend},
			want:   map[string][]byte{"url": []byte("http://g-frontend.team-a.svc:8000")},
		},
		"Exposed": {
			reason: "The URL is that of the status, and the model goes by the name it is served by",
			graph: graph.Graph{
				Name: "g", Components: frontend, Expose: &graph.Expose{Host: "g.example.com", TLSSecretName: "tls"},
				Model: &graph.Model{Name: "Qwen/Qwen3-0.6B", ServedName: "qwen3"},
			},
			want: map[string][]byte{"url": []byte("https://g.example.com"), "model": []byte("qwen3")},
		},
		"Authority": {
			reason: "Who connects by TLS must know whom to trust",
			graph: graph.Graph{
				Name: "g", Components: frontend, Expose: &graph.Expose{Host: "g.example.com", TLSSecretName: "tls"},
				Cluster: graph.Cluster{Defaults: v1alpha1.Defaults{CABundle: "PEM"}},
			},
			want: map[string][]byte{"url": []byte("https://g.example.com"), "ca.crt": []byte("PEM")},
		},
		"AuthorityOfNothing": {
			reason: "Without TLS there is nobody to trust",
			graph: graph.Graph{
				Name: "g", Components: frontend, Expose: &graph.Expose{Host: "g.example.com"},
				Cluster: graph.Cluster{Defaults: v1alpha1.Defaults{CABundle: "PEM"}},
			},
			want: map[string][]byte{"url": []byte("http://g.example.com")},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got map[string][]byte
			for _, r := range Connection(&tc.graph) {
				s, ok := r.Object.(*corev1.Secret)
				if !ok || s.Name != "g-connection" {
					t.Fatalf("got %T %v", r.Object, r.Name)
				}
				got = s.Data
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
