package function

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// object reads one object from YAML.
func object(tb testing.TB, y string) *structpb.Struct {
	tb.Helper()
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(y), &m); err != nil {
		tb.Fatalf("cannot read YAML: %v", err)
	}
	s, err := structpb.NewStruct(m)
	if err != nil {
		tb.Fatalf("cannot make a struct: %v", err)
	}
	return s
}

// examples returns every InferenceGraph of the examples by file.
func examples(tb testing.TB) map[string]*structpb.Struct {
	tb.Helper()
	files, err := filepath.Glob("../examples/*/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no examples: %v", err)
	}
	out := map[string]*structpb.Struct{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out[strings.TrimPrefix(f, "../examples/")] = object(tb, string(b))
	}
	return out
}

// local is an InferenceCluster that the platform team made.
const local = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: local, uid: c1}
spec: {access: {source: Local}, install: {planner: true}}
`

// multinode is an InferenceCluster with LeaderWorkerSet.
const multinode = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: multinode, uid: c2}
spec: {access: {source: Local}, capabilities: {orchestrators: [LeaderWorkerSet]}}
`

// clusters are the InferenceClusters of the examples, and the provider configs of systems.
func clusters(tb testing.TB) []*structpb.Struct {
	tb.Helper()
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var out []*structpb.Struct
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(b), "\n---\n") {
			out = append(out, object(tb, doc))
		}
	}
	return out
}

const namespace = `
apiVersion: v1
kind: Namespace
metadata: {name: team-a, uid: n1}
`

// A simulation plays Crossplane and the API server for one composite resource.
type simulation struct {
	// fresh sends every call of a reconcile an empty desired state, as Crossplane does. What one call keeps while something
	// is unresolved is then not in the next, which is of the same message here.
	fresh bool

	t        testing.TB
	fn       *Function
	xr       *structpb.Struct
	observed map[string]*structpb.Struct
	// exist are objects that can be required, by key.
	exist map[string]*structpb.Struct
	// schemas are the kinds, as apiVersion/kind, that Crossplane finds a schema of. Nil for one that does not look for any.
	schemas map[string]bool
}

func key(apiVersion, kind, name string) string { return apiVersion + "/" + kind + "/" + name }

func simulate(tb testing.TB, xr *structpb.Struct, exist ...*structpb.Struct) *simulation {
	tb.Helper()
	s := &simulation{
		t: tb, fn: New(logging.NewNopLogger()), xr: proto.CloneOf(xr),
		observed: map[string]*structpb.Struct{}, exist: map[string]*structpb.Struct{},
	}
	wire.Get(s.xr, "metadata").GetStructValue().Fields["uid"] = structpb.NewStringValue("xr1")
	for _, e := range exist {
		s.exist[key(wire.String(e, "apiVersion"), wire.String(e, "kind"), wire.String(e, "metadata", "name"))] = e
	}
	return s
}

// request is what Crossplane sends first.
func (s *simulation) request() *fnv1.RunFunctionRequest {
	// Crossplane sends an empty desired state to the first function of a pipeline.
	req := &fnv1.RunFunctionRequest{Desired: &fnv1.State{}, Observed: &fnv1.State{
		Composite: &fnv1.Resource{Resource: proto.CloneOf(s.xr)},
		Resources: map[string]*fnv1.Resource{},
	}}
	for n, o := range s.observed {
		req.Observed.Resources[n] = &fnv1.Resource{Resource: proto.CloneOf(o)}
	}
	if s.schemas != nil {
		req.Meta = &fnv1.RequestMeta{Capabilities: []fnv1.Capability{fnv1.Capability_CAPABILITY_REQUIRED_SCHEMAS}}
	}
	return req
}

