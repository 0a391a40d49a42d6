package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

func exposition(t *testing.T, s *Server) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.monitor.address()+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	b, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scrape the values of all series, by their name and labels.
func scrape(t *testing.T, s *Server) map[string]string {
	t.Helper()
	got := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(exposition(t, s)))
	for lines.Scan() {
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 && !strings.HasPrefix(lines.Text(), "#") {
			got[lines.Text()[:i]] = lines.Text()[i+1:]
		}
	}
	return got
}

// mixture answers each call in another way.
func mixture() function {
	answers := make(chan *fnv1.RunFunctionResponse, 3)
	answers <- &fnv1.RunFunctionResponse{
		Desired: &fnv1.State{Resources: map[string]*fnv1.Resource{
			"a": {Resource: object("apps/v1", "Deployment")},
			"b": {Resource: object("apps/v1", "Deployment")},
			"c": {Resource: object("v1", "Service")},
		}},
		Results: []*fnv1.Result{
			{Severity: fnv1.Severity_SEVERITY_NORMAL},
			{Severity: fnv1.Severity_SEVERITY_WARNING},
			{Severity: fnv1.Severity_SEVERITY_WARNING},
			{Severity: 99},
		},
	}
	answers <- &fnv1.RunFunctionResponse{
		Desired: &fnv1.State{Resources: map[string]*fnv1.Resource{"a": {Resource: object("apps/v1", "Deployment")}}},
		Results: []*fnv1.Result{{Severity: fnv1.Severity_SEVERITY_FATAL}},
	}
	close(answers)
	return func(context.Context, *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
		if rsp, ok := <-answers; ok {
			return rsp, nil
		}
		return nil, errors.New("nothing left")
	}
}

func TestMetrics(t *testing.T) {
	a := newAuthority(t)
	s, _, _ := start(t, logging.NewNopLogger(), mixture(), Options{CertificatesDir: newVolume(t, a.files(t)).dir, MetricsAddress: "127.0.0.1:0"})
	client := fnv1.NewFunctionRunnerServiceClient(dial(t, s.Addr().String(), a.clientCredentials(t)))
	for range 3 {
		_, _ = client.RunFunction(t.Context(), request(t))
	}

	got := scrape(t, s)
	maps.DeleteFunc(got, func(series, _ string) bool {
		return !strings.HasPrefix(series, "graphplane_") ||
			strings.Contains(series, "_bucket{") || strings.HasSuffix(series, "_sum") || // Time passes as it likes.
			strings.Contains(series, "build_info") || strings.Contains(series, "_expiry_")
	})
	want := map[string]string{
		`graphplane_function_calls_total{outcome="success"}`:                                    "1",
		`graphplane_function_calls_total{outcome="fatal"}`:                                      "1",
		`graphplane_function_calls_total{outcome="error"}`:                                      "1",
		`graphplane_function_call_duration_seconds_count`:                                       "3",
		`graphplane_function_calls_in_flight`:                                                   "0",
		`graphplane_function_results_total{severity="normal"}`:                                  "1",
		`graphplane_function_results_total{severity="warning"}`:                                 "2",
		`graphplane_function_results_total{severity="fatal"}`:                                   "1",
		`graphplane_function_results_total{severity="unspecified"}`:                             "1",
		`graphplane_function_composed_resources_total{api_version="apps/v1",kind="Deployment"}`: "2",
		`graphplane_function_composed_resources_total{api_version="v1",kind="Service"}`:         "1",
		`graphplane_function_panics_total`:                                                      "0",
		`graphplane_function_certificate_reload_failures_total`:                                 "0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("/metrics: -want, +got:\n%s", diff)
	}
}

func TestMetricsConventions(t *testing.T) {
	a := newAuthority(t)
	s, _, _ := start(t, logging.NewNopLogger(), echo, Options{CertificatesDir: newVolume(t, a.files(t)).dir, MetricsAddress: "127.0.0.1:0"})
	b := exposition(t, s)
	problems, err := promlint.New(bytes.NewReader(b)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("/metrics: %s: %s", p.Metric, p.Text)
	}
	for _, family := range []string{
		"graphplane_function_build_info", "graphplane_function_certificate_expiry_timestamp_seconds",
		"go_goroutines", "process_resident_memory_bytes", "grpc_server_handled_total",
	} {
		if !bytes.Contains(b, []byte("\n"+family)) {
			t.Errorf("/metrics: there is no %s", family)
		}
	}
}

func TestKinds(t *testing.T) {
	m := newMetrics()
	for i := range 2 * maxKinds {
		m.composed.inc(kind{apiVersion: "v1", kind: fmt.Sprint("Kind", i)})
		m.composed.inc(kind{apiVersion: "v1", kind: "Kind0"})
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "graphplane_function_composed_resources_total" {
			continue
		}
		got["series"] = float64(len(f.GetMetric()))
		for _, s := range f.GetMetric() {
			got[s.GetLabel()[1].GetValue()] = s.GetCounter().GetValue()
		}
	}
	maps.DeleteFunc(got, func(_ string, v float64) bool { return v == 1 })
	want := map[string]float64{"series": maxKinds + 1, "Kind0": 2*maxKinds + 1, other: maxKinds}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inc(...): kinds past the first %d are counted together: -want, +got:\n%s", maxKinds, diff)
	}
}

func TestMetricsAddress(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })

	cases := map[string]struct {
		reason  string
		address string
		want    int
	}{
		"Disabled": {reason: "No metrics are served without an address, and nothing is logged"},
		"InUse":    {reason: "An address that cannot be listened on is logged", address: taken.Addr().String(), want: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{}
			s, _, _ := start(t, rec.logger(), echo, Options{Insecure: true, MetricsAddress: tc.address})
			_, err := fnv1.NewFunctionRunnerServiceClient(dial(t, s.Addr().String(), insecure.NewCredentials())).RunFunction(t.Context(), request(t))
			if err != nil {
				t.Errorf("%s: RunFunction(...): the function is served nevertheless: %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, rec.count("Cannot listen for metrics")); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestMetricsServerFails(t *testing.T) {
	rec := &recorder{}
	m := newMonitor(rec.logger(), "127.0.0.1:0", newMetrics().registry, newHealth())
	_ = m.listener.Close()
	m.serve()
	if diff := cmp.Diff(1, rec.count("Cannot serve metrics any longer")); diff != "" {
		t.Errorf("serve(): a failure is logged: -want, +got:\n%s", diff)
	}
}
