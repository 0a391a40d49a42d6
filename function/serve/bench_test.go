package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	graphplane "github.com/graphplane/graphplane/function"
)

const (
	// Names in the environment what the test binary serves instead of testing.
	benchServe = "GRAPHPLANE_BENCH_SERVE"
	benchCerts = "GRAPHPLANE_BENCH_CERTS"

	// Crossplane reconciles at most this many composite resources at a time,
	// unless --max-reconcile-rate is changed. They share one connection.
	callers = 100

	// What proc(5) counts processor time in, on every Linux that Go runs on.
	ticksPerSecond = 100
)

func TestMain(m *testing.M) {
	if name := os.Getenv(benchServe); name != "" {
		if err := serveBench(name, os.Getenv(benchCerts)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A load is what BenchmarkServe serves and asks. Any function may be added.
type load struct {
	fn  fnv1.FunctionRunnerServiceServer
	req *fnv1.RunFunctionRequest
}

func benchLoads() (map[string]load, error) {
	ten := composed(10)
	objects := &runner{run: func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
		return &fnv1.RunFunctionResponse{Desired: ten}, nil
	}}
	xr, err := example()
	if err != nil {
		return nil, err
	}
	fn := graphplane.New(logging.NewNopLogger())
	created, rest, err := lifetime(fn, xr)
	return map[string]load{
		"Nothing": {
			fn: &runner{run: func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
				return &fnv1.RunFunctionResponse{}, nil
			}},
			req: &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: xr}},
		},
		"Objects":      {fn: objects, req: &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: xr}}},
		"Observed":     {fn: objects, req: &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: xr, Resources: composed(100).GetResources()}}},
		"GraphCreated": {fn: fn, req: created},
		"GraphAtRest":  {fn: fn, req: rest},
	}, err
}

// lifetime returns the first request of a graph and the one of its rest, on a local cluster of which nothing is known.
func lifetime(fn fnv1.FunctionRunnerServiceServer, xr *fnv1.Resource) (created, rest *fnv1.RunFunctionRequest, err error) {
	next := &fnv1.RunFunctionRequest{
		Observed:          &fnv1.State{Composite: xr},
		RequiredResources: map[string]*fnv1.Resources{"cluster": {}},
	}
	created = next
	const steps = 3
	for range steps {
		rsp, err := fn.RunFunction(context.Background(), next)
		if err != nil {
			return nil, nil, err
		}
		next = &fnv1.RunFunctionRequest{
			Observed:          &fnv1.State{Composite: xr, Resources: rsp.GetDesired().GetResources()},
			RequiredResources: created.GetRequiredResources(),
		}
	}
	return created, next, nil
}

// example is a graph of three components.
func example() (*fnv1.Resource, error) {
	b, err := os.ReadFile("../../examples/disaggregated/vllm.yaml")
	if err != nil {
		return nil, err
	}
	xr := map[string]any{}
	if err := yaml.Unmarshal(b, &xr); err != nil {
		return nil, err
	}
	s, err := structpb.NewStruct(xr)
	return &fnv1.Resource{Resource: s}, err
}

// composed is a state of n objects of about 2 KiB, a Deployment's size.
func composed(n int) *fnv1.State {
	s := &fnv1.State{Resources: map[string]*fnv1.Resource{}}
	for i := range n {
		o := object("apps/v1", "Deployment")
		env := &structpb.ListValue{}
		for j := range 40 {
			env.Values = append(env.Values, structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
				"name":  structpb.NewStringValue(fmt.Sprint("DYN_VARIABLE_", j)),
				"value": structpb.NewStringValue("some value"),
			}}))
		}
		o.Fields["spec"] = structpb.NewListValue(env)
		s.Resources[fmt.Sprint("object-", i)] = &fnv1.Resource{Resource: o}
	}
	return s
}

// serveBench until standard input ends, and print the address.
func serveBench(name, certs string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	loads, err := benchLoads()
	if err != nil {
		return err
	}
	CollectLate()
	name, bare := strings.CutPrefix(name, "Bare")
	if bare {
		return serveBare(ctx, loads[name].fn, certs)
	}
	s, err := New(logging.NewNopLogger(), loads[name].fn, Options{
		Network: "tcp", Address: "127.0.0.1:0", CertificatesDir: certs,
		MaxRecvMessageSize: 4 << 20, MetricsAddress: "127.0.0.1:0", ShutdownTimeout: time.Second,
	})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	return s.Serve(ctx)
}

