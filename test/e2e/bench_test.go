package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// BenchmarkCluster measures what users wait for, and what graphs cost the API server, from the creation of some graphs
// at once to the last that is Ready, and for a minute at rest.
func BenchmarkCluster(b *testing.B) {
	for _, bb := range []struct {
		name       string
		graphs     int
		components int
	}{
		// The first graph of a control plane waits for Crossplane to start its watches.
		{name: "warm-up", graphs: 1, components: 3},
		{name: "graphs=1", graphs: 1, components: 3},
		{name: "graphs=1/components=25", graphs: 1, components: 25},
		{name: "graphs=100", graphs: 100, components: 3},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for i := range b.N {
				measure(b, fmt.Sprintf("%s-%d", strings.NewReplacer("=", "-", "/", "-").Replace(bb.name), i), bb.graphs, bb.components)
			}
		})
	}
}

func measure(b *testing.B, ns string, n, components int) {
	b.Helper()
	ctx := b.Context()
	if _, err := e2e.kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { removeAll(b, ns) })
	events, opens := breaker(b, "events_total"), breaker(b, "opens_total")
	all := map[string]*unstructured.Unstructured{}
	for i := range n {
		o := benchGraph(b, fmt.Sprintf("%s-%d", ns, i), components)
		all[o.GetName()] = o
	}

	deployments := reached(b, ns, appsv1.SchemeGroupVersion.WithResource("deployments"), n*components, func(*unstructured.Unstructured) bool { return true })
	readies := reached(b, ns, graphs(), n, func(u *unstructured.Unstructured) bool {
		return conditionStatus(u, "Ready") == "True" && conditionStatus(u, v1alpha1.ConditionComponentsReady) == "True"
	})
	start := time.Now()
	// At once: one after the other, on a busy API server, would take longer than what is measured.
	var applied errgroup.Group
	for _, o := range all {
		applied.Go(func() error { return e2e.cp.Apply(ctx, ns, o) })
	}
	if err := applied.Wait(); err != nil {
		b.Fatal(err)
	}
	present, ready := within(b, deployments).Sub(start), within(b, readies).Sub(start)
	b.ReportMetric(present.Seconds(), "s-to-deployments")
	b.ReportMetric(ready.Seconds(), "s-to-ready")
	b.ReportMetric(float64(writes(b, start, ns))/float64(n), "writes/graph")
	b.ReportMetric((breaker(b, "events_total")-events)/float64(n), "events/graph")
	b.ReportMetric(breaker(b, "opens_total")-opens, "breakers-opened")

	// A graph that was on its way is looked at once more after two minutes.
	time.Sleep(140 * time.Second)
	rest := time.Now()
	time.Sleep(time.Minute)
	b.ReportMetric(float64(writes(b, rest, ns)), "writes-at-rest/min")
	b.ReportMetric(0, "ns/op")
}

func benchGraph(b *testing.B, name string, components int) *unstructured.Unstructured {
	b.Helper()
	objs, err := controlplane.ParseObjects([]byte(withComponents(fmt.Sprintf(disaggregated, name), components, "")))
	if err != nil {
		b.Fatal(err)
	}
	return objs[0]
}

// reached sends the time at which so many objects in a namespace first were at once what is asked of them. It watches:
// lists of hundreds of objects would be most of what the machine does.
func reached(b *testing.B, ns string, kind schema.GroupVersionResource, n int, is func(*unstructured.Unstructured) bool) <-chan time.Time {
	b.Helper()
	at := make(chan time.Time, 1)
	which := map[string]bool{}
	see := func(o any) {
		u, ok := o.(*unstructured.Unstructured)
		if !ok {
			return
		}
		if is(u) {
			which[u.GetName()] = true
		} else {
			delete(which, u.GetName())
		}
		if len(which) == n {
			select {
			case at <- time.Now():
			default:
			}
		}
	}
	informer := dynamicinformer.NewFilteredDynamicInformer(e2e.client, kind, ns, 0, nil, nil).Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, o any) { see(o) }}); err != nil {
		b.Fatal(err)
	}
	go informer.RunWithContext(b.Context())
	return at
}

// within receives what comes within ten minutes.
func within(b *testing.B, times <-chan time.Time) time.Time {
	b.Helper()
	select {
	case t := <-times:
		return t
	case <-time.After(10 * time.Minute):
		b.Fatal("timed out")
		return time.Time{}
	}
}

func conditionStatus(u *unstructured.Unstructured, kind string) string {
	cs, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range cs {
		if m, _ := c.(map[string]any); m["type"] == kind {
			return fmt.Sprint(m["status"])
		}
	}
	return ""
}

// writes counts what Crossplane wrote in a namespace.
func writes(b *testing.B, since time.Time, ns string) int {
	b.Helper()
	all, err := e2e.cp.Writes(since)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, w := range all {
		if w.Namespace == ns && w.User == "system:serviceaccount:crossplane-system:crossplane" {
			n++
		}
	}
	return n
}

// breaker sums a metric of Crossplane's circuit breaker of InferenceGraphs.
func breaker(b *testing.B, metric string) float64 {
	b.Helper()
	rsp, err := http.Get(e2e.cp.CrossplaneMetrics)
	if err != nil {
		b.Fatal(err)
	}
	defer rsp.Body.Close()
	sum := 0.0
	for s := bufio.NewScanner(rsp.Body); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), "} ")
		if strings.HasPrefix(name, "circuit_breaker_"+metric) && strings.Contains(name, "inferencegraphs") {
			v, _ := strconv.ParseFloat(value, 64)
			sum += v
		}
	}
	return sum
}

func removeAll(b *testing.B, ns string) {
	b.Helper()
	ctx := context.Background()
	policy := metav1.DeletePropagationBackground
	_ = e2e.client.Resource(graphs()).Namespace(ns).DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &policy}, metav1.ListOptions{})
	eventually(b, "namespace "+ns+" has no pods", func() (bool, string) {
		l, err := e2e.kube.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		return apierrors.IsNotFound(err) || (err == nil && len(l.Items) == 0), fmt.Sprint(len(l.Items), err)
	})
}
