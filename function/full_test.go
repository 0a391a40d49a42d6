package function

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/wire"
)

// full is an InferenceCluster that has everything.
const full = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: full, uid: c9}
spec:
  cloud:
    eks:
      clusterName: inference
      region: us-west-2
      nodeRoleARN: arn:aws:iam::123456789012:role/inference-nodes
      subnetIDs: [subnet-0a1, subnet-0b2]
      subnetZones: {subnet-0a1: us-west-2a, subnet-0b2: us-west-2b}
      securityGroupIDs: [sg-0c3]
  capabilities:
    orchestrators: [LeaderWorkerSet]
    schedulers: [kai]
    prometheusOperator: true
    keda: true
    gatewayAPI: true
    inferenceExtension: true
  defaults:
    queue: inference
    topologyName: racks
    prometheusURL: http://prometheus-operated.monitoring.svc:9090
    logging: {format: JSON, level: info}
    tracing: {endpoint: "http://otel-collector.monitoring.svc:4317"}
    hostSuffix: models.example.com
    tlsSecretName: models-tls
    gatewayRef: {name: public, namespace: gateways}
  policy: {maxPoolSize: 100, maxGPUs: 10000}
`

// graphShared is what a graph with everything on has once.
const graphShared = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: full, namespace: team-a}
spec:
  clusterRef: {name: full}
  backend: vllm
  model: {name: meta-llama/Llama-3.3-70B-Instruct, cache: {claim: weights, mountPath: /models}, download: {}, tokenSecretRef: {name: hf, key: token}}
  claims:
  - {name: weights, size: 500Gi, accessMode: ReadWriteMany}
  - {name: compiled, size: 50Gi, accessMode: ReadWriteMany}
  runtime:
    discovery: etcd
    etcd: {providerConfigRef: {name: etcd}, isolate: true}
    requestPlane: nats
    eventPlane: nats
    nats: {providerConfigRef: {name: nats}, isolate: true}
  env: [{name: NCCL_DEBUG, value: INFO}]
  gang: {scheduler: kai, topology: {domain: example.com/rack, pack: Preferred}}
  expose: {type: HTTPRoute}
  restart: {id: first}
  monitoring: {interval: 15s, labels: {team: a}}
  scalingGuard: {prefillToDecode: {min: "1:8", max: "2:1"}}
  nodePools:
  - {name: fabric, accelerator: {type: H200, count: 8}, size: {min: 1, max: 64}, zones: [us-west-2a], fabric: true}
  - {name: plain, accelerator: {type: H100, count: 8}, size: {max: 64}, fallback: [{capacity: Spot}]}
`

// fullGraph returns an InferenceGraph with n components and everything on: prefill and decode scale by latencies and keep
// a minimum of pods, some over two nodes, on nodes of the graph's own, with a cache of what is compiled.
func fullGraph(tb testing.TB, n int) *structpb.Struct {
	tb.Helper()
	components := []any{map[string]any{
		"name": "frontend", "type": "frontend", "minAvailable": 1,
		"scaling": map[string]any{"min": 2, "max": 8, "metrics": []any{map[string]any{"type": "Resource", "resource": map[string]any{
			"name": "cpu", "target": map[string]any{"type": "Utilization", "averageUtilization": 70},
		}}}},
		"podTemplate": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": "main", "resources": map[string]any{"requests": map[string]any{"cpu": "4", "memory": "8Gi"}},
		}}}},
	}}
	for i := 1; i < n; i++ {
		role, latency := "prefill", map[string]any{"ttft": "500ms"}
		if i%2 == 0 {
			role, latency = "decode", map[string]any{"itl": "25ms"}
		}
		c := map[string]any{
			"name": fmt.Sprintf("%s-%d", role, i), "type": role, "gpus": 8, "nodePool": []string{"fabric", "plain"}[i%4/2], "minAvailable": 1,
			"scaling":          map[string]any{"min": 1, "max": 4, "slo": latency},
			"compilationCache": map[string]any{"claim": "compiled"},
			"podTemplate": map[string]any{
				"metadata": map[string]any{"annotations": map[string]any{"example.com/owner": "team-a"}},
				"spec": map[string]any{
					"priorityClassName": "inference",
					"containers": []any{map[string]any{
						"name": "main", "env": []any{map[string]any{"name": "VLLM_LOGGING_LEVEL", "value": "DEBUG"}},
						"resources": map[string]any{"requests": map[string]any{"cpu": "32", "memory": "512Gi"}},
					}},
				},
			},
		}
		if i%3 == 0 {
			c["nodeCount"] = 2
		}
		components = append(components, c)
	}
	xr := object(tb, graphShared)
	set(tb, xr, components, "spec", "components")
	return xr
}

// everything is the simulation of a graph with everything on that is rolled out.
func everything(tb testing.TB, n int) *simulation {
	tb.Helper()
	return running(tb, fullGraph(tb, n), object(tb, full))
}

// perComponent is the most objects that any component has of its own.
func perComponent(xr *structpb.Struct, rsp *fnv1.RunFunctionResponse) int {
	most := 0
	for _, c := range wire.Get(xr, "spec", "components").GetListValue().GetValues() {
		n := 0
		for name := range rsp.GetDesired().GetResources() {
			if strings.HasSuffix(name, "."+wire.String(c.GetStructValue(), "name")) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// The largest graph with everything on, at first and at rest: its response stays under 1 MiB, and no component has more
// than five objects of its own.
func TestEverythingOn(t *testing.T) {
	s := everything(t, 25)
	_, rsp := s.call(s.request())
	if msg := fatal(rsp); msg != "" {
		t.Fatal(msg)
	}
	size, per := proto.Size(rsp), perComponent(s.xr, rsp)
	t.Logf("%d objects, at most %d of one component; response %d bytes", len(rsp.GetDesired().GetResources()), per, size)
	kinds := map[string]int{}
	for _, r := range rsp.GetDesired().GetResources() {
		kinds[wire.String(r.GetResource(), "kind")]++
	}
	t.Logf("kinds: %v", kinds)
	if size > 1<<20 {
		t.Errorf("the response has %d bytes, more than 1 MiB", size)
	}
	if per > 5 {
		t.Errorf("a component has %d objects, more than 5", per)
	}
	for _, kind := range []string{
		"LeaderWorkerSet", "Deployment", "HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget", "NetworkPolicy", "HTTPRoute",
		"PodMonitor", "PrometheusRule", "Job", "PersistentVolumeClaim", "NodeGroup", "LaunchTemplate", "PlacementGroup", "Usage", "Endpoint", "User",
	} {
		if kinds[kind] == 0 {
			t.Errorf("a graph with everything on has no %s", kind)
		}
	}
}
