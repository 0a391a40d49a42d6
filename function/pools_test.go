package function

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/capacity"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/wire"
)

// poolsOf is the simulation of a graph with node pools that is rolled out.
func poolsOf(t *testing.T, xr *structpb.Struct) *simulation {
	t.Helper()
	s := running(t, xr)
	s.fresh = true
	return s
}

// starting is the simulation of an example at a time, and the nodes that its pool decode starts with.
func starting(t *testing.T, file string) (s *simulation, now *time.Time, first []string) {
	t.Helper()
	s, now = poolsOf(t, examples(t)[file]), new(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC))
	s.fn.now = func() time.Time { return *now }
	return s, now, nodesOf(s.apply(), "decode")
}

// nodesOf are the names of the desired nodes of a pool.
func nodesOf(rsp *fnv1.RunFunctionResponse, pool string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(rsp.GetDesired().GetResources())) {
		if rest, ok := strings.CutPrefix(name, "nodepool."+pool+"."); ok {
			out = append(out, rest)
		}
	}
	return out
}

// selected are the nodes that a component's pods run on.
func selected(rsp *fnv1.RunFunctionResponse, component string) string {
	return wire.String(rsp.GetDesired().GetResources()["deployment."+component].GetResource(), "spec", "template", "spec", "nodeSelector", v1alpha1.LabelNodePool)
}

// pools sets a field of the first pool of a graph.
func setPool(t *testing.T, xr *structpb.Struct, value any, path ...string) {
	t.Helper()
	set(t, wire.Get(xr, "spec", "nodePools").GetListValue().GetValues()[0].GetStructValue(), value, path...)
}

// The cloud cannot change the machines of nodes that exist. New ones come beside them, workloads move when these can be
// used, and the old ones go when nothing runs on them.
func TestNewNodesFirstOldNodesLast(t *testing.T) {
	for _, file := range []string{"node-pools/eks.yaml", "node-pools/gke.yaml", "node-pools/aks.yaml", "node-pools/fabric.yaml"} {
		t.Run(file, func(t *testing.T) {
			pool, component := "prefill", "prefill"
			if strings.HasSuffix(file, "fabric.yaml") {
				pool = "h200"
			}
			s := poolsOf(t, examples(t)[file])
			first := s.apply()
			old := nodesOf(first, pool)
			if len(old) != 1 || selected(first, component) != old[0] {
				t.Fatalf("want pods on the one group of nodes, got %v and %q", old, selected(first, component))
			}
			before := len(first.GetDesired().GetResources())

			setPool(t, s.xr, "300Gi", "diskSize")
			edited := s.apply()
			if got := edited.GetDesired().GetResources()["nodepool."+pool+"."+old[0]]; got == nil {
				t.Fatal("the old nodes went before the new ones came")
			}
			if got := selected(edited, component); got != old[0] {
				t.Errorf("pods select %s before it can be used", got)
			}
			// A node group of EKS comes after its template.
			for range 3 {
				s.rollOutCloud()
				edited = s.apply()
			}
			both := nodesOf(edited, pool)
			if len(both) != 2 {
				t.Fatalf("want old and new nodes, got %v", both)
			}
			if got := selected(edited, component); got == old[0] {
				t.Error("pods stay on the old nodes though the new ones can be used")
			}
			if got := conditionOf(edited, v1alpha1.ConditionCapacityReady); got != "TRUE/"+v1alpha1.ReasonReplacing {
				t.Errorf("CapacityReady is %s", got)
			}
			var last *fnv1.RunFunctionResponse
			for range 6 {
				s.rollOut()
				last = s.apply()
			}
			if got := nodesOf(last, pool); len(got) != 1 || got[0] == old[0] {
				t.Errorf("want the new nodes alone, got %v", got)
			}
			if got := len(last.GetDesired().GetResources()); got != before {
				t.Errorf("want %d resources as before, got %d: %v", before, got, slices.Sorted(maps.Keys(last.GetDesired().GetResources())))
			}
		})
	}
}

