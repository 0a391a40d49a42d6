package serve

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

func echo(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	return &fnv1.RunFunctionResponse{Meta: &fnv1.ResponseMeta{Tag: req.GetMeta().GetTag()}, Desired: req.GetDesired()}, nil
}

// held reports on entered that a call has arrived, and answers once released.
func held(entered chan<- struct{}, release <-chan struct{}) function {
	return func(ctx context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
		entered <- struct{}{}
		<-release
		return echo(ctx, req)
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = rsp.Body.Close()
	return rsp.StatusCode
}

func TestNew(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	dir := newVolume(t, newAuthority(t).files(t)).dir
	const size = 4 << 20

	cases := map[string]struct {
		reason string
		o      Options
		want   bool
	}{
		"TLS":            {reason: "Certificates are enough", o: Options{Address: "127.0.0.1:0", CertificatesDir: dir, MaxRecvMessageSize: size}, want: true},
		"Insecure":       {reason: "Asking for insecure connections is enough", o: Options{Address: "127.0.0.1:0", Insecure: true, MaxRecvMessageSize: size}, want: true},
		"Both":           {reason: "Insecure wins, as the function specification says: the directory is not read", o: Options{Address: "127.0.0.1:0", Insecure: true, CertificatesDir: "/nowhere", MaxRecvMessageSize: size}, want: true},
		"MetricsInUse":   {reason: "A metrics address in use does not keep the function from being served", o: Options{Address: "127.0.0.1:0", Insecure: true, MaxRecvMessageSize: size, MetricsAddress: taken.Addr().String()}, want: true},
		"Neither":        {reason: "Serving insecurely must be asked for", o: Options{Address: "127.0.0.1:0", MaxRecvMessageSize: size}},
		"NoCertificates": {reason: "Certificates must be there at the start", o: Options{Address: "127.0.0.1:0", CertificatesDir: t.TempDir(), MaxRecvMessageSize: size}},
		"AddressInUse":   {reason: "The address must be free", o: Options{Address: taken.Addr().String(), Insecure: true, MaxRecvMessageSize: size}},
		"NoMessages":     {reason: "A maximum of nothing would refuse every call", o: Options{Address: "127.0.0.1:0", Insecure: true}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.o.Network = "tcp"
			s, err := New(logging.NewNopLogger(), &runner{run: echo}, tc.o)
			if diff := cmp.Diff(tc.want, err == nil); diff != "" {
				t.Fatalf("%s: New(...): %v: -want, +got:\n%s", tc.reason, err, diff)
			}
			if err != nil {
				return
			}
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if err := s.Serve(ctx); err != nil {
				t.Errorf("%s: Serve(...): %v", tc.reason, err)
			}
		})
	}
}

func TestServe(t *testing.T) {
	a := newAuthority(t)
	s, _, _ := start(t, logging.NewNopLogger(), echo, Options{CertificatesDir: newVolume(t, a.files(t)).dir, MaxRecvMessageSize: 1000})
	conn := dial(t, s.Addr().String(), a.clientCredentials(t))

	t.Run("Call", func(t *testing.T) {
		rsp, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(t.Context(), request(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("tag", rsp.GetMeta().GetTag()); diff != "" {
			t.Errorf("RunFunction(...): -want, +got:\n%s", diff)
		}
	})
	t.Run("TooLarge", func(t *testing.T) {
		req := request(t)
		req.Meta.Tag = strings.Repeat("x", 1000)
		_, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(t.Context(), req)
		if diff := cmp.Diff(codes.ResourceExhausted, status.Code(err)); diff != "" {
			t.Errorf("RunFunction(...): -want, +got:\n%s", diff)
		}
	})
	t.Run("Health", func(t *testing.T) {
		for _, service := range []string{"", "apiextensions.fn.proto.v1.FunctionRunnerService", "apiextensions.fn.proto.v1beta1.FunctionRunnerService"} {
			rsp, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(grpc_health_v1.HealthCheckResponse_SERVING, rsp.GetStatus()); diff != "" {
				t.Errorf("Check(%q): -want, +got:\n%s", service, diff)
			}
		}
	})
	t.Run("Reflection", func(t *testing.T) {
		stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
			t.Fatal(err)
		}
		rsp, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, s := range rsp.GetListServicesResponse().GetService() {
			got = append(got, s.GetName())
		}
		slices.Sort(got)
		want := []string{
			"apiextensions.fn.proto.v1.FunctionRunnerService",
			"apiextensions.fn.proto.v1beta1.FunctionRunnerService",
			"grpc.health.v1.Health",
			"grpc.reflection.v1.ServerReflection",
			"grpc.reflection.v1alpha.ServerReflection",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ServerReflectionInfo(...): -want, +got:\n%s", diff)
		}
	})
}

func TestStop(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s, stop, done := start(t, logging.NewNopLogger(), held(entered, release), Options{Insecure: true, MetricsAddress: "127.0.0.1:0"})
	ready := "http://" + s.monitor.address() + "/readyz"
	conn := dial(t, s.Addr().String(), insecure.NewCredentials())
	watch, err := grpc_health_v1.NewHealthClient(conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	healthy := func() grpc_health_v1.HealthCheckResponse_ServingStatus {
		rsp, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return rsp.GetStatus()
	}
	if diff := cmp.Diff(grpc_health_v1.HealthCheckResponse_SERVING, healthy()); diff != "" {
		t.Errorf("Watch(...): before the stop: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(http.StatusOK, get(t, ready)); diff != "" {
		t.Errorf("/readyz before the stop: -want, +got:\n%s", diff)
	}
	called := make(chan error, 1)
	go func() {
		_, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(t.Context(), request(t))
		called <- err
	}()
	<-entered

	stop()
	if diff := cmp.Diff(grpc_health_v1.HealthCheckResponse_NOT_SERVING, healthy()); diff != "" {
		t.Errorf("Watch(...): during the stop: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(http.StatusServiceUnavailable, get(t, ready)); diff != "" {
		t.Errorf("/readyz during the stop: -want, +got:\n%s", diff)
	}
	conn.WaitForStateChange(t.Context(), connectivity.Ready)
	_, err = fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(t.Context(), request(t))
	if diff := cmp.Diff(codes.Unavailable, status.Code(err)); diff != "" {
		t.Errorf("RunFunction(...): a call during the stop: -want, +got:\n%s", diff)
	}

	close(release)
	if err := <-called; err != nil {
		t.Errorf("RunFunction(...): the call in flight: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve(...): %v", err)
	}
}

func TestStopTimeout(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	s, stop, done := start(t, logging.NewNopLogger(), held(entered, release), Options{Insecure: true, ShutdownTimeout: time.Millisecond})
	// A peer that never says a word holds up GracefulStop and Stop of gRPC.
	mute, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	conn := dial(t, s.Addr().String(), insecure.NewCredentials())
	called := make(chan error, 1)
	go func() {
		_, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(t.Context(), request(t))
		called <- err
	}()
	<-entered

	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve(...): %v", err)
	}
	_ = mute.Close()
	if diff := cmp.Diff(codes.Unavailable, status.Code(<-called)); diff != "" {
		t.Errorf("RunFunction(...): the call that outlasted the timeout: -want, +got:\n%s", diff)
	}
}
