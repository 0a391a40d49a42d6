package function

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	yamlstream "github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/wire"
)

// A poolCase is a node pool as it is written down in testdata/pools, and what becomes of it.
type poolCase struct {
	// Pool of a graph with a prefill and two decode workers of so many GPUs, one by default. Cluster is merged into the
	// spec of the cloud's InferenceCluster of the examples.
	Pool    map[string]any `json:"pool"`
	GPUs    float64        `json:"gpus,omitempty"`
	Cluster map[string]any `json:"cluster,omitempty"`

	// Failure is what the cloud says until the pool falls back.
	Failure string `json:"failure,omitempty"`

	// Edit is merged into the pool once it runs. What it makes exists then, and nothing has moved.
	Edit map[string]any `json:"edit,omitempty"`

	// Observed is merged into what the cloud has.
	Observed map[string]any `json:"observed,omitempty"`

	// Remove the pool, and the components that use it, once it runs. Their workloads are still there.
	Remove bool `json:"remove,omitempty"`
}

const poolGraph = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: golden, namespace: team-a}
spec:
  clusterRef: {name: %s}
  backend: vllm
  model: {name: meta-llama/Llama-3.3-70B-Instruct}
  nodePools: [{name: gpu}]
  components:
  - {name: frontend, type: frontend}
  - {name: prefill, type: prefill, gpus: 1, nodePool: gpu}
  - {name: decode, type: decode, gpus: 1, replicas: 2, nodePool: gpu}
