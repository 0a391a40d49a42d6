package function

import (
	"maps"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

const isolatedExample = "systems/isolated.yaml"

// without removes an object from what can be required.
func (s *simulation) without(part string) {
	maps.DeleteFunc(s.exist, func(k string, _ *structpb.Struct) bool { return strings.Contains(k, part) })
}

// message of a condition.
func messageOf(rsp *fnv1.RunFunctionResponse, t string) string {
	for _, c := range rsp.GetConditions() {
		if c.GetType() == t {
			return c.GetMessage()
		}
	}
	return ""
}

// existing is a graph that uses an Endpoint of its namespace.
const existing = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: qwen, namespace: team-a}
spec:
  backend: vllm
  model: {name: m}
  runtime: {discovery: etcd, etcd: {endpointRef: {name: ours}}}
  components: [{name: frontend, type: frontend}]
`

const etcdEndpoint = `
apiVersion: etcd.graphplane.io/v1alpha1
kind: Endpoint
metadata: {name: ours, namespace: team-a}
spec:
  providerConfigRef: {kind: ProviderConfig, name: ours}
  writeConnectionSecretToRef: {name: ours-connection}
status: {conditions: [{type: Ready, status: "True"}]}
`

const etcdConfig = `
apiVersion: etcd.graphplane.io/v1alpha1
kind: ProviderConfig
metadata: {name: ours, namespace: team-a}
spec: {endpoints: ["http://etcd:2379"]}
`

// What is known of a system goes missing in many ways. The graph then stays as it is, and is told the mend.
func TestSystemsMissing(t *testing.T) {
	cases := map[string]struct {
		reason  string
		xr      *structpb.Struct
		exist   []string
		change  func(s *simulation)
		refused string
	}{
		"EtcdConfigGone": {
			reason:  "Without its provider config nobody knows how pods sign in",
			xr:      examples(t)[isolatedExample],
			change:  func(s *simulation) { s.without("etcd.graphplane.io/v1alpha1/ClusterProviderConfig") },
			refused: `ClusterProviderConfig "etcd" of etcd.graphplane.io does not exist: create it, or mend spec.runtime.etcd.providerConfigRef, with kind ProviderConfig for one of namespace team-a. Until then nothing of this graph changes`,
		},
		"NATSConfigGone": {
			reason:  "The same holds for NATS",
			xr:      examples(t)[isolatedExample],
			change:  func(s *simulation) { s.without("nats.graphplane.io/v1alpha1/ClusterProviderConfig") },
			refused: `ClusterProviderConfig "nats" of nats.graphplane.io does not exist`,
		},
		"EndpointGone": {
			reason:  "An Endpoint of somebody else's may be deleted while a graph uses it",
			xr:      object(t, existing),
			exist:   []string{etcdEndpoint, etcdConfig},
			change:  func(s *simulation) { s.without("/Endpoint/") },
			refused: `Endpoint "ours" of etcd.graphplane.io does not exist in namespace team-a: create it, or mend spec.runtime.etcd.endpointRef`,
		},
		"ConfigOfEndpointGone": {
			reason:  "An Endpoint's provider config may go too",
			xr:      object(t, existing),
			exist:   []string{etcdEndpoint, etcdConfig},
			change:  func(s *simulation) { s.without("/ProviderConfig/") },
			refused: `ProviderConfig "ours" of etcd.graphplane.io does not exist in namespace team-a`,
		},
		"EndpointWithoutSecret": {
			reason: "Pods find a system by the Secret of its Endpoint",
			xr:     object(t, existing),
			exist:  []string{etcdEndpoint, etcdConfig},
			change: func(s *simulation) {
				for k, o := range s.exist {
					if strings.Contains(k, "/Endpoint/") {
						delete(wire.Get(o, "spec").GetStructValue().GetFields(), "writeConnectionSecretToRef")
					}
				}
			},
			refused: "has no connection Secret, by which pods find the system: set spec.writeConnectionSecretToRef",
		},
		"ConfigUnreadable": {
			reason: "A provider config that cannot be read is an error",
			xr:     object(t, existing),
			exist:  []string{etcdEndpoint, etcdConfig},
			change: func(s *simulation) {
				for k, o := range s.exist {
					if strings.Contains(k, "/ProviderConfig/") {
						o.Fields["spec"] = object(t, `{spec: {endpoints: 7}}`).GetFields()["spec"]
					}
				}
			},
			refused: `cannot read ProviderConfig "ours" of etcd.graphplane.io`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			exist := append(clusters(t), object(t, namespace))
			for _, y := range tc.exist {
				exist = append(exist, object(t, y))
			}
			s := simulate(t, tc.xr, exist...)
			for range 3 {
				s.apply()
				s.rollOut()
			}
			tc.change(s)
			_, rsp := s.call(s.request())
			if got := fatal(rsp); !strings.Contains(got, tc.refused) {
				t.Errorf("\n%s\nwant a Fatal result with %q, got %q", tc.reason, tc.refused, got)
			}
		})
	}
}

// Until Crossplane has looked for the systems, nothing may be missing from the answer.
func TestSystemsUnresolved(t *testing.T) {
	s := running(t, examples(t)[isolatedExample])
	req := s.request()
	req.RequiredResources = map[string]*fnv1.Resources{"cluster": {Items: []*fnv1.Resource{{Resource: object(t, local)}}}}
	rsp, err := s.fn.RunFunction(t.Context(), req)
	if err != nil || fatal(rsp) != "" {
		t.Fatalf("%v, %s", err, fatal(rsp))
	}
	kept(t, req, rsp)
	for _, as := range []string{"config:etcd", "config:nats"} {
		if rsp.GetRequirements().GetResources()[as] == nil {
			t.Errorf("%s is not required", as)
		}
	}
}

// A workload first appears when what it connects to can be used. When that fails later it is told, and no workload changes.
func TestEndpointFailsLater(t *testing.T) {
	s := running(t, examples(t)[isolatedExample])
	_, before := s.call(s.request())
	if got := conditionOf(before, v1alpha1.ConditionEndpointsReady); got != "TRUE/"+v1alpha1.ReasonEndpointsAvailable {
		t.Errorf("EndpointsReady of a graph that runs: %s", got)
	}
	s.observed["endpoint.etcd"].Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "False", reason: NoQuorum, message: "The members that answer do not reach a majority: etcd-1"}]}}`).GetFields()["status"]
	_, after := s.call(s.request())
	if got := conditionOf(after, v1alpha1.ConditionEndpointsReady); got != "FALSE/"+v1alpha1.ReasonEndpointsWaiting {
		t.Errorf("EndpointsReady without a quorum: %s", got)
	}
	if got, want := messageOf(after, v1alpha1.ConditionEndpointsReady), "etcd: The members that answer do not reach a majority: etcd-1"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
	if after.GetDesired().GetComposite().GetReady() != fnv1.Ready_READY_FALSE {
		t.Error("the graph is ready without its etcd")
	}
	for name, r := range before.GetDesired().GetResources() {
		if got := after.GetDesired().GetResources()[name].GetResource(); got.String() != r.GetResource().String() {
			t.Errorf("%s changes", name)
		}
	}
	if got := conditionOf(after, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("ComponentsReady: %s", got)
	}
}