// serveBare is the floor: gRPC's defaults, the same TLS, and nothing else.
func serveBare(ctx context.Context, fn fnv1.FunctionRunnerServiceServer, certs string) error {
	c, err := newCertificates(logging.NewNopLogger(), certs, nil)
	if err != nil {
		return err
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(c.current())))
	fnv1.RegisterFunctionRunnerServiceServer(srv, fn)
	context.AfterFunc(ctx, srv.Stop)
	fmt.Println(lis.Addr())
	return srv.Serve(lis)
}

// A server in a process of its own, so that its memory and processor time can
// be told from those of its callers.
type benchServer struct {
	pid     int
	address string
}

func startBench(b *testing.B, name, certs string) *benchServer {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), benchServe+"="+name, benchCerts+"="+certs)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &benchServer{pid: cmd.Process.Pid, address: strings.TrimSpace(address)}
}

// processor time used so far, in microseconds to 10 ms.
func (s *benchServer) processor(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		b.Skip("there is no proc(5) to measure with")
	}
	// The name in parentheses may hold spaces; utime and stime are the 12th and
	// 13th field after it.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	ticks := 0.0
	for _, f := range fields[11:13] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks / ticksPerSecond * 1e6
}

// peak resident memory so far, in MiB.
func (s *benchServer) peak(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		b.Skip("there is no proc(5) to measure with")
	}
	_, after, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// BenchmarkServe has 100 callers call a server in another process over mTLS on
// loopback. It reports calls/s, the processor time that the server spends on a
// call and its peak of resident memory, and compares that time with that of a
// bare gRPC server of the same function (x-bare). Calls/s and time per operation
// include the callers, who use the same processors, but marshal nothing.
func BenchmarkServe(b *testing.B) {
	a := newAuthority(b)
	certs := newVolume(b, a.files(b)).dir
	creds := a.clientCredentials(b)
	loads, err := benchLoads()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(loads)) {
		floor := math.NaN()
		b.Run("Bare"+name, func(b *testing.B) {
			s := startBench(b, "Bare"+name, certs)
			floor = benchCalls(b, s, dial(b, s.address, creds), loads[name].req)
		})
		b.Run(name, func(b *testing.B) {
			s := startBench(b, name, certs)
			spent := benchCalls(b, s, dial(b, s.address, creds), loads[name].req)
			b.ReportMetric(spent/floor, "x-bare")
		})
	}
}

// A payload is a message that is sent and received as it is. Callers that marshal would take the server's processors.
type payload []byte

type payloadCodec struct{}

func (payloadCodec) Name() string { return "proto" }

func (payloadCodec) Marshal(v any) ([]byte, error) {
	if p, ok := v.(*payload); ok {
		return *p, nil
	}
	return nil, fmt.Errorf("cannot marshal %T", v) //nolint:err113 // For whoever changes this benchmark.
}

func (payloadCodec) Unmarshal(data []byte, v any) error {
	p, ok := v.(*payload)
	if !ok {
		return fmt.Errorf("cannot unmarshal %T", v) //nolint:err113 // For whoever changes this benchmark.
	}
	*p = bytes.Clone(data)
	return nil
}

// benchCalls returns the processor time spent on a call, in microseconds. The first response is read, all others must be
// as long as it is.
func benchCalls(b *testing.B, s *benchServer, conn *grpc.ClientConn, req *fnv1.RunFunctionRequest) float64 {
	b.Helper()
	rsp, err := fnv1.NewFunctionRunnerServiceClient(conn).RunFunction(b.Context(), req)
	if err != nil || outcome(rsp, err) != outcomeSuccess {
		b.Fatal(err, rsp.GetResults())
	}
	raw, err := proto.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	out, want := payload(raw), proto.Size(rsp)
	call := func() {
		in := payload{}
		if err := conn.Invoke(b.Context(), fnv1.FunctionRunnerService_RunFunction_FullMethodName, &out, &in, grpc.ForceCodec(payloadCodec{})); err != nil || len(in) != want {
			b.Errorf("%v: %d bytes, want %d", err, len(in), want)
		}
	}
	before := s.processor(b)
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			call()
		}
	})
	b.StopTimer()
	spent := (s.processor(b) - before) / float64(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(spent, "server-µs/call")
	b.ReportMetric(s.peak(b), "server-peak-MiB")
	return spent
}