`

// TestPoolGolden composes every node pool of testdata/pools, by the whole function, and compares the objects of its cloud,
// what of its pods says where they may run, and the status with what was reviewed once. Run it with -update to rewrite the
// files after a change that is meant, and review them again.
func TestPoolGolden(t *testing.T) {
	for _, cloud := range []string{"eks", "gke", "aks"} {
		b, err := os.ReadFile(filepath.Join("testdata", "pools", cloud+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		cases := map[string]poolCase{}
		if err := yaml.UnmarshalStrict(b, &cases); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join("testdata", "pools", cloud)
		for name, c := range cases {
			t.Run(cloud+"/"+name, func(t *testing.T) {
				out := &bytes.Buffer{}
				if err := yamlstream.YAML(out, c.objects(c.run(t, cloud))); err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join(dir, name+".yaml"), out.Bytes())
			})
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if _, ok := cases[strings.TrimSuffix(filepath.Base(f), ".yaml")]; !ok {
				t.Errorf("%s belongs to no case: delete it", f)
			}
		}
	}
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run this test with -update, and review the file", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want, +got):\n%s", path, diff)
	}
}

// run a case to where its golden file is of.
func (c poolCase) run(t *testing.T, cloud string) *fnv1.RunFunctionResponse {
	t.Helper()
	s := simulate(t, c.graph(t, cloud), append(c.clusters(t, cloud), object(t, namespace))...)
	s.fresh = true
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	s.fn.now = func() time.Time { return now }
	// A node group comes after its template, a Usage after both.
	rsp := s.rest()
	switch {
	case c.Failure != "":
		s.fail(c.Failure)
		s.apply()
		now = now.Add(time.Hour)
		// The template of the next choice exists first, then its node group, then pods move.
		for range 2 {
			s.apply()
			s.rollOutCloud()
		}
		return s.apply()
	case c.Edit != nil:
		pool := wire.Get(s.xr, "spec", "nodePools").GetListValue().GetValues()[0].GetStructValue()
		mergeStruct(t, pool, c.Edit)
		for range 3 {
			s.observe(c.Observed)
			s.apply()
			s.rollOutCloud()
		}
		s.observe(c.Observed)
		return s.apply()
	case c.Remove:
		spec := wire.Get(s.xr, "spec").GetStructValue()
		delete(spec.GetFields(), "nodePools")
		components := spec.GetFields()["components"].GetListValue()
		components.Values = components.GetValues()[:1]
		return s.apply()
	}
	return rsp
}

// rest rolls out until nothing is new.
func (s *simulation) rest() *fnv1.RunFunctionResponse {
	s.t.Helper()
	n := -1
	for {
		rsp := s.apply()
		s.rollOut()
		if len(rsp.GetDesired().GetResources()) == n {
			return s.apply()
		}
		n = len(rsp.GetDesired().GetResources())
	}
}

// fail lets the cloud say of all nodes what is wrong, so that no pod runs.
func (s *simulation) fail(message string) {
	for name, o := range s.observed {
		if strings.HasPrefix(name, "nodepool.") {
			o.Fields["status"] = object(s.t, fmt.Sprintf(`{status: {conditions: [{type: Ready, status: "False", reason: Creating}, {type: LastAsyncOperation, status: "False", reason: AsyncCreateFailure, message: %q}]}}`, message)).GetFields()["status"]
		}
		if wire.String(o, "kind") == "Deployment" {
			delete(o.GetFields(), "status")
		}
	}
}

// observe what the cloud has of nodes.
func (s *simulation) observe(at map[string]any) {
	for name, o := range s.observed {
		if strings.HasPrefix(name, "nodepool.") && at != nil {
			mergeStruct(s.t, o, map[string]any{"status": map[string]any{"atProvider": at}})
		}
	}
}

func (c poolCase) graph(t *testing.T, cloud string) *structpb.Struct {
	t.Helper()
	xr := object(t, fmt.Sprintf(poolGraph, cloud))
	mergeStruct(t, wire.Get(xr, "spec", "nodePools").GetListValue().GetValues()[0].GetStructValue(), c.Pool)
	for _, v := range wire.Get(xr, "spec", "components").GetListValue().GetValues()[1:] {
		v.GetStructValue().Fields["gpus"] = structpb.NewNumberValue(max(c.GPUs, 1))
	}
	return xr
}

func (c poolCase) clusters(t *testing.T, cloud string) []*structpb.Struct {
	t.Helper()
	out := clusters(t)
	for i, o := range out {
		if wire.String(o, "kind") == v1alpha1.InferenceClusterKind && wire.String(o, "metadata", "name") == cloud {
			out[i] = proto.CloneOf(o)
			mergeStruct(t, out[i], map[string]any{"spec": c.Cluster})
		}
	}
	return out
}

// mergeStruct merges a JSON merge patch into a struct.
func mergeStruct(t testing.TB, s *structpb.Struct, patch map[string]any) {
	t.Helper()
	for k, v := range patch {
		m, isMap := v.(map[string]any)
		switch old := s.GetFields()[k].GetStructValue(); {
		case v == nil:
			delete(s.GetFields(), k)
		case isMap && old != nil:
			mergeStruct(t, old, m)
		default:
			set(t, s, v, k)
		}
	}
}

// objects of a golden file: what the graph says of its pools, all of its cloud, and what of each pod says where it may run.
func (poolCase) objects(rsp *fnv1.RunFunctionResponse) []unstructured.Unstructured {
	status := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status").GetStructValue()
	says := map[string]any{"nodePools": wire.Get(status, "nodePools").AsInterface(), "cost": wire.Get(status, "cost").AsInterface()}
	for _, c := range rsp.GetConditions() {
		if c.GetType() == v1alpha1.ConditionCapacityReady {
			says["capacityReady"] = strings.TrimSpace(strings.TrimPrefix(c.GetStatus().String(), "STATUS_CONDITION_") + " " + c.GetReason() + " " + c.GetMessage())
		}
	}
	var warnings []any
	for _, r := range rsp.GetResults() {
		warnings = append(warnings, r.GetMessage())
	}
	if warnings != nil {
		says["results"] = warnings
	}
	out := []unstructured.Unstructured{{Object: map[string]any{"apiVersion": "golden", "kind": "Status", "status": says}}}
	desired := rsp.GetDesired().GetResources()
	for _, name := range slices.Sorted(maps.Keys(desired)) {
		o := desired[name].GetResource()
		switch {
		case strings.HasSuffix(strings.Split(wire.String(o, "apiVersion"), "/")[0], ".m.upbound.io"), wire.String(o, "kind") == "Usage", wire.String(o, "kind") == "ResourceClaimTemplate":
			out = append(out, unstructured.Unstructured{Object: o.AsMap()})
		case wire.String(o, "kind") == "Deployment" && !strings.HasSuffix(name, ".frontend"):
			out = append(out, unstructured.Unstructured{Object: map[string]any{"apiVersion": "golden", "kind": "Pod", "name": name, "pod": scheduling(o)}})
		}
	}
	return out
}

// scheduling is what of the pods of a Deployment depends on the nodes that they run on.
func scheduling(o *structpb.Struct) map[string]any {
	template := wire.Get(o, "spec", "template").GetStructValue()
	spec := wire.Get(template, "spec").GetStructValue()
	main := wire.Get(spec, "containers").GetListValue().GetValues()[0].GetStructValue()
	out := map[string]any{}
	put := func(key string, v *structpb.Value) {
		if v != nil {
			out[key] = v.AsInterface()
		}
	}
	for _, k := range []string{"nodeSelector", "tolerations", "affinity", "resourceClaims"} {
		put(k, wire.Get(spec, k))
	}
	put("resources", wire.Get(main, "resources"))
	put("securityContext", wire.Get(main, "securityContext"))
	put("command", wire.Get(main, "command"))
	networks := map[string]any{}
	for k, v := range wire.Get(template, "metadata", "annotations").GetStructValue().GetFields() {
		if strings.HasPrefix(k, "networking.gke.io/") {
			networks[k] = v.AsInterface()
		}
	}
	if len(networks) > 0 {
		out["annotations"] = networks
	}
	var env []any
	for _, v := range wire.Get(main, "env").GetListValue().GetValues() {
		if n := wire.String(v.GetStructValue(), "name"); strings.HasPrefix(n, "FI_") || strings.Contains(n, "NIXL_BACKEND") {
			env = append(env, v.AsInterface())
		}
	}
	if env != nil {
		out["env"] = env
	}
	return out
}