// rollOutCloud plays the clouds alone: workloads are not rolled out.
func (s *simulation) rollOutCloud() {
	for _, o := range s.observed {
		if wire.String(o, "kind") == "Deployment" {
			delete(o.GetFields(), "status")
		}
		if strings.Contains(wire.String(o, "apiVersion"), ".m.upbound.io/") {
			o.Fields["status"] = object(s.t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}], atProvider: {latestVersion: 1}}}`).GetFields()["status"]
		}
	}
}

// An edit of what the cloud can change leaves the nodes as they are.
func TestSizeAndLabelsChangeInPlace(t *testing.T) {
	s := poolsOf(t, examples(t)["node-pools/gke.yaml"])
	old := nodesOf(s.apply(), "prefill")
	setPool(t, s.xr, 3.0, "size", "max")
	setPool(t, s.xr, map[string]any{"team": "a"}, "labels")
	rsp := s.apply()
	if diff := cmp.Diff(old, nodesOf(rsp, "prefill")); diff != "" {
		t.Errorf("-before, +after:\n%s", diff)
	}
	o := rsp.GetDesired().GetResources()["nodepool.prefill."+old[0]].GetResource()
	if got := wire.Int(o, "spec", "forProvider", "autoscaling", "totalMaxNodeCount"); got != 3 {
		t.Errorf("want 3 nodes at most, got %d", got)
	}
}

// A pool and its component that are removed together go in order: nodes stay while the workload is still there.
func TestRemovedPoolStaysForItsWorkload(t *testing.T) {
	s := poolsOf(t, examples(t)["node-pools/gke.yaml"])
	old := nodesOf(s.apply(), "prefill")
	spec := wire.Get(s.xr, "spec").GetStructValue()
	pools, components := spec.GetFields()["nodePools"].GetListValue(), spec.GetFields()["components"].GetListValue()
	pools.Values = pools.GetValues()[1:]
	components.Values = []*structpb.Value{components.GetValues()[0], components.GetValues()[2]}
	if diff := cmp.Diff(old, nodesOf(s.apply(), "prefill")); diff != "" {
		t.Errorf("nodes went with the workload that runs on them (-before, +after):\n%s", diff)
	}
	s.rollOut()
	s.apply()
	if got := nodesOf(s.apply(), "prefill"); len(got) != 0 {
		t.Errorf("want no nodes after the workload, got %v", got)
	}
}

// While the cloud has no capacity, a pool waits and then takes its next choice, and says so.
func TestFallback(t *testing.T) {
	s, now, first := starting(t, "node-pools/eks.yaml")
	delete(s.observed["deployment.decode"].GetFields(), "status")
	s.observed["nodepool.decode."+first[0]].Fields["status"] = object(t, `{status: {conditions: [
	  {type: Ready, status: "False", reason: Creating},
	  {type: LastAsyncOperation, status: "False", reason: AsyncCreateFailure, message: "InsufficientInstanceCapacity: none. RequestID: 1-2"}]}}`).GetFields()["status"]
	rsp := s.apply()
	if got := conditionOf(rsp, v1alpha1.ConditionCapacityReady); got != "FALSE/"+v1alpha1.ReasonNoCapacity {
		t.Errorf("CapacityReady is %s", got)
	}
	if got := rsp.GetMeta().GetTtl().AsDuration(); got > 3*time.Minute {
		t.Errorf("nobody looks for %s, and the wait ends in 3m", got)
	}
	*now = now.Add(3 * time.Minute)
	// A node group comes after its template.
	s.apply()
	for name, o := range s.observed {
		if strings.HasPrefix(name, "launchtemplate.") {
			o.Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}], atProvider: {latestVersion: 1}}}`).GetFields()["status"]
		}
	}
	rsp = s.apply()
	next := nodesOf(rsp, "decode")
	next = slices.DeleteFunc(next, func(n string) bool { return n == first[0] })
	if len(next) != 1 || selected(rsp, "decode") != next[0] {
		t.Fatalf("want pods on the next choice, got %v and %q", next, selected(rsp, "decode"))
	}
	if got := wire.String(rsp.GetDesired().GetResources()["nodepool.decode."+next[0]].GetResource(), "spec", "forProvider", "capacityType"); got != "" && got != "SPOT" {
		t.Errorf("want spot capacity, got %s", got)
	}
	pools := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "nodePools").GetListValue().GetValues()
	if got := conditionOf(rsp, v1alpha1.ConditionCapacityReady); got != "FALSE/"+v1alpha1.ReasonProvisioning {
		t.Errorf("CapacityReady is %s", got)
	}
	got := pools[1].GetStructValue()
	if wire.Int(got, "rung") != 1 || wire.String(got, "rungReason") != "InsufficientInstanceCapacity for p5.48xlarge OnDemand" || wire.String(got, "rungSince") == "" {
		t.Errorf("the status does not say so: %v", got)
	}
}

