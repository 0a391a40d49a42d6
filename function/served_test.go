package function

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

const (
	lease         = "coordination.k8s.io/v1/Lease"
	scaledObjects = "keda.sh/v1alpha1/ScaledObject"
)

// definition of the kind that KEDA brings, which serves a version.
func definition(t *testing.T, version, established string) *structpb.Struct {
	t.Helper()
	return object(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scaledobjects.keda.sh}
spec: {versions: [{name: `+version+`, served: true}]}
status: {conditions: [{type: Established, status: "`+established+`"}]}
`)
}

// scaledByKEDA is a graph without monitoring, so that a ScaledObject is all that an add-on brings.
func scaledByKEDA(t *testing.T) *structpb.Struct {
	t.Helper()
	xr := proto.CloneOf(examples(t)["scaling/triggers.yaml"])
	set(t, xr, map[string]any{"enabled": false}, "spec", "monitoring")
	return xr
}

// Objects of a kind that is not installed are held, and a condition names the definition.
func TestServed(t *testing.T) {
	type want struct {
		// Held says that no ScaledObject is desired.
		Held      bool
		Condition string
		Says      string
	}
	const missing = "FALSE/" + v1alpha1.ReasonNotInstalled
	cases := map[string]struct {
		reason  string
		schemas []string
		exist   []*structpb.Struct
		want    want
	}{
		"Installed": {
			reason:  "What the API server serves appears, and nothing is said",
			schemas: []string{lease, scaledObjects},
		},
		"Missing": {
			reason:  "Without a definition there is nothing to apply to",
			schemas: []string{lease},
			want:    want{Held: true, Condition: missing, Says: "ScaledObject of keda.sh/v1alpha1 is not installed: install what brings the CustomResourceDefinition scaledobjects.keda.sh"},
		},
		"JustInstalled": {
			reason:  "Crossplane's schemas can be older than the definition, which decides",
			schemas: []string{lease},
			exist:   []*structpb.Struct{definition(t, "v1alpha1", "True")},
		},
		"NotEstablished": {
			reason:  "A definition that the API server has not accepted serves nothing",
			schemas: []string{lease},
			exist:   []*structpb.Struct{definition(t, "v1alpha1", "False")},
			want:    want{Held: true, Condition: missing, Says: "the CustomResourceDefinition scaledobjects.keda.sh does not serve v1alpha1, or is not established"},
		},
		"AnotherVersion": {
			reason:  "A release that serves another version is as good as none",
			schemas: []string{lease},
			exist:   []*structpb.Struct{definition(t, "v2", "True")},
			want:    want{Held: true, Condition: missing, Says: "the CustomResourceDefinition scaledobjects.keda.sh does not serve v1alpha1"},
		},
		"NobodyLooks": {
			reason:  "Where not even a kind of Kubernetes has a schema nobody looks for any, as where Crossplane renders",
			schemas: []string{},
		},
		"NotOffered": {
			reason: "A Crossplane that does not know of schemas is not asked",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, scaledByKEDA(t), append(append(clusters(t), object(t, namespace)), tc.exist...)...)
			if tc.schemas != nil {
				s.schemas = map[string]bool{}
			}
			for _, k := range tc.schemas {
				s.schemas[k] = true
			}
			s.apply() // Autoscalers come after what they scale.
			_, rsp := s.call(s.request())
			if msg := fatal(rsp); msg != "" {
				t.Fatal(msg)
			}
			got := want{Held: !slices.ContainsFunc(desiredNames(rsp), func(n string) bool { return strings.HasPrefix(n, "scaledobject.") }), Condition: conditionOf(rsp, v1alpha1.ConditionKindsServed)}
			if tc.want.Says != "" && strings.Contains(messageOf(rsp, v1alpha1.ConditionKindsServed), tc.want.Says) {
				got.Says = tc.want.Says
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s\n%s", tc.reason, diff, messageOf(rsp, v1alpha1.ConditionKindsServed))
			}
			if held := rsp.GetDesired().GetComposite().GetReady() == fnv1.Ready_READY_FALSE; held != tc.want.Held {
				t.Errorf("the graph is said not to be ready: %t, want %t", held, tc.want.Held)
			}
			if !slices.Contains(desiredNames(rsp), "serviceaccount.discovery") {
				t.Error("what needs no add-on does not go on")
			}
		})
	}
}

// A kind that is missing keeps nothing that runs, is looked for until it is there, and then never again.
func TestServedLater(t *testing.T) {
	plain := proto.CloneOf(scaledByKEDA(t))
	s := running(t, plain)
	s.schemas = map[string]bool{lease: true, scaledObjects: true}
	if _, rsp := s.call(s.request()); len(rsp.GetRequirements().GetSchemas()) != 0 {
		t.Errorf("schemas are required at rest: %v", rsp.GetRequirements().GetSchemas())
	}

	// The graph asks for monitoring, and PodMonitor is not installed.
	delete(wire.Get(s.xr, "spec").GetStructValue().GetFields(), "monitoring")
	before := len(s.observed)
	rsp := s.apply()
	if len(s.observed) != before {
		t.Errorf("%d objects were there, %d are: %v", before, len(s.observed), desiredNames(rsp))
	}
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("components that run are no longer ready: %s", got)
	}
	if ttl := rsp.GetMeta().GetTtl().AsDuration(); ttl > 2*look {
		t.Errorf("a definition is looked for after %s only", ttl)
	}
	set(t, s.xr, []any{map[string]any{"type": v1alpha1.ConditionKindsServed, "status": "False"}}, "status", "conditions")
	s.schemas["monitoring.coreos.com/v1/PodMonitor"], s.schemas["monitoring.coreos.com/v1/PrometheusRule"] = true, true
	rsp = s.apply()
	if got := conditionOf(rsp, v1alpha1.ConditionKindsServed); got != "TRUE/"+v1alpha1.ReasonInstalled {
		t.Errorf("KindsServed: %s: %s", got, messageOf(rsp, v1alpha1.ConditionKindsServed))
	}
	if _, rsp = s.call(s.request()); len(rsp.GetRequirements().GetSchemas()) != 0 {
		t.Errorf("schemas are required at rest: %v", rsp.GetRequirements().GetSchemas())
	}
}

// A workload whose kind is missing is not composed: its component says why, and what comes after it waits.
func TestServedWorkload(t *testing.T) {
	s := simulate(t, examples(t)["multinode/vllm-data-parallel.yaml"], append(clusters(t), object(t, namespace))...)
	s.schemas = map[string]bool{lease: true}
	for range 3 {
		s.apply()
	}
	_, rsp := s.call(s.request())
	for _, n := range desiredNames(rsp) {
		if strings.HasPrefix(n, "leaderworkerset.") {
			t.Errorf("%s is desired", n)
		}
	}
	if !strings.Contains(messageOf(rsp, v1alpha1.ConditionKindsServed), "leaderworkersets.leaderworkerset.x-k8s.io") {
		t.Errorf("KindsServed says %q", messageOf(rsp, v1alpha1.ConditionKindsServed))
	}
	for name := range rsp.GetRequirements().GetResources() {
		if strings.HasPrefix(name, "conflict:leaderworkerset") {
			t.Errorf("%s is required, which Crossplane cannot look for", name)
		}
	}
}

func desiredNames(rsp *fnv1.RunFunctionResponse) []string {
	var out []string
	for n := range rsp.GetDesired().GetResources() {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
