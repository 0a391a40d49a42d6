package provider_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/apiserver"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// BenchmarkResources runs the provider's own program, with its default flags but
// for the rate, against an API server and systems in other processes. It creates
// many resources of one etcd and one NATS system and measures how soon they are
// Ready, what is written while they rest, how fast they are looked at again, and
// changed when their config changes, and what the process needs. One run of each size is
// enough:
//
//	go test ./provider -run '^$' -bench Resources -benchtime 1x -timeout 30m
func BenchmarkResources(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				resources(b, n)
			}
		})
	}
}

func resources(b *testing.B, n int) {
	b.Helper()
	p, o := startProcess(b)
	c := watch(b, p.namespace)
	// A machine that is busy with the benchmark may starve a leader, and another
	// one is a change.
	etcd := etcdtest.Start(b, etcdtest.Options{Election: 3 * time.Second})
	nats := natstest.Start(b, natstest.Options{})
	p.make(b, etcdConfig(p, etcd, "")...)
	p.make(b, natsConfig(b, p, nats)...)
	p.make(b, etcdEndpoint(p), natsEndpoint(p))
	until(b, p, etcdEndpoint(p), 60*time.Second, etcdReady)
	until(b, p, natsEndpoint(p), 60*time.Second, natsReady)
	routines, conns, writes := o.value(b, "go_goroutines"), dials(etcd, nats), written(b)

	begun := time.Now()
	create(b, p, n)
	for have(b, c, xpv2.TypeReady, corev1.ConditionTrue) < n+2 {
		if time.Since(begun) > 10*time.Minute {
			b.Fatalf("only %d of %d are Ready", have(b, c, xpv2.TypeReady, corev1.ConditionTrue), n+2)
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.ReportMetric(float64(n)/time.Since(begun).Seconds(), "ready/s")
	time.Sleep(15 * time.Second) // Events and usage counts are written late.
	b.ReportMetric((written(b)-writes)/float64(n), "writes/resource")

	writes, reconciles, rested := written(b), o.reconciles(b), time.Now()
	time.Sleep(70 * time.Second) // A poll of each.
	b.ReportMetric(written(b)-writes, "writes-at-rest")
	b.ReportMetric((o.reconciles(b)-reconciles)/time.Since(rested).Seconds(), "polls/s")
	b.ReportMetric(o.value(b, "go_goroutines")-routines, "goroutines-more")
	b.ReportMetric(float64(dials(etcd, nats)-conns), "connections-more")
	look(b, p, o, n)
	again(b, p, o, c, n)
	b.ReportMetric(o.status(b, "VmRSS:"), "MiB-resident")
	b.ReportMetric(o.status(b, "VmHWM:"), "MiB-peak")
}

// look makes every etcd Endpoint reconcile by a change of the config that comes
// to nothing, and tells how many a second do.
func look(b *testing.B, p *plane, o *process, n int) {
	b.Helper()
	before := o.reconciles(b)
	edit(b, p, &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *etcdv1alpha1.ProviderConfig) {
		pc.Spec.PublishCredentials = new(false) // There are none.
	})
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if done := o.reconciles(b) - before; done > float64(n/2) {
			b.ReportMetric(done/time.Since(begun).Seconds(), "reconciles/s")
			return
		}
		if time.Since(begun) > 5*time.Minute {
			b.Fatal("they are not reconciled")
		}
	}
}

// again makes every etcd Endpoint change by a change of the config, until all
// have, and tells how many a second did, from the first on: until then the system
// is probed. The API server has to write two objects and an event for each.
func again(b *testing.B, p *plane, o *process, c cache.Cache, n int) {
	b.Helper()
	begun, reconciles, cpu := time.Now(), o.reconciles(b), o.cpu(b)
	edit(b, p, &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *etcdv1alpha1.ProviderConfig) {
		pc.Spec.Endpoints = pc.Spec.Endpoints[:2]
	})
	deadline := time.Now().Add(5 * time.Minute)
	for want := n/2 + 1; ; time.Sleep(20 * time.Millisecond) {
		looked := time.Now()
		// The third member is listed no more, so nobody can tell.
		seen := have(b, c, access.TypeHealthy, corev1.ConditionUnknown)
		if seen == want {
			b.ReportMetric(float64(seen)/time.Since(begun).Seconds(), "changes/s")
			// On a busy machine this says more than the time.
			b.ReportMetric(1000*(o.cpu(b)-cpu)/(o.reconciles(b)-reconciles), "cpu-ms/reconcile")
			return
		}
		if seen == 0 {
			begun = looked
		}
		if time.Now().After(deadline) {
			b.Fatalf("only %d of %d were reconciled", seen, want)
		}
	}
}

// A process is the provider's program.
type process struct {
	pid     int
	metrics string
}

