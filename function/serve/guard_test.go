package serve

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/proto/v1beta1"
)

const secret = "hunter2"

func request(tb testing.TB) *fnv1.RunFunctionRequest {
	tb.Helper()
	xr, err := structpb.NewStruct(map[string]any{
		"apiVersion": "graphplane.io/v1alpha1",
		"kind":       "InferenceGraph",
		"metadata":   map[string]any{"namespace": "team-a", "name": "qwen"},
		"spec":       map[string]any{"env": []any{map[string]any{"name": "TOKEN", "value": secret}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &fnv1.RunFunctionRequest{
		Meta:     &fnv1.RequestMeta{Tag: "tag"},
		Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: xr}},
		Desired:  &fnv1.State{Resources: map[string]*fnv1.Resource{"earlier": {Resource: object("v1", "ConfigMap")}}},
	}
}

func object(apiVersion, kind string) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"apiVersion": structpb.NewStringValue(apiVersion),
		"kind":       structpb.NewStringValue(kind),
	}}
}

func fatal(req *fnv1.RunFunctionRequest, message string) *fnv1.RunFunctionResponse {
	return &fnv1.RunFunctionResponse{
		Meta:    &fnv1.ResponseMeta{Tag: req.GetMeta().GetTag(), Ttl: durationpb.New(0)},
		Desired: req.GetDesired(),
		Results: []*fnv1.Result{{
			Severity: fnv1.Severity_SEVERITY_FATAL,
			Message:  message,
			Target:   fnv1.Target_TARGET_COMPOSITE.Enum(),
		}},
	}
}

func TestGuard(t *testing.T) {
	const panicked = "function panicked: nothing was changed; this is a defect of the function, whose log has the stack"
	req := request(t)
	good := &fnv1.RunFunctionResponse{Meta: &fnv1.ResponseMeta{Tag: "tag"}}

	type want struct {
		Response *fnv1.RunFunctionResponse
		Code     codes.Code
		Panics   string
		Logged   bool
	}
	cases := map[string]struct {
		reason string
		fn     function
		want   want
	}{
		"Response": {
			reason: "A response passes as it is",
			fn:     func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) { return good, nil },
			want:   want{Response: good, Panics: "0"},
		},
		"Error": {
			reason: "An error passes as it is",
			fn: func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
				return nil, status.Error(codes.ResourceExhausted, "too much")
			},
			want: want{Code: codes.ResourceExhausted, Panics: "0"},
		},
		"RuntimeError": {
			reason: "A dereferenced nil pointer becomes a Fatal result, and the log has the stack",
			fn: func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
				var rsp *fnv1.RunFunctionResponse
				rsp.Results = nil
				return rsp, nil
			},
			want: want{Response: fatal(req, panicked), Panics: "1", Logged: true},
		},
		"Quotation": {
			reason: "A panic that quotes the request becomes a Fatal result that does not",
			fn: func(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
				panic(errors.New(req.String()))
			},
			want: want{Response: fatal(req, panicked), Panics: "1", Logged: true},
		},
		"Nothing": {
			reason: "No response must not reach Crossplane as an empty desired state",
			fn: func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
				return nil, nil //nolint:nilnil // It is what the guard is for.
			},
			want: want{Response: fatal(req, "function returned no response: nothing was changed; this is a defect of the function"), Panics: "0"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{}
			s, _, _ := start(t, rec.logger(), tc.fn, Options{Insecure: true, MetricsAddress: "127.0.0.1:0"})
			rsp, err := fnv1.NewFunctionRunnerServiceClient(dial(t, s.Addr().String(), insecure.NewCredentials())).RunFunction(t.Context(), req)
			got := want{
				Response: rsp,
				Code:     status.Code(err),
				Panics:   scrape(t, s)["graphplane_function_panics_total"],
				Logged:   rec.count("guard_test.go") == 1, // Where the stack begins.
			}
			if diff := cmp.Diff(tc.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("%s: RunFunction(...): -want, +got:\n%s", tc.reason, diff)
			}
			if rec.count(secret) > 0 || strings.Contains(rsp.String(), secret) {
				t.Errorf("%s: RunFunction(...): the contents of the request were given away", tc.reason)
			}
			if rec.count("qwen") == 0 {
				t.Errorf("%s: RunFunction(...): the log does not name the composite resource", tc.reason)
			}
		})
	}
}

func TestGuardBeta(t *testing.T) {
	s, _, _ := start(t, (&recorder{}).logger(), func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
		panic("v1beta1")
	}, Options{Insecure: true})
	b, err := proto.Marshal(request(t))
	if err != nil {
		t.Fatal(err)
	}
	req := &v1beta1.RunFunctionRequest{}
	if err := proto.Unmarshal(b, req); err != nil {
		t.Fatal(err)
	}
	rsp, err := v1beta1.NewFunctionRunnerServiceClient(dial(t, s.Addr().String(), insecure.NewCredentials())).RunFunction(t.Context(), req, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1beta1.Severity_SEVERITY_FATAL, rsp.GetResults()[0].GetSeverity()); diff != "" {
		t.Errorf("RunFunction(...): a panic is a Fatal result for old Crossplanes too: -want, +got:\n%s", diff)
	}
}