// call sends a request until its requirements are stable, and returns the last request and response.
func (s *simulation) call(req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionRequest, *fnv1.RunFunctionResponse) {
	s.t.Helper()
	var before *fnv1.Requirements
	for range 6 {
		if s.fresh {
			req.Desired = &fnv1.State{}
		}
		rsp, err := s.fn.RunFunction(context.Background(), req)
		if err != nil {
			s.t.Fatalf("RunFunction: %v", err)
		}
		if fatal(rsp) != "" || proto.Equal(rsp.GetRequirements(), before) {
			return req, rsp
		}
		before = rsp.GetRequirements()
		req.RequiredResources = map[string]*fnv1.Resources{}
		for name, sel := range before.GetResources() {
			req.RequiredResources[name] = &fnv1.Resources{Items: s.find(sel)}
		}
		req.RequiredSchemas = map[string]*fnv1.Schema{}
		for name, sel := range before.GetSchemas() {
			req.RequiredSchemas[name] = &fnv1.Schema{}
			if s.schemas[sel.GetApiVersion()+"/"+sel.GetKind()] {
				req.RequiredSchemas[name].OpenapiV3 = &structpb.Struct{}
			}
		}
	}
	s.t.Fatal("requirements did not become stable")
	return nil, nil
}

// find what a selector matches.
func (s *simulation) find(sel *fnv1.ResourceSelector) []*fnv1.Resource {
	var out []*fnv1.Resource
	for _, k := range slices.Sorted(maps.Keys(s.exist)) {
		o := s.exist[k]
		matches := k == key(sel.GetApiVersion(), sel.GetKind(), sel.GetMatchName())
		if l := sel.GetMatchLabels().GetLabels(); l != nil {
			matches = wire.String(o, "kind") == sel.GetKind() && wire.String(o, "metadata", "namespace") == sel.GetNamespace()
			for name, v := range l {
				matches = matches && wire.String(o, "metadata", "labels", name) == v
			}
		}
		if matches {
			out = append(out, &fnv1.Resource{Resource: o})
		}
	}
	return out
}

// apply reconciles once: what the function desires becomes what is observed.
func (s *simulation) apply() *fnv1.RunFunctionResponse {
	s.t.Helper()
	_, rsp := s.call(s.request())
	if msg := fatal(rsp); msg != "" {
		s.t.Fatalf("refused: %s", msg)
	}
	next := map[string]*structpb.Struct{}
	for n, r := range rsp.GetDesired().GetResources() {
		o := proto.CloneOf(r.GetResource())
		meta := wire.Get(o, "metadata").GetStructValue()
		if wire.String(meta, "name") == "" {
			meta.Fields["name"] = structpb.NewStringValue("derived-" + n)
		}
		meta.Fields["uid"] = structpb.NewStringValue(n)
		old := s.observed[n]
		if st := old.GetFields()["status"]; st != nil && o.GetFields()["status"] == nil {
			o.Fields["status"] = st
		}
		if wire.String(o, "kind") == remote.Kind {
			deliver(s.t, o, inner(old))
		}
		if wire.String(o, "kind") == grove.KindSet {
			generation := wire.Int(old, "metadata", "generation")
			if !proto.Equal(o.GetFields()["spec"], old.GetFields()["spec"]) {
				generation++
			}
			meta.Fields["generation"] = structpb.NewNumberValue(float64(generation))
		}
		next[n] = o
	}
	s.observed = next
	s.xr.Fields["status"] = wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status")
	return rsp
}

// deliver plays provider-kubernetes: what an Object brings is there, with the status that it had.
func deliver(tb testing.TB, o, before *structpb.Struct) {
	tb.Helper()
	got := proto.CloneOf(wire.Get(o, "spec", "forProvider", "manifest").GetStructValue())
	wire.Get(got, "metadata").GetStructValue().Fields["uid"] = structpb.NewStringValue("remote")
	if st := before.GetFields()["status"]; st != nil {
		got.Fields["status"] = st
	}
	o.Fields["status"] = object(tb, `{status: {atProvider: {}, conditions: [{type: Synced, status: "True"}]}}`).GetFields()["status"]
	wire.Get(o, "status", "atProvider").GetStructValue().Fields["manifest"] = structpb.NewStructValue(got)
}

// inner is what an Object observes, or else the object itself.
func inner(o *structpb.Struct) *structpb.Struct {
	if wire.String(o, "kind") == remote.Kind {
		return wire.Get(o, "status", "atProvider", "manifest").GetStructValue()
	}
	return o
}

