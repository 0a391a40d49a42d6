package function

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
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
	"github.com/graphplane/graphplane/function/wire"
)

// kept compares what a response keeps with what was observed: everything on a Fatal result, since Crossplane then
// changes nothing, else what is desired.
func kept(t *testing.T, req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) {
	t.Helper()
	if fatal(rsp) != "" {
		return
	}
	for n := range req.GetObserved().GetResources() {
		if _, ok := rsp.GetDesired().GetResources()[n]; !ok {
			t.Errorf("%s is no longer desired", n)
		}
	}
}

// Inputs go missing in many ways. Nothing that runs may go with them.
func TestNothingIsLost(t *testing.T) {
	cases := map[string]struct {
		reason  string
		change  func(t *testing.T, s *simulation, req *fnv1.RunFunctionRequest)
		refused string
		accept  string
	}{
		"ClusterGone": {
			reason: "An InferenceCluster that a graph used must not give way to defaults when it is deleted",
			change: func(_ *testing.T, s *simulation, _ *fnv1.RunFunctionRequest) {
				maps.DeleteFunc(s.exist, func(k string, _ *structpb.Struct) bool { return strings.Contains(k, "/InferenceCluster/") })
			},
			refused: `" does not exist`,
			accept:  "FALSE/" + v1alpha1.ReasonMissingInput,
		},
		"OtherClusterNeverThere": {
			reason: "A graph on a cluster that does not exist is refused",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				set(t, req.GetObserved().GetComposite().GetResource(), "prod", "spec", "clusterRef", "name")
			},
			refused: `InferenceCluster "prod" does not exist`,
			accept:  "FALSE/" + v1alpha1.ReasonMissingInput,
		},
		"NoComponents": {
			reason: "An empty graph is an error, not a wish to delete everything",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				set(t, req.GetObserved().GetComposite().GetResource(), []any{}, "spec", "components")
			},
			refused: "spec.components: Required value",
			accept:  "FALSE/" + v1alpha1.ReasonInvalidSpec,
		},
		"NoSpec": {
			reason: "A composite resource without a spec is an error",
			change: func(_ *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				delete(req.GetObserved().GetComposite().GetResource().GetFields(), "spec")
			},
			refused: "spec.components: Required value",
			accept:  "FALSE/" + v1alpha1.ReasonInvalidSpec,
		},
		"WrongType": {
			reason: "A spec that cannot be read is an error",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				set(t, req.GetObserved().GetComposite().GetResource(), "many", "spec", "components")
			},
			refused: "cannot read spec",
			accept:  "FALSE/" + v1alpha1.ReasonInvalidSpec,
		},
		"UnknownKind": {
			reason: "A kind that this function does not know is an error",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				set(t, req.GetObserved().GetComposite().GetResource(), "Thing", "kind")
			},
			refused: "this function composes InferenceGraph and InferenceCluster",
		},
		"UnknownVersion": {
			reason: "A version that this function does not know is an error",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				set(t, req.GetObserved().GetComposite().GetResource(), "graphplane.io/v9", "apiVersion")
			},
			refused: "not graphplane.io/v9/InferenceGraph",
		},
		"NoComposite": {
			reason:  "A request without a composite resource is an error",
			change:  func(_ *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) { req.Observed.Composite = nil },
			refused: "this function composes InferenceGraph and InferenceCluster",
		},
		"UnknownInput": {
			reason: "A field of the input that this function does not know is an error",
			change: func(t *testing.T, _ *simulation, req *fnv1.RunFunctionRequest) {
				t.Helper()
				req.Input = object(t, `{apiVersion: fn.graphplane.io/v1alpha1, kind: Input, runtimeVersoin: "1"}`)
			},
			refused: "cannot read the input of the function",
			accept:  "FALSE/" + v1alpha1.ReasonInvalidSpec,
		},
	}
	for file, xr := range examples(t) {
		for name, tc := range cases {
			t.Run(file+"/"+name, func(t *testing.T) {
				s := running(t, xr)
				req := s.request()
				tc.change(t, s, req)
				last, rsp := s.call(req)
				if got := fatal(rsp); !strings.Contains(got, tc.refused) {
					t.Errorf("\n%s\nwant a Fatal result with %q, got %q", tc.reason, tc.refused, got)
				}
				if got := conditionOf(rsp, v1alpha1.ConditionAccepted); got != tc.accept {
					t.Errorf("\n%s\nAccepted: want %q, got %q", tc.reason, tc.accept, got)
				}
				kept(t, last, rsp)
			})
		}
	}
}

// Until Crossplane has looked for what is required, the response must desire what is there.
func TestUnresolvedRequirement(t *testing.T) {
	for file, xr := range examples(t) {
		t.Run(file, func(t *testing.T) {
			s := running(t, xr)
			req := s.request()
			rsp, err := s.fn.RunFunction(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			if rsp.GetRequirements().GetResources()["cluster"] == nil {
				t.Error("want the InferenceCluster required")
			}
			for n, r := range req.GetObserved().GetResources() {
				want := wire.Intent(r.GetResource())
				got := rsp.GetDesired().GetResources()[n].GetResource()
				if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
					t.Errorf("%s: -want, +got:\n%s", n, diff)
				}
			}
		})
	}
}

