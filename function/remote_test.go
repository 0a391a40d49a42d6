package function

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// elsewhere is a graph on the same InferenceCluster, but for that it is another cluster than the control plane's.
func elsewhere(tb testing.TB, xr *structpb.Struct) *simulation {
	tb.Helper()
	exist := append(clusters(tb), object(tb, namespace))
	for _, c := range exist {
		if wire.String(c, "kind") == v1alpha1.InferenceClusterKind {
			set(tb, c, map[string]any{"source": "Remote", "providerConfigRef": map[string]any{"name": "edge", "kind": "ClusterProviderConfig"}}, "spec", "access")
		}
	}
	return simulate(tb, xr, exist...)
}

// TestRemote compares what each example consists of on another cluster with what it consists of here, and has it become
// Ready there.
func TestRemote(t *testing.T) {
	keys, err := generateKeys()
	if err != nil {
		t.Fatal(err)
	}
	for file, xr := range examples(t) {
		if wire.String(xr, "kind") != v1alpha1.InferenceGraphKind || wire.String(xr, "spec", "clusterRef", "name") == "edge" {
			continue
		}
		if strings.HasPrefix(file, "planner/") || strings.HasPrefix(file, "grove/") {
			// A planner and Grove are refused on another cluster, which are cases of test/refused.
			continue
		}
		t.Run(file, func(t *testing.T) {
			here, there := simulate(t, xr, append(clusters(t), object(t, namespace))...), elsewhere(t, xr)
			here.fn, there.fn = New(logging.NewNopLogger(), WithKeys(keys)), New(logging.NewNopLogger(), WithKeys(keys))
			var want, got *fnv1.RunFunctionResponse
			for range 5 {
				want, got = here.apply(), there.apply()
				here.rollOut()
				there.rollOut()
			}
			if c := conditionOf(got, v1alpha1.ConditionComponentsReady); c != "TRUE/"+v1alpha1.ReasonRolledOut {
				t.Errorf("ComponentsReady: got %s", c)
			}
			if diff := cmp.Diff(status(want), status(got), protocmp.Transform()); diff != "" {
				t.Errorf("status (-here, +there):\n%s", diff)
			}
			for name, r := range want.GetDesired().GetResources() {
				w, o := r.GetResource(), got.GetDesired().GetResources()[name]
				if o.GetReady() != fnv1.Ready_READY_TRUE {
					t.Errorf("%s is not ready there", name)
				}
				if strings.HasPrefix(name, "usage.nodepool.") {
					// The nodes are beside the graph, and used by the Object that brings the workload.
					by := wire.Get(o.GetResource(), "spec", "by").GetStructValue()
					want := "deployment-" + wire.String(w, "spec", "by", "resourceRef", "name")
					if got := wire.String(by, "resourceRef", "name"); wire.String(by, "kind") != "Object" || got != want {
						t.Errorf("%s is by %s %q, want Object %q", name, wire.String(by, "kind"), got, want)
					}
					w = proto.CloneOf(w)
					wire.Get(w, "spec").GetStructValue().Fields["by"] = structpb.NewStructValue(by)
				}
				if diff := cmp.Diff(portable(w), portable(manifest(o)), protocmp.Transform()); diff != "" {
					t.Errorf("%s (-here, +there):\n%s", name, diff)
				}
			}
		})
	}
}

// status of the composite resource that a response reports.
func status(rsp *fnv1.RunFunctionResponse) *structpb.Value {
	return wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status")
}

// portable is an object without what cannot be the same on two clusters: owners, and the names that nobody addresses it
// by.
func portable(o *structpb.Struct) *structpb.Struct {
	o = proto.CloneOf(o)
	meta := wire.Get(o, "metadata").GetStructValue()
	delete(meta.GetFields(), "ownerReferences")
	if slices.Contains([]string{"PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler", "ScaledObject", "Ingress", "HTTPRoute", "VirtualService", "PodMonitor", "PrometheusRule"}, wire.String(o, "kind")) {
		delete(meta.GetFields(), "name")
	}
	return o
}