// rollOut plays the controllers: every replica is up, systems can be used, and KEDA and the Gateway have taken up what is theirs. A Deployment that says
// nothing of replicas has one.
func (s *simulation) rollOut() {
	s.growCliques()
	for _, o := range s.observed {
		o = inner(o)
		if strings.HasPrefix(wire.String(o, "apiVersion"), "etcd.graphplane.io/") || strings.HasPrefix(wire.String(o, "apiVersion"), "nats.graphplane.io/") {
			o.Fields["status"] = object(s.t, `{status: {conditions: [{type: Ready, status: "True"}], atProvider: {expires: "2027-01-01T00:00:00Z"}}}`).GetFields()["status"]
		}
		if strings.Contains(wire.String(o, "apiVersion"), ".m.upbound.io/") {
			o.Fields["status"] = object(s.t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}], atProvider: {latestVersion: 1}}}`).GetFields()["status"]
		}
		if wire.String(o, "kind") == "ScaledObject" {
			o.Fields["status"] = object(s.t, `{status: {conditions: [{type: Ready, status: "True"}]}}`).GetFields()["status"]
		}
		if wire.String(o, "kind") == "HTTPRoute" {
			o.Fields["status"] = object(s.t, `{status: {parents: [{conditions: [{type: Accepted, status: "True"}]}]}}`).GetFields()["status"]
		}
		if wire.String(o, "kind") == "Job" {
			o.Fields["status"] = object(s.t, `{status: {conditions: [{type: Complete, status: "True"}]}}`).GetFields()["status"]
		}
		if k := wire.String(o, "kind"); k != "Deployment" && k != "LeaderWorkerSet" {
			continue
		}
		n := 1.0
		if v := wire.Get(o, "spec", "replicas"); v != nil {
			n = v.GetNumberValue()
		}
		st, _ := structpb.NewStruct(map[string]any{
			"replicas": n, "readyReplicas": n, "updatedReplicas": n, "availableReplicas": n, "observedGeneration": 1,
		})
		o.Fields["status"] = structpb.NewStructValue(st)
	}
}

// running returns the simulation of a graph that is rolled out, beside what the examples need and what else exists.
func running(tb testing.TB, xr *structpb.Struct, exist ...*structpb.Struct) *simulation {
	tb.Helper()
	s := simulate(tb, xr, append(append(clusters(tb), object(tb, namespace)), exist...)...)
	// Workloads come after their ServiceAccount, on another cluster that after its namespace, and node groups after their
	// templates and before their Usages; what is isolated after its role and its user.
	var rsp *fnv1.RunFunctionResponse
	for range 8 {
		rsp = s.apply()
		s.rollOut()
	}
	for n, r := range rsp.GetDesired().GetResources() {
		if r.GetReady() != fnv1.Ready_READY_TRUE {
			tb.Fatalf("%s is not ready", n)
		}
	}
	return s
}

// fatal returns the message of a Fatal result, or "".
func fatal(rsp *fnv1.RunFunctionResponse) string {
	for _, r := range rsp.GetResults() {
		if r.GetSeverity() == fnv1.Severity_SEVERITY_FATAL {
			return r.GetMessage()
		}
	}
	return ""
}

// condition returns status and reason of a condition, as "False/InvalidSpec".
func conditionOf(rsp *fnv1.RunFunctionResponse, t string) string {
	for _, c := range rsp.GetConditions() {
		if c.GetType() == t {
			return fmt.Sprintf("%s/%s", strings.TrimPrefix(c.GetStatus().String(), "STATUS_CONDITION_"), c.GetReason())
		}
	}
	return ""
}

// set replaces the value at a path of the composite resource.
func set(tb testing.TB, s *structpb.Struct, value any, path ...string) {
	tb.Helper()
	for _, p := range path[:len(path)-1] {
		next := s.GetFields()[p].GetStructValue()
		if next == nil {
			next = &structpb.Struct{Fields: map[string]*structpb.Value{}}
			s.Fields[p] = structpb.NewStructValue(next)
		}
		s = next
	}
	v, err := structpb.NewValue(value)
	if err != nil {
		tb.Fatal(err)
	}
	s.Fields[path[len(path)-1]] = v
}
