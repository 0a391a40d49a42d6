package provider_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// BenchmarkResources creates many resources of one etcd and one NATS system and
// measures how soon they are Ready, what is written while they rest, and what
// the process needs for them. One run of each size is enough:
//
//	go test ./provider -run '^$' -bench Resources -benchtime 1x -timeout 30m
//
// The memory is that of the whole test process, which holds the servers too; the
// difference to before the resources is what they cost.
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
	writes := &counter{}
	p := start(b, planeOptions{wrap: writes.wrap})
	etcd := etcdtest.Start(b, etcdtest.Options{})
	nats := natstest.Start(b, natstest.Options{})
	p.make(b, etcdConfig(p, etcd, "")...)
	p.make(b, natsConfig(b, p, nats)...)
	p.make(b, etcdEndpoint(p), natsEndpoint(p))
	until(b, p, etcdEndpoint(p), 15*time.Second, etcdReady)
	until(b, p, natsEndpoint(p), 15*time.Second, natsReady)
	heap, routines, conns := heapInUse(), runtime.NumGoroutine(), dials(etcd, nats)

	begun := time.Now()
	create(b, p, n)
	for ready(b, p) < n+2 {
		if time.Since(begun) > 10*time.Minute {
			b.Fatalf("only %d of %d are Ready", ready(b, p), n+2)
		}
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(begun)
	b.ReportMetric(float64(n)/took.Seconds(), "ready/s")
	b.ReportMetric(float64(writes.n.Load())/float64(n), "writes/resource")
	time.Sleep(5 * time.Second) // Events and usage counts are written late.
	b.ReportMetric(float64(heapInUse()-heap)/(1<<20), "MiB-more")
	b.ReportMetric(float64(residentMiB(b)), "MiB-resident")
	b.ReportMetric(float64(runtime.NumGoroutine()-routines), "goroutines-more")
	b.ReportMetric(float64(dials(etcd, nats)-conns), "connections-more")
	writes.reset()
	time.Sleep(70 * time.Second) // A poll of each.
	b.ReportMetric(float64(writes.n.Load()), "writes-at-rest")

	b.ReportMetric(again(b, p, n), "reconciles/s")
}

// again makes everything reconcile by a change of the config, and tells how many
// resources a second have seen it.
func again(b *testing.B, p *plane, n int) float64 {
	b.Helper()
	begun := time.Now()
	edit(b, p, &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *etcdv1alpha1.ProviderConfig) {
		pc.Spec.Endpoints = pc.Spec.Endpoints[:2]
	})
	for {
		l := &etcdv1alpha1.EndpointList{}
		must(b, p.List(b.Context(), l, client.InNamespace(p.namespace)))
		seen := 0
		for i := range l.Items {
			// The third member is listed no more, so nobody can tell.
			if l.Items[i].GetCondition("Healthy").Status == "Unknown" {
				seen++
			}
		}
		if seen == len(l.Items) {
			return float64(seen) / time.Since(begun).Seconds()
		}
		if time.Since(begun) > 5*time.Minute {
			b.Fatalf("only %d of %d were reconciled", seen, n/2)
		}
		time.Sleep(100 * time.Millisecond)
	}
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

func ready(b *testing.B, p *plane) int {
	b.Helper()
	n := 0
	e, l := &etcdv1alpha1.EndpointList{}, &natsv1alpha1.EndpointList{}
	must(b, p.List(b.Context(), e, client.InNamespace(p.namespace)))
	must(b, p.List(b.Context(), l, client.InNamespace(p.namespace)))
	for i := range e.Items {
		if e.Items[i].GetCondition("Ready").Status == "True" {
			n++
		}
	}
	for i := range l.Items {
		if l.Items[i].GetCondition("Ready").Status == "True" {
			n++
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

func heapInUse() uint64 {
	runtime.GC()
	m := runtime.MemStats{}
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func residentMiB(b *testing.B) int {
	b.Helper()
	s, err := os.ReadFile("/proc/self/status")
	must(b, err)
	_, after, _ := strings.Cut(string(s), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	must(b, err)
	return kb >> 10
}