// A quota is the same for every machine of the account, so nothing else is tried.
func TestQuotaStops(t *testing.T) {
	s, now, first := starting(t, "node-pools/eks.yaml")
	for range 3 {
		s.observed["nodepool.decode."+first[0]].Fields["status"] = object(t, `{status: {conditions: [
		  {type: Ready, status: "False", reason: Creating},
		  {type: LastAsyncOperation, status: "False", reason: AsyncCreateFailure, message: "VcpuLimitExceeded: 192 of 64"}]}}`).GetFields()["status"]
		rsp := s.apply()
		if got := conditionOf(rsp, v1alpha1.ConditionCapacityReady); got != "FALSE/"+v1alpha1.ReasonQuotaExceeded {
			t.Errorf("CapacityReady is %s", got)
		}
		if diff := cmp.Diff(first, nodesOf(rsp, "decode")); diff != "" {
			t.Errorf("-before, +after:\n%s", diff)
		}
		*now = now.Add(time.Hour)
	}
}

// An autoscaler that gets no node for a pool of none is the only one to say so. It is asked while components wait.
func TestFallbackFromZero(t *testing.T) {
	for file, tc := range map[string]struct {
		groups, group, code string
		want                string
	}{
		"node-pools/eks.yaml": {
			groups: `{latestVersion: 1, scalingConfig: {minSize: 0, maxSize: 4, desiredSize: 0}, status: DEGRADED, resources: [{autoscalingGroups: [{name: eks-g-1}]}]}`,
			group:  "eks-g-1", code: "placeholder-cannot-be-fulfilled", want: "placeholder-cannot-be-fulfilled for p5.48xlarge OnDemand",
		},
		"node-pools/gke.yaml": {
			groups: `{nodeCount: 0, managedInstanceGroupUrls: ["https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/gke-1-grp"]}`,
			group:  "https://content.googleapis.com/compute/v1/projects/p/zones/z/instanceGroupManagers/gke-1-grp", code: "RESOURCE_POOL_EXHAUSTED", want: "RESOURCE_POOL_EXHAUSTED for a3-highgpu-8g OnDemand",
		},
		"node-pools/aks.yaml": {groups: `{nodeCount: 0}`, code: "provisioning-state-failed", want: "provisioning-state-failed for Standard_ND96isr_H100_v5 OnDemand"},
	} {
		t.Run(file, func(t *testing.T) {
			s, now, first := starting(t, file)
			delete(s.observed["deployment.decode"].GetFields(), "status")
			o := s.observed["nodepool.decode."+first[0]]
			o.Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}], atProvider: `+tc.groups+`}}`).GetFields()["status"]
			group := tc.group
			if group == "" {
				group = "aks-" + wire.String(o, "metadata", "annotations", "crossplane.io/external-name") + "-12345678-vmss"
			}
			s.scales(group, "status: Backoff, backoffInfo: {errorCode: "+tc.code+", errorMessage: none}")

			waiting := *now
			s.apply()
			s.waits(waiting)
			*now = now.Add(time.Minute)
			rsp := s.apply()
			s.waits(waiting)
			if got := conditionOf(rsp, v1alpha1.ConditionCapacityReady); got != "FALSE/"+v1alpha1.ReasonNoCapacity {
				t.Errorf("CapacityReady is %s", got)
			}
			*now = now.Add(3 * time.Minute)
			rsp = s.apply()
			got := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "nodePools").GetListValue().GetValues()[1].GetStructValue()
			if wire.Int(got, "rung") != 1 || wire.String(got, "rungReason") != tc.want {
				t.Errorf("want the second rung by %q, got: %v", tc.want, got)
			}
		})
	}
}

// A graph goes on saying why it has no nodes while somebody tries again, until it has them.
func TestQuotaIsSaidWhileTheAutoscalerTriesAgain(t *testing.T) {
	s, now, first := starting(t, "node-pools/gke.yaml")
	delete(s.observed["deployment.decode"].GetFields(), "status")
	const (
		quota   = "FALSE/" + v1alpha1.ReasonQuotaExceeded
		failed  = `, {type: LastAsyncOperation, status: "False", reason: AsyncCreateFailure, message: "QUOTA_EXCEEDED: 8 of 0"}`
		backoff = "status: Backoff, backoffInfo: {errorCode: QUOTA_EXCEEDED, errorMessage: none}"
	)
	waiting := *now
	for _, tc := range []struct {
		reason         string
		after          time.Duration
		cloud, scaleUp string
		want           string
	}{
		{"A pool without failures is well", 0, "", "status: InProgress", "TRUE/" + v1alpha1.ReasonCapacityReady},
		{"Its creation fails", 0, failed, "", quota},
		{"Its provider looks at it again, before the autoscaler is heard", 0, "", "", quota},
		{"The autoscaler asks for nodes", time.Minute, "", "status: InProgress", quota},
		{"It gets none", time.Minute, "", backoff, quota},
		{"It asks again", time.Minute, "", "status: InProgress", quota},
		{"It gets none again", time.Minute, "", backoff, quota},
		{"It asks once more", time.Minute, "", "status: InProgress", quota},
		{"It has what it asked for", time.Minute, "", "status: NoActivity", "TRUE/" + v1alpha1.ReasonCapacityReady},
		{"It asks for more", time.Minute, "", "status: InProgress", "TRUE/" + v1alpha1.ReasonCapacityReady},
	} {
		*now = now.Add(tc.after)
		s.observed["nodepool.decode."+first[0]].Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}`+tc.cloud+`], atProvider: {nodeCount: 0, managedInstanceGroupUrls: ["https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/gke-1-grp"]}}}`).GetFields()["status"]
		s.scales("gke-1-grp", tc.scaleUp)
		s.waits(waiting)
		if got := conditionOf(s.apply(), v1alpha1.ConditionCapacityReady); got != tc.want {
			t.Errorf("%s: want %s, CapacityReady is %s", tc.reason, tc.want, got)
		}
	}
}