// Any damage to a spec ends in a response that keeps everything, or in one that a user asked for: components that are
// named no more.
func TestDamagedSpec(t *testing.T) {
	const rounds = 300
	for file, xr := range examples(t) {
		t.Run(file, func(t *testing.T) {
			s := running(t, xr)
			rnd := rand.New(rand.NewPCG(1, uint64(len(file))))
			for range rounds {
				req := s.request()
				damage(rnd, req.GetObserved().GetComposite().GetResource().GetFields()["spec"])
				wanted := componentNames(req.GetObserved().GetComposite().GetResource())
				last, rsp := s.call(req)
				if fatal(rsp) != "" {
					continue
				}
				for n, r := range last.GetObserved().GetResources() {
					_, desired := rsp.GetDesired().GetResources()[n]
					c := wire.String(r.GetResource(), "metadata", "labels", v1alpha1.LabelComponent)
					if !desired && (c == "" || wanted[c]) && !optional(n) {
						t.Fatalf("%s is lost to %v", n, last.GetObserved().GetComposite().GetResource().GetFields()["spec"])
					}
				}
			}
		})
	}
}

// optional resources exist only while a field of the spec asks for them.
func optional(resource string) bool {
	kind, _, _ := strings.Cut(resource, ".")
	return slices.Contains([]string{
		"networkpolicy", "poddisruptionbudget", "autoscaler", "scaledobject", "ingress", "httproute", "virtualservice", "podmonitor", "secret",
	}, kind)
}

// componentNames are the components that a spec still names.
func componentNames(xr *structpb.Struct) map[string]bool {
	out := map[string]bool{}
	for _, c := range wire.Get(xr, "spec", "components").GetListValue().GetValues() {
		out[strings.ToLower(wire.String(c.GetStructValue(), "name"))] = true
	}
	return out
}

// damage replaces, removes or empties something at a random depth.
func damage(rnd *rand.Rand, v *structpb.Value) {
	junk := []*structpb.Value{
		structpb.NewNullValue(), structpb.NewStringValue(""), structpb.NewNumberValue(-1), structpb.NewBoolValue(true),
		structpb.NewListValue(&structpb.ListValue{}), structpb.NewStructValue(&structpb.Struct{}), structpb.NewStringValue("x"),
	}
	switch k := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		keys := sortedKeys(k.StructValue)
		if len(keys) == 0 {
			return
		}
		key := keys[rnd.IntN(len(keys))]
		switch rnd.IntN(4) {
		case 0:
			delete(k.StructValue.GetFields(), key)
		case 1:
			k.StructValue.Fields[key] = junk[rnd.IntN(len(junk))]
		default:
			damage(rnd, k.StructValue.GetFields()[key])
		}
	case *structpb.Value_ListValue:
		if len(k.ListValue.GetValues()) == 0 {
			return
		}
		i := rnd.IntN(len(k.ListValue.GetValues()))
		if rnd.IntN(3) == 0 {
			k.ListValue.Values[i] = junk[rnd.IntN(len(junk))]
			return
		}
		damage(rnd, k.ListValue.GetValues()[i])
	}
}

func sortedKeys(s *structpb.Struct) []string {
	return slices.Sorted(maps.Keys(s.GetFields()))
}

// At rest two calls give the same bytes.
func TestRest(t *testing.T) {
	for file, xr := range examples(t) {
		t.Run(file, func(t *testing.T) {
			s := running(t, xr)
			var want []byte
			for range 20 {
				s.fn = New(logging.NewNopLogger())
				_, rsp := s.call(s.request())
				got, err := proto.MarshalOptions{Deterministic: true}.Marshal(rsp)
				if err != nil {
					t.Fatal(err)
				}
				if want != nil && !bytes.Equal(want, got) {
					t.Fatal("two calls at rest give different bytes")
				}
				want = got
			}
		})
	}
}

// A change of the spec is observed before it is applied. The graph must not look ready in between.
func TestReadyWaitsForTheChange(t *testing.T) {
	xr := examples(t)["disaggregated/vllm.yaml"]
	s := running(t, xr)
	set(t, s.xr, "1.2.0", "spec", "runtime", "version")

	rsp := s.apply()
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "FALSE/"+v1alpha1.ReasonProgressing {
		t.Errorf("before the change is applied: got %s", got)
	}
	if rsp.GetDesired().GetResources()["deployment.decode"].GetReady() == fnv1.Ready_READY_TRUE {
		t.Error("before the change is applied: the Deployment is ready")
	}
	s.rollOut()
	rsp = s.apply()
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("after the rollout: got %s", got)
	}
}

