package serve

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// A function of the test's making.
type function func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error)

type runner struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	run function
}

func (r *runner) RunFunction(ctx context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	return r.run(ctx, req)
}

// A recorder keeps what is logged, debug messages too.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) logger() logging.Logger {
	return logging.NewLogrLogger(funcr.New(func(_, args string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, args)
	}, funcr.Options{Verbosity: 10}))
}

// count the lines that contain a string.
func (r *recorder) count(s string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, l := range r.lines {
		if strings.Contains(l, s) {
			n++
		}
	}
	return n
}

// start a Server that is stopped with the test, and return what stops it
// earlier and where Serve's error arrives.
func start(tb testing.TB, log logging.Logger, fn function, o Options) (*Server, context.CancelFunc, <-chan error) {
	tb.Helper()
	o.Network, o.Address = "tcp", "127.0.0.1:0"
	if o.MaxRecvMessageSize == 0 {
		o.MaxRecvMessageSize = 4 << 20
	}
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = time.Minute
	}
	s, err := New(log, &runner{run: fn}, o)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Serve(ctx)
		close(done)
	}()
	tb.Cleanup(func() {
		stop()
		for range done {
		}
	})
	return s, stop, done
}

func dial(tb testing.TB, address string, creds credentials.TransportCredentials) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	out := &dto.Metric{}
	if err := m.Write(out); err != nil {
		t.Fatal(err)
	}
	return out.GetCounter().GetValue()
}