// scales lets the autoscaler say how it scales a group of nodes up.
func (s *simulation) scales(group, up string) {
	s.exist[key("v1", "ConfigMap", "cluster-autoscaler-status")] = object(s.t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: cluster-autoscaler-status, namespace: kube-system}, data: {status: "nodeGroups: [{name: '`+group+`', scaleUp: {`+up+`}}]"}}`)
}

// waits lets the graph say of itself that its components wait since a time, as Crossplane writes what the function reports.
func (s *simulation) waits(since time.Time) {
	wire.Get(s.xr, "status").GetStructValue().Fields["conditions"] = wire.Get(object(s.t, fmt.Sprintf(`{conditions: [{type: ComponentsReady, status: "False", reason: Progressing, lastTransitionTime: %q}]}`, since.Format(time.RFC3339))), "conditions")
}

// EKS gives up a node group whose first machines do not come, and its provider says why only until it looks again.
func TestCreateFailedIsRemembered(t *testing.T) {
	const again = `{type: LastAsyncOperation, status: "True"}`
	for name, tc := range map[string]struct {
		reason string
		says   []string
		want   string
		code   string
	}{
		"Quota": {
			reason: "What was said once holds on",
			says:   []string{`{type: LastAsyncOperation, status: "False", reason: AsyncCreateFailure, message: "VcpuLimitExceeded: 192 of 64"}`, again, again},
			want:   v1alpha1.ReasonQuotaExceeded, code: "VcpuLimitExceeded",
		},
		"Missed": {
			reason: "What was said before anybody listened is taken for what is most often the matter",
			says:   []string{again, again}, want: v1alpha1.ReasonNoCapacity, code: cloud.NodeGroupCreateFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := poolsOf(t, examples(t)["node-pools/eks.yaml"])
			first := nodesOf(s.apply(), "decode")
			delete(s.observed["deployment.decode"].GetFields(), "status")
			o := s.observed["nodepool.decode."+first[0]]
			for _, says := range tc.says {
				o.Fields["status"] = object(t, `{status: {atProvider: {status: CREATE_FAILED}, conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}, `+says+`]}}`).GetFields()["status"]
				rsp := s.apply()
				if got := conditionOf(rsp, v1alpha1.ConditionCapacityReady); got != "FALSE/"+tc.want {
					t.Errorf("%s: CapacityReady is %s", tc.reason, got)
				}
				msg := wire.String(wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "nodePools").GetListValue().GetValues()[1].GetStructValue(), "message")
				if !strings.HasPrefix(msg, tc.code) || strings.Count(msg, "delete node group "+first[0]) != 1 {
					t.Errorf("%s: the status says %q", tc.reason, msg)
				}
			}
		})
	}
}

// The autoscaler of another cluster is heard by an Object that changes nothing, and only while components wait.
func TestFallbackFromZeroThere(t *testing.T) {
	there := poolCase{Cluster: map[string]any{"access": map[string]any{"source": "Remote", "providerConfigRef": map[string]any{"kind": "ClusterProviderConfig", "name": "edge"}}}}
	s := simulate(t, examples(t)["node-pools/gke.yaml"], append(there.clusters(t, "gke"), object(t, namespace))...)
	s.fresh = true
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	s.fn.now = func() time.Time { return now }
	rsp := s.rest()
	if rsp.GetDesired().GetResources()[autoscaler] != nil {
		t.Error("the autoscaler is listened to at rest")
	}
	first := nodesOf(rsp, "decode")
	delete(inner(s.observed["deployment.decode"]).GetFields(), "status")
	s.observed["nodepool.decode."+first[0]].Fields["status"] = object(t, `{status: {conditions: [{type: Ready, status: "True"}, {type: Synced, status: "True"}], atProvider: {nodeCount: 0, managedInstanceGroupUrls: ["https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/gke-1-grp"]}}}`).GetFields()["status"]
	waiting := now
	s.waits(waiting)
	now = now.Add(time.Minute)
	o := s.apply().GetDesired().GetResources()[autoscaler].GetResource()
	if got := wire.Get(o, "spec", "managementPolicies").AsInterface(); !cmp.Equal(got, []any{"Observe"}) {
		t.Fatalf("want an Object that observes alone, got %v", got)
	}
	set(t, inner(s.observed[autoscaler]), "nodeGroups: [{name: gke-1-grp, scaleUp: {status: Backoff, backoffInfo: {errorCode: RESOURCE_POOL_EXHAUSTED, errorMessage: none}}}]", "data", "status")
	status := s.observed[autoscaler].GetFields()["status"]
	for range 2 {
		s.waits(waiting)
		rsp = s.apply()
		s.observed[autoscaler].Fields["status"] = status
		now = now.Add(3 * time.Minute)
	}
	got := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "nodePools").GetListValue().GetValues()[1].GetStructValue()
	if wire.Int(got, "rung") != 1 || wire.String(got, "rungReason") != "RESOURCE_POOL_EXHAUSTED for a3-highgpu-8g OnDemand" {
		t.Errorf("want the second rung, got: %v", got)
	}
}

// What is used of a pool decides whether it may fall back: not while a pod is on its nodes, though it is not ready yet, and
// not because pods of the spec before are ready on others.
func TestUse(t *testing.T) {
	pod := func(node, pool string) *structpb.Struct {
		return object(t, fmt.Sprintf(`{kind: Pod, metadata: {name: p}, spec: {nodeName: %q, nodeSelector: {graphplane.io/node-pool: %q}}}`, node, pool))
	}
	cases := map[string]struct {
		reason string
		status string
		pods   []*structpb.Struct
		want   capacity.Use
	}{
		"Ready":         {"A pod is ready", `{replicas: 2, updatedReplicas: 2, readyReplicas: 1}`, nil, capacity.Running},
		"Waiting":       {"No pod is ready", `{replicas: 2, updatedReplicas: 2}`, nil, capacity.Waiting},
		"New":           {"There are no pods yet", `{}`, nil, capacity.Waiting},
		"Older":         {"Those that are ready are of the template before", `{replicas: 3, updatedReplicas: 1, readyReplicas: 2}`, nil, capacity.Waiting},
		"OlderAndNewer": {"One of those that are ready is not", `{replicas: 3, updatedReplicas: 2, readyReplicas: 2}`, nil, capacity.Running},
		"Loading":       {"A pod that loads its model has a node", `{replicas: 2, updatedReplicas: 2}`, []*structpb.Struct{pod("n", "pools-gke-decode-e8dc325a")}, capacity.Running},
		"LoadingThere":  {"A pod that loads its model on other nodes", `{replicas: 2, updatedReplicas: 2}`, []*structpb.Struct{pod("n", "old")}, capacity.Waiting},
		"Pending":       {"A pod without a node", `{replicas: 2, updatedReplicas: 2}`, []*structpb.Struct{pod("", "pools-gke-decode-e8dc325a")}, capacity.Waiting},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := poolsOf(t, examples(t)["node-pools/gke.yaml"])
			s.observed["deployment.decode"].Fields["status"] = structpb.NewStructValue(object(t, tc.status))
			req := s.request()
			req.RequiredResources = map[string]*fnv1.Resources{"pods:decode": {}}
			for _, p := range tc.pods {
				req.RequiredResources["pods:decode"].Items = append(req.RequiredResources["pods:decode"].Items, &fnv1.Resource{Resource: p})
			}
			two := int32(2)
			g := &graph.Graph{Name: "pools-gke", Components: []graph.Component{{Key: "decode", Object: "pools-gke-decode", NodePool: "decode", Replicas: &two, Template: &corev1.PodTemplateSpec{}}}}
			p := &graph.Pool{Name: "decode", Rungs: []graph.Rung{{Nodes: cloud.Nodes{Name: "pools-gke-decode-e8dc325a"}}}}
			if got := use(req, g, p, 0, count(req, &fnv1.RunFunctionResponse{}, g)); got != tc.want {
				t.Errorf("%s: want %d, got %d", tc.reason, tc.want, got)
			}
		})
	}
}
