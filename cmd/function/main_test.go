package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/serve"
)

// runMain in the environment has the test binary be the function.
const runMain = "GRAPHPLANE_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	defaults := serve.Options{
		Network:            "tcp",
		Address:            ":9443",
		MaxRecvMessageSize: 4 << 20,
		MetricsAddress:     ":8080",
		ShutdownTimeout:    25 * time.Second,
	}
	with := func(change func(*serve.Options)) serve.Options {
		o := defaults
		change(&o)
		return o
	}

	cases := map[string]struct {
		reason string
		args   []string
		env    map[string]string
		want   serve.Options
	}{
		"Defaults": {
			reason: "The defaults are those of the Crossplane function specification and SDK",
			want:   defaults,
		},
		"Flags": {
			reason: "Every flag has its option",
			args: []string{
				"-d", "--network=unix", "--address=/s", "--tls-certs-dir=/tls/server", "--insecure",
				"--max-recv-message-size=8", "--metrics-address=:9090", "--shutdown-timeout=1m",
			},
			want: serve.Options{
				Network: "unix", Address: "/s", CertificatesDir: "/tls/server", Insecure: true,
				MaxRecvMessageSize: 8 << 20, MetricsAddress: ":9090", ShutdownTimeout: time.Minute,
			},
		},
		"Pod": {
			reason: "Crossplane names the directory of certificates in the environment of the pod",
			env:    map[string]string{"TLS_SERVER_CERTS_DIR": "/tls/server"},
			want:   with(func(o *serve.Options) { o.CertificatesDir = "/tls/server" }),
		},
		"Environment": {
			reason: "What the SDK reads from the environment is read from there",
			env: map[string]string{
				"NETWORK": "unix", "ADDRESS": "/s", "INSECURE": "true", "MAX_RECV_MESSAGE_SIZE": "8",
				"METRICS_ADDRESS": ":9090", "SHUTDOWN_TIMEOUT": "1m",
			},
			want: serve.Options{
				Network: "unix", Address: "/s", Insecure: true,
				MaxRecvMessageSize: 8 << 20, MetricsAddress: ":9090", ShutdownTimeout: time.Minute,
			},
		},
		"NoMetrics": {
			reason: "An empty address turns metrics off",
			args:   []string{"--metrics-address="},
			want:   with(func(o *serve.Options) { o.MetricsAddress = "" }),
		},
		"NoMetricsEnvironment": {
			reason: "An empty address in the environment turns metrics off",
			env:    map[string]string{"METRICS_ADDRESS": ""},
			want:   with(func(o *serve.Options) { o.MetricsAddress = "" }),
		},
		"FlagFirst": {
			reason: "A flag goes before the environment",
			args:   []string{"--address=:1"},
			env:    map[string]string{"ADDRESS": ":2"},
			want:   with(func(o *serve.Options) { o.Address = ":1" }),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			c := &cli{}
			p, err := kong.New(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, c.options()); diff != "" {
				t.Errorf("%s: options(): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// A process is the function as users run it.
type process struct {
	cmd *exec.Cmd
	log *bufio.Scanner
}

func run(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), runMain+"=1")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.log = bufio.NewScanner(stderr)
	return p
}

// line returns the next line logged, which must be JSON.
func (p *process) line(t *testing.T) map[string]any {
	t.Helper()
	if !p.log.Scan() {
		t.Fatalf("the log ended: %v", p.log.Err())
	}
	l := map[string]any{}
	if err := json.Unmarshal(p.log.Bytes(), &l); err != nil {
		t.Fatalf("a line of the log is not JSON: %q: %v", p.log.Text(), err)
	}
	return l
}

// wait until the log and then the process have ended.
func (p *process) wait() error {
	for p.log.Scan() {
		continue
	}
	return p.cmd.Wait()
}

// hold opens a call whose request is yet to come. The server has it in flight
// once it has answered a later call of the same connection.
func hold(t *testing.T, conn *grpc.ClientConn) grpc.ClientStream {
	t.Helper()
	desc := &grpc.StreamDesc{StreamName: "RunFunction", ClientStreams: true}
	held, err := conn.NewStream(t.Context(), desc, fnv1.FunctionRunnerService_RunFunction_FullMethodName, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	return held
}

func TestSignals(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			p := run(t, "--insecure", "--address=127.0.0.1:0", "--metrics-address=127.0.0.1:0")
			address, _ := p.line(t)["address"].(string)
			conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			held := hold(t, conn)

			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("Stopping once the calls in flight are done", p.line(t)["msg"]); diff != "" {
				t.Errorf("log after %s: -want, +got:\n%s", name, diff)
			}
			if err := held.SendMsg(&fnv1.RunFunctionRequest{Meta: &fnv1.RequestMeta{Tag: "held"}}); err != nil {
				t.Fatal(err)
			}
			if err := held.CloseSend(); err != nil {
				t.Fatal(err)
			}
			rsp := &fnv1.RunFunctionResponse{}
			if err := held.RecvMsg(rsp); err != nil {
				t.Errorf("RunFunction(...): the call in flight: %v", err)
			}
			if diff := cmp.Diff("held", rsp.GetMeta().GetTag()); diff != "" {
				t.Errorf("RunFunction(...): the call in flight: -want, +got:\n%s", diff)
			}
			if err := p.wait(); err != nil {
				t.Errorf("the process after %s: %v", name, err)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	p := run(t, "--address=127.0.0.1:0", "--metrics-address=")
	if err := p.wait(); err == nil {
		t.Error("the process served without credentials that it was not told to do without")
	}
}