// An Endpoint of somebody else's is no resource of the graph, and is waited for as one is.
func TestExistingEndpoint(t *testing.T) {
	down := strings.Replace(etcdEndpoint, `status: "True"`, `status: "False", message: Nothing listens there`, 1)
	s := simulate(t, object(t, existing), object(t, local), object(t, namespace), object(t, down), object(t, etcdConfig))
	for range 3 {
		rsp := s.apply()
		s.rollOut()
		if s.observed["deployment.frontend"] != nil {
			t.Fatal("a workload appears before its etcd can be used")
		}
		if rsp.GetDesired().GetComposite().GetReady() != fnv1.Ready_READY_FALSE {
			t.Error("the graph is ready without its workload")
		}
	}
	c := wire.Get(s.xr, "status", "components").GetListValue().GetValues()[0].GetStructValue()
	if got, want := wire.String(c, "message"), "Waiting for Endpoint ours: Nothing listens there"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
	up := object(t, etcdEndpoint)
	s.exist[key("etcd.graphplane.io/v1alpha1", "Endpoint", "ours")] = up
	rsp := s.apply()
	d := rsp.GetDesired().GetResources()["deployment.frontend"].GetResource()
	if d == nil {
		t.Fatal("no workload though its etcd can be used")
	}
	found := false
	for _, e := range wire.Get(containerOf(d), "env").GetListValue().GetValues() {
		v := e.GetStructValue()
		if wire.String(v, "name") == "ETCD_ENDPOINTS" {
			found = wire.String(v, "valueFrom", "secretKeyRef", "name") == "ours-connection"
		}
		if wire.String(v, "name") == "ETCD_AUTH_USERNAME" {
			t.Error("a user for an etcd without any: the runtime would sign in with an empty name")
		}
	}
	if !found {
		t.Error("the address is not that of the Endpoint's Secret")
	}
	s.exist[key("etcd.graphplane.io/v1alpha1", "Endpoint", "ours")] = object(t, down)
	s.apply()
	if s.observed["deployment.frontend"] == nil {
		t.Error("the workload goes with its Endpoint")
	}
}

