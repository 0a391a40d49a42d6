package function

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// graphOf returns an InferenceGraph with n components.
func graphOf(n int) *structpb.Struct {
	components := []any{map[string]any{"name": "frontend", "type": "frontend", "minAvailable": 1, "replicas": 2}}
	for i := 1; i < n; i++ {
		t := []string{"prefill", "decode"}[i%2]
		components = append(components, map[string]any{
			"name": fmt.Sprintf("%s-%d", t, i), "type": t, "gpus": 8, "replicas": 4, "minAvailable": 2,
			"podTemplate": map[string]any{"spec": map[string]any{
				"nodeSelector": map[string]any{"node.kubernetes.io/instance-type": "p5.48xlarge"},
				"tolerations":  []any{map[string]any{"key": "nvidia.com/gpu", "operator": "Exists"}},
				"containers":   []any{map[string]any{"name": "main", "env": []any{map[string]any{"name": "NCCL_DEBUG", "value": "INFO"}}}},
			}},
		})
	}
	s, err := structpb.NewStruct(map[string]any{
		"apiVersion": "graphplane.io/v1alpha1", "kind": "InferenceGraph",
		"metadata": map[string]any{"name": "bench", "namespace": "team-a"},
		"spec": map[string]any{
			"backend": "vllm", "model": map[string]any{"name": "Qwen/Qwen3-0.6B"}, "components": components,
			"env": []any{map[string]any{"name": "HF_HUB_OFFLINE", "value": "1"}},
		},
	})
	if err != nil {
		panic(err)
	}
	return s
}

// maxFloor is how many times the floor a call may cost.
const maxFloor = 4

// BenchmarkRunFunction measures a call as a server sees it, from the bytes of the request to those of the response.
// floor-ns/op is what the same messages cost without us: unmarshal the request, marshal the response. x-floor is the
// ratio of both, taken in turns in one run, so that a busy machine slows both; more than four fails. objects/component is
// the most that any component has of its own.
func BenchmarkRunFunction(b *testing.B) {
	for _, n := range []int{3, 10, 25} {
		measure(b, fmt.Sprintf("components=%d", n), graphOf(n), object(b, local))
	}
	measure(b, "components=25/everything", fullGraph(b, 25), append(clusters(b), object(b, full), object(b, namespace))...)
}

// measure the first call for a graph, and one at rest.
func measure(b *testing.B, name string, xr *structpb.Struct, exist ...*structpb.Struct) {
	b.Helper()
	b.Run(name+"/new", func(b *testing.B) {
		benchmark(b, simulate(b, xr, exist...))
	})
	b.Run(name+"/observed", func(b *testing.B) {
		benchmark(b, running(b, xr, exist...))
	})
}

func benchmark(b *testing.B, s *simulation) {
	b.Helper()
	req, rsp := s.call(s.request())
	in, err := proto.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	fn := New(logging.NewNopLogger())
	var floor, full time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		pass(b, in, rsp)
		mid := time.Now()
		call(b, fn, in)
		floor += mid.Sub(start)
		full += time.Since(mid)
	}
	ratio := float64(full) / float64(floor)
	b.ReportMetric(float64(floor)/float64(b.N), "floor-ns/op")
	b.ReportMetric(float64(full)/float64(b.N), "call-ns/op")
	b.ReportMetric(ratio, "x-floor")
	b.ReportMetric(float64(proto.Size(rsp)), "response-B")
	b.ReportMetric(float64(len(rsp.GetDesired().GetResources())), "objects")
	b.ReportMetric(float64(perComponent(s.xr, rsp)), "objects/component")
	// A few calls tell nothing of what one costs.
	if b.N >= 20 && ratio > maxFloor {
		b.Errorf("a call costs %.1f times the floor, more than %d", ratio, maxFloor)
	}
}

func pass(b *testing.B, in []byte, rsp *fnv1.RunFunctionResponse) {
	b.Helper()
	if err := proto.Unmarshal(in, &fnv1.RunFunctionRequest{}); err != nil {
		b.Fatal(err)
	}
	if _, err := proto.Marshal(rsp); err != nil {
		b.Fatal(err)
	}
}

func call(b *testing.B, fn *Function, in []byte) {
	b.Helper()
	req := &fnv1.RunFunctionRequest{}
	if err := proto.Unmarshal(in, req); err != nil {
		b.Fatal(err)
	}
	rsp, err := fn.RunFunction(context.Background(), req)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := proto.Marshal(rsp); err != nil {
		b.Fatal(err)
	}
}
