package graph

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

func TestBacking(t *testing.T) {
	named := func(name string, isolate bool) *v1alpha1.Backing {
		return &v1alpha1.Backing{ProviderConfigRef: &v1alpha1.ProviderConfigReference{Name: name}, Isolate: isolate}
	}
	root := &System{Config: v1alpha1.ProviderConfigReference{Kind: "ClusterProviderConfig", Name: "etcd"}, Auth: AuthBasic}
	type want struct {
		etcd, nats *Backing
		namespace  string
		refused    string
	}
	cases := map[string]struct {
		reason  string
		runtime v1alpha1.Runtime
		// defaults are those of the InferenceCluster.
		defaults   v1alpha1.Defaults
		etcd, nats *System
		want       want
	}{
		"None": {
			reason:   "A graph uses no system unless it is told to, whatever its cluster has",
			defaults: v1alpha1.Defaults{Etcd: named("etcd", true), NATS: named("nats", true)},
			want:     want{namespace: "team-a-qwen"},
		},
		"OfTheCluster": {
			reason:   "A cluster may say how graphs find each other, and by which etcd",
			defaults: v1alpha1.Defaults{Discovery: v1alpha1.DiscoveryEtcd, Etcd: named("etcd", true)},
			etcd:     root,
			want: want{
				namespace: names.Isolated("team-a", "qwen"),
				etcd:      &Backing{System: *root, Endpoint: "qwen-etcd", Isolate: true, Access: "qwen-etcd-user"},
			},
		},
		"OwnBeforeTheCluster": {
			reason:   "What a graph names comes before what its cluster names",
			runtime:  v1alpha1.Runtime{EventPlane: v1alpha1.EventPlaneNATS, NATS: named("ours", false)},
			defaults: v1alpha1.Defaults{NATS: named("nats", true)},
			nats:     &System{},
			want:     want{namespace: "team-a-qwen", nats: &Backing{Endpoint: "qwen-nats", Access: "qwen-nats"}},
		},
		"Existing": {
			reason:  "Pods get what an Endpoint that exists publishes",
			runtime: v1alpha1.Runtime{Discovery: v1alpha1.DiscoveryEtcd, Etcd: &v1alpha1.Backing{EndpointRef: &v1alpha1.EndpointReference{Name: "ours"}}},
			etcd:    &System{Secret: "connection", Waits: "No member answers"},
			want: want{
				namespace: "team-a-qwen",
				etcd:      &Backing{System: System{Secret: "connection", Waits: "No member answers"}, Endpoint: "ours", Existing: true, Access: "connection"},
			},
		},
		"NobodyLooked": {
			reason:  "What is not known of a system is not judged, as where there is no API server to ask",
			runtime: v1alpha1.Runtime{RequestPlane: v1alpha1.RequestPlaneNATS, NATS: named("nats", true)},
			want:    want{namespace: names.Isolated("team-a", "qwen"), nats: &Backing{Endpoint: "qwen-nats", Isolate: true, Access: "qwen-nats-user"}},
		},
		"Unpublished": {
			reason:  "Pods that could not sign in are not started",
			runtime: v1alpha1.Runtime{Discovery: v1alpha1.DiscoveryEtcd, Etcd: named("etcd", false)},
			etcd:    root,
			want:    want{refused: `ClusterProviderConfig "etcd" of etcd.graphplane.io keeps its credentials to itself`},
		},
		"NeitherNorBoth": {
			reason:  "Callers without an API server are told too that a system is named once",
			runtime: v1alpha1.Runtime{Discovery: v1alpha1.DiscoveryEtcd, Etcd: &v1alpha1.Backing{}},
			want:    want{refused: "set exactly one of providerConfigRef and endpointRef"},
		},
		"SharedReads": {
			reason:  "Nor is anything widened that is not narrow",
			runtime: v1alpha1.Runtime{Discovery: v1alpha1.DiscoveryEtcd, Etcd: &v1alpha1.Backing{ProviderConfigRef: &v1alpha1.ProviderConfigReference{Name: "etcd"}, SharedReads: true}},
			want:    want{refused: "spec.runtime.etcd.sharedReads"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := Input{Name: "qwen", Namespace: "team-a", Cluster: Cluster{Defaults: tc.defaults}, Etcd: tc.etcd, NATS: tc.nats}
			in.Spec = v1alpha1.InferenceGraphSpec{
				Backend: v1alpha1.BackendVLLM, Runtime: tc.runtime,
				Components: []v1alpha1.Component{{Name: "frontend", Type: v1alpha1.TypeFrontend}},
			}
			g, refusal := Resolve(in)
			if refusal != nil {
				if tc.want.refused == "" || !strings.Contains(refusal.Error(), tc.want.refused) {
					t.Errorf("\n%s\nwant %q, got %q", tc.reason, tc.want.refused, refusal.Error())
				}
				return
			}
			got := want{etcd: g.Etcd, nats: g.NATS, namespace: g.DynamoNamespace}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
			if g.Components[0].DynamoNamespace != got.namespace {
				t.Errorf("the component is in Dynamo namespace %q, the graph in %q", g.Components[0].DynamoNamespace, got.namespace)
			}
		})
	}
}

// Two graphs whose Dynamo namespace would be one have different ones when they are isolated, however long their names are.
func TestIsolatedNamesDiffer(t *testing.T) {
	long := strings.Repeat("n", 63)
	for _, pair := range [][4]string{{"a-b", "c", "a", "b-c"}, {long, long + "a", long, long + "b"}} {
		x, y := names.Isolated(pair[0], pair[1]), names.Isolated(pair[2], pair[3])
		if x == y {
			t.Errorf("%v are both %q", pair, x)
		}
		if len(x) > names.MaxLabel {
			t.Errorf("%q is no label value", x)
		}
	}
}