// startProcess builds the provider and runs it until the benchmark ends, and
// makes a namespace for its resources.
func startProcess(b *testing.B) (*plane, *process) {
	b.Helper()
	if server == nil {
		b.Skip(apiserver.Missing)
	}
	dir := b.TempDir()
	bin, kubeconfig := filepath.Join(dir, "provider"), filepath.Join(dir, "kubeconfig")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", bin, "../cmd/provider").CombinedOutput(); err != nil {
		b.Fatalf("cannot build the provider: %v\n%s", err, out)
	}
	must(b, server.WriteKubeconfig(kubeconfig))
	c, err := client.New(server.Config, client.Options{Scheme: scheme(b)})
	must(b, err)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}
	must(b, c.Create(b.Context(), ns))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	must(b, l.Close())
	o := &process{metrics: l.Addr().String()}
	cmd := exec.Command(bin, "--max-reconcile-rate=500", "--metrics-address="+o.metrics, "--health-address=0")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(b, cmd.Start())
	o.pid = cmd.Process.Pid
	b.Cleanup(func() {
		must(b, cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil {
			b.Logf("the provider did not stop well: %v", err) // The figures are good nevertheless.
		}
	})
	return &plane{Client: c, namespace: ns.Name}, o
}

// families of metrics that the process serves.
func (o *process) families(b *testing.B) map[string]*dto.MetricFamily {
	b.Helper()
	rsp, err := http.Get("http://" + o.metrics + "/metrics")
	must(b, err)
	defer rsp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	fs, err := parser.TextToMetricFamilies(rsp.Body)
	must(b, err)
	return fs
}

// value of a gauge of the process.
func (o *process) value(b *testing.B, name string) float64 {
	b.Helper()
	return o.families(b)[name].GetMetric()[0].GetGauge().GetValue()
}

// reconciles of managed resources since the process began.
func (o *process) reconciles(b *testing.B) float64 {
	b.Helper()
	return sum(o.families(b)["controller_runtime_reconcile_total"], func(labels map[string]string) bool {
		return strings.HasPrefix(labels["controller"], "managed/")
	})
}

// cpu seconds that the process has used.
func (o *process) cpu(b *testing.B) float64 {
	b.Helper()
	return o.families(b)["process_cpu_seconds_total"].GetMetric()[0].GetCounter().GetValue()
}

// status of the process that the kernel keeps, in MiB.
func (o *process) status(b *testing.B, field string) float64 {
	b.Helper()
	s, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.pid))
	must(b, err)
	_, after, _ := strings.Cut(string(s), field)
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	must(b, err)
	return float64(kb) / 1024
}

// written is how often the API server was asked to write what a provider writes.
func written(b *testing.B) float64 {
	b.Helper()
	c, err := kubernetes.NewForConfig(server.Config)
	must(b, err)
	raw, err := c.RESTClient().Get().AbsPath("/metrics").Stream(context.Background())
	must(b, err)
	defer raw.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	fs, err := parser.TextToMetricFamilies(raw)
	must(b, err)
	return sum(fs["apiserver_request_total"], func(labels map[string]string) bool {
		ours := strings.HasSuffix(labels["group"], "graphplane.io") || labels["resource"] == "secrets" || labels["resource"] == "events"
		switch labels["verb"] {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE":
			return ours
		}
		return false
	})
}

// sum of the counters whose labels are wanted.
func sum(f *dto.MetricFamily, want func(labels map[string]string) bool) float64 {
	out := 0.0
	for _, m := range f.GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if want(labels) {
			out += m.GetCounter().GetValue()
		}
	}
	return out
}

func create(b *testing.B, p *plane, n int) {
	b.Helper()
	g := errgroup.Group{}
	g.SetLimit(16)
	for i := range n {
		g.Go(func() error {
			name := fmt.Sprintf("r%d", i)
			if i%2 == 0 {
				return p.Create(b.Context(), &etcdv1alpha1.Endpoint{ObjectMeta: p.meta(name), Spec: etcdv1alpha1.EndpointSpec{ManagedResourceSpec: spec("e-" + name)}})
			}
			return p.Create(b.Context(), &natsv1alpha1.Endpoint{ObjectMeta: p.meta(name), Spec: natsv1alpha1.EndpointSpec{ManagedResourceSpec: spec("n-" + name)}})
		})
	}
	must(b, g.Wait())
}

// watch the Endpoints of a namespace. To list them all again and again would be
// most of what the API server has to do.
func watch(b *testing.B, namespace string) cache.Cache {
	b.Helper()
	c, err := cache.New(server.Config, cache.Options{
		Scheme: scheme(b), DefaultNamespaces: map[string]cache.Config{namespace: {}}, DefaultUnsafeDisableDeepCopy: new(true),
	})
	must(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Start(ctx) }()
	b.Cleanup(func() {
		cancel()
		must(b, <-done)
	})
	return c
}

// have counts the Endpoints of both kinds that have a condition.
func have(b *testing.B, c cache.Cache, ct xpv2.ConditionType, s corev1.ConditionStatus) int {
	b.Helper()
	n := 0
	for _, l := range []resource.ManagedList{&etcdv1alpha1.EndpointList{}, &natsv1alpha1.EndpointList{}} {
		must(b, c.List(b.Context(), l))
		for _, mg := range l.GetItems() {
			if mg.GetCondition(ct).Status == s {
				n++
			}
		}
	}
	return n
}

func dials(etcd *etcdtest.Cluster, nats *natstest.System) int {
	n := 0
	for _, m := range etcd.Members {
		n += m.Proxy.Open()
	}
	for _, s := range nats.Servers {
		n += s.Proxy.Open()
	}
	return n
}