// What an Object reports decides, not that it exists.
func TestRemoteArrives(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(o *structpb.Struct)
		want   string
	}{
		"NotYet": {
			reason: "An Object that has observed nothing is not ready, and is not taken away",
			change: func(o *structpb.Struct) { delete(o.GetFields(), "status") },
			want:   "Waiting to be created in the cluster",
		},
		"Refused": {
			reason: "The other cluster's refusal is the component's message",
			change: func(o *structpb.Struct) {
				set(t, o, []any{map[string]any{"type": "Synced", "status": "False", "message": "no such host"}}, "status", "conditions")
			},
			want: "Cannot be applied to the cluster: no such host",
		},
		"Older": {
			reason: "An Object that has not applied the latest change yet is not ready",
			change: func(o *structpb.Struct) {
				set(t, o, "old", "status", "atProvider", "manifest", "metadata", "annotations", v1alpha1.AnnotationRevision)
			},
			want: "Waiting for the latest change to be applied",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := running(t, examples(t)["remote/vllm.yaml"])
			before := slices.Sorted(maps.Keys(s.observed))
			tc.change(s.observed["deployment.decode"])
			rsp := s.apply()
			if rsp.GetDesired().GetResources()["deployment.decode"].GetReady() == fnv1.Ready_READY_TRUE {
				t.Errorf("\n%s\nthe Deployment is ready", tc.reason)
			}
			if diff := cmp.Diff(before, slices.Sorted(maps.Keys(rsp.GetDesired().GetResources()))); diff != "" {
				t.Errorf("\n%s\n-observed, +desired:\n%s", tc.reason, diff)
			}
			components := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components").GetListValue().GetValues()
			if got := wire.String(components[2].GetStructValue(), "message"); got != tc.want {
				t.Errorf("\n%s\nwant the message %q, got %q", tc.reason, tc.want, got)
			}
		})
	}
}

// Pods on another cluster need the Secrets of the graph's namespace there, but not in the clear in an Object.
func TestRemoteSecrets(t *testing.T) {
	s := running(t, examples(t)["remote/vllm.yaml"])
	got := s.observed["secretcopy.hf-token"]
	if got == nil {
		t.Fatal("the Secret with the token is not copied")
	}
	want := []any{
		map[string]any{"patchesFrom": map[string]any{"apiVersion": "v1", "kind": "Secret", "namespace": "team-a", "name": "hf-token", "fieldPath": "data"}, "toFieldPath": "data"},
		map[string]any{"patchesFrom": map[string]any{"apiVersion": "v1", "kind": "Secret", "namespace": "team-a", "name": "hf-token", "fieldPath": "type"}, "toFieldPath": "type"},
	}
	if diff := cmp.Diff(want, wire.Get(got, "spec", "references").GetListValue().AsSlice()); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	for name, o := range s.observed {
		if wire.String(o, "kind") != remote.Kind {
			continue
		}
		policies := wire.Get(o, "spec", "managementPolicies").GetListValue().AsSlice()
		if keep := slices.Contains([]string{"namespace", "claim.weights", "secretcopy.hf-token"}, name); keep != (len(policies) > 0) {
			t.Errorf("%s has the management policies %v", name, policies)
		}
	}
}

// What gives a graph access to its systems is copied by reference, and goes with the graph when it is the graph's alone.
func TestRemoteSystems(t *testing.T) {
	s := elsewhere(t, examples(t)[isolatedExample])
	for range 5 {
		s.apply()
		s.rollOut()
	}
	for _, name := range []string{"endpoint.etcd", "role.etcd", "user.etcd", "endpoint.nats", "user.nats"} {
		if s.observed[name] == nil || wire.String(s.observed[name], "kind") == remote.Kind {
			t.Errorf("%s has to be beside the graph: %v", name, s.observed[name])
		}
	}
	for _, name := range []string{"secretcopy.isolated-etcd-user", "secretcopy.isolated-nats-user"} {
		o := s.observed[name]
		if o == nil {
			t.Errorf("%s: pods there have no access", name)
			continue
		}
		if got := wire.Get(o, "spec", "forProvider", "manifest", "data"); got != nil {
			t.Errorf("%s holds credentials", name)
		}
		if got := wire.Get(o, "spec", "managementPolicies").GetListValue().AsSlice(); len(got) > 0 {
			t.Errorf("%s outlives its graph: %v", name, got)
		}
	}
}

// Names of two graphs can meet on another cluster too: their Objects meet here.
func TestRemoteConflict(t *testing.T) {
	xr := examples(t)["remote/vllm.yaml"]
	s := simulate(t, xr, append(clusters(t), object(t, namespace), object(t, `
apiVersion: kubernetes.m.crossplane.io/v1alpha1
kind: Object
metadata: {name: service-qwen-edge-decode, ownerReferences: [{kind: InferenceGraph, name: qwen, uid: other, controller: true}]}
`))...)
	s.apply()
	_, rsp := s.call(s.request())
	want := `Object "service-qwen-edge-decode" exists and belongs to InferenceGraph "qwen": rename this InferenceGraph or a component of it`
	if diff := cmp.Diff(want, fatal(rsp)); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}