// Only what a user changed may change, whatever the order of maps.
func TestAddingAComponentTouchesNoOther(t *testing.T) {
	xr := examples(t)["disaggregated/vllm.yaml"]
	s := running(t, xr)
	before := s.request().GetObserved().GetResources()
	components := wire.Get(s.xr, "spec", "components").GetListValue()
	components.Values = append(components.Values, structpb.NewStructValue(object(t, `{name: decode-long, type: decode, gpus: 2}`)))

	rsp := s.apply()
	for n, r := range before {
		got := rsp.GetDesired().GetResources()[n].GetResource()
		for _, part := range []string{"spec", "rules", "subjects"} {
			if diff := cmp.Diff(wire.Get(r.GetResource(), part), wire.Get(got, part), protocmp.Transform()); diff != "" {
				t.Errorf("%s: -before, +after:\n%s", n, diff)
			}
		}
	}
	if rsp.GetDesired().GetResources()["deployment.decode-long"] == nil {
		t.Error("the new component has no Deployment")
	}
}

// Names of two graphs can meet: a-b with component c, and a with component b-c.
func TestConflict(t *testing.T) {
	graph := `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: a, namespace: team-a}
spec:
  backend: vllm
  model: {name: m}
  components: [{name: b-c, type: worker}]
`
	cases := map[string]struct {
		reason string
		exists string
		want   string
	}{
		"OtherGraph": {
			reason: "A Deployment of another graph is not taken over",
			exists: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a-b-c, ownerReferences: [{kind: InferenceGraph, name: a-b, uid: other, controller: true}]}}`,
			want:   `Deployment "a-b-c" exists and belongs to InferenceGraph "a-b": rename this InferenceGraph or a component of it`,
		},
		"Nobodys": {
			reason: "A Service that a user made is not taken over",
			exists: `{apiVersion: v1, kind: Service, metadata: {name: a-b-c}}`,
			want:   `Service "a-b-c" exists and was not created by this InferenceGraph: rename one of them, or delete it`,
		},
		"Leaving": {
			reason: "A Deployment of the graph's predecessor is waited for",
			exists: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a-b-c, deletionTimestamp: "2026-01-01T00:00:00Z"}}`,
			want:   `Deployment "a-b-c" of the same name is still being deleted: it is created again once it is gone`,
		},
		"Ours": {
			reason: "A Deployment that was created, but not seen since, is ours",
			exists: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a-b-c, ownerReferences: [{kind: InferenceGraph, name: a, uid: xr1, controller: true}]}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, object(t, graph), object(t, tc.exists))
			_, rsp := s.call(s.request())
			if fatal(rsp) == "" {
				// What is held is looked for when its turn has come.
				s.apply()
				_, rsp = s.call(s.request())
			}
			if diff := cmp.Diff(tc.want, fatal(rsp)); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
			if got := conditionOf(rsp, v1alpha1.ConditionAccepted); tc.want != "" && got != "FALSE/"+v1alpha1.ReasonNameConflict {
				t.Errorf("\n%s\nAccepted: got %s", tc.reason, got)
			}
		})
	}
}

// A claim that is to outlive its graph outlives an edit of it too, and is found again by the next graph of its name.
func TestRetainedClaim(t *testing.T) {
	xr := examples(t)["model-cache/vllm.yaml"]
	s := running(t, xr)
	was := s.observed["claim.weights"]

	delete(wire.Get(s.xr, "spec").GetStructValue().GetFields(), "claims")
	delete(wire.Get(s.xr, "spec", "model").GetStructValue().GetFields(), "cache")
	rsp := s.apply()
	is := rsp.GetDesired().GetResources()["claim.weights"].GetResource()
	if diff := cmp.Diff(wire.Get(was, "spec"), wire.Get(is, "spec"), protocmp.Transform()); diff != "" {
		t.Errorf("a retained claim that is named no more: -want, +got:\n%s", diff)
	}
	if wire.Get(is, "metadata", "ownerReferences").GetListValue().GetValues()[0].GetStructValue().GetFields()["uid"].GetStringValue() != "n1" {
		t.Error("a retained claim that is named no more is not the Namespace's any more")
	}

	next := simulate(t, xr, object(t, local), object(t, namespace), was)
	_, rsp = next.call(next.request())
	if msg := fatal(rsp); msg != "" {
		t.Errorf("the next graph of the name does not get the claim: %s", msg)
	}
}

// InferenceCluster composes the kinds that discovery and planners need when asked to, and nothing else.
func TestInferenceCluster(t *testing.T) {
	const cluster = "apiVersion: graphplane.io/v1alpha1\nkind: InferenceCluster\nmetadata: {name: local, uid: c1}\n"
	cases := map[string]struct {
		spec string
		want []string
	}{
		"Nothing":   {spec: "{access: {source: Local}}"},
		"Discovery": {spec: "{install: {workerMetadata: true}}", want: []string{"dynamoworkermetadatas.nvidia.com"}},
		"Planner": {
			spec: "{install: {planner: true}}",
			want: []string{"dynamographdeployments.nvidia.com", "dynamographdeploymentscalingadapters.nvidia.com"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, object(t, cluster+"spec: "+tc.spec))
			_, rsp := s.call(s.request())
			var got []string
			for _, r := range rsp.GetDesired().GetResources() {
				if r.GetReady() != fnv1.Ready_READY_FALSE {
					t.Error("ready before the API server serves it")
				}
				got = append(got, wire.String(r.GetResource(), "metadata", "name"))
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want, +got:\n%s", diff)
			}
		})
	}
}