// containerOf is the first container of a workload.
func containerOf(o *structpb.Struct) *structpb.Struct {
	return wire.Get(o, "spec", "template", "spec", "containers").GetListValue().GetValues()[0].GetStructValue()
}

// Pods roll for a renewed user, and for nothing else that happens to it.
func TestRenewedUser(t *testing.T) {
	s := running(t, examples(t)[isolatedExample])
	mark := func() string {
		s.apply()
		return wire.String(s.observed["deployment.worker"], "spec", "template", "metadata", "annotations", v1alpha1.AnnotationCredentials)
	}
	if got := mark(); got != "2027-01-01T00:00:00Z" {
		t.Fatalf("want the end of the user, got %q", got)
	}
	user := s.observed["user.nats"]
	user.Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "False", message: No server answers}]}}`).GetFields()["status"]
	if got := mark(); got != "2027-01-01T00:00:00Z" {
		t.Errorf("a user that nobody can see changes pods: %q", got)
	}
	s.observed["user.nats"].Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "True"}], atProvider: {expires: "2027-02-01T00:00:00Z"}}}`).GetFields()["status"]
	if got := mark(); got != "2027-02-01T00:00:00Z" {
		t.Errorf("want the new end of the user, got %q", got)
	}
}

// A graph that leaves its systems keeps its users there until its pods have left.
func TestLeavesLast(t *testing.T) {
	s := running(t, examples(t)[isolatedExample])
	set(t, s.xr, map[string]any{}, "spec", "runtime")
	s.apply()
	for _, name := range []string{"endpoint.etcd", "role.etcd", "user.etcd", "endpoint.nats", "user.nats"} {
		if s.observed[name] == nil {
			t.Errorf("%s goes before the pods that use it", name)
		}
	}
	s.rollOut()
	// Calls before it has what it requires keep everything, in the same message here.
	last, _ := s.call(s.request())
	req := s.request()
	req.RequiredResources = last.GetRequiredResources()
	rsp, err := s.fn.RunFunction(t.Context(), req)
	if err != nil || fatal(rsp) != "" {
		t.Fatalf("%v, %s", err, fatal(rsp))
	}
	for name := range rsp.GetDesired().GetResources() {
		if strings.HasSuffix(name, ".etcd") || strings.HasSuffix(name, ".nats") {
			t.Errorf("%s stays though no pod uses it", name)
		}
	}
	set(t, s.xr, []any{map[string]any{"type": v1alpha1.ConditionEndpointsReady, "status": "True"}}, "status", "conditions")
	_, rsp = s.call(s.request())
	if got := conditionOf(rsp, v1alpha1.ConditionEndpointsReady); got != "TRUE/"+v1alpha1.ReasonEndpointsUnused {
		t.Errorf("EndpointsReady of a graph that uses none any more: %s", got)
	}
}
