package provider_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestBounded runs 200 resources of two systems: they cost connections and
// goroutines by systems, and none is left when the provider has stopped.
func TestBounded(t *testing.T) {
	const many = 200
	etcd := etcdtest.Start(t, etcdtest.Options{})
	nats := natstest.Start(t, natstest.Options{})
	t.Run("Run", func(t *testing.T) {
		p := start(t, planeOptions{})
		p.make(t, etcdConfig(p, etcd, "")...)
		p.make(t, natsConfig(t, p, nats)...)
		p.make(t, etcdEndpoint(p), natsEndpoint(p))
		until(t, p, etcdEndpoint(p), 15*time.Second, etcdReady)
		until(t, p, natsEndpoint(p), 15*time.Second, natsReady)
		few, open := len(ours()), dials(etcd, nats)
		for i := range many / 2 {
			p.make(t,
				&etcdv1alpha1.Endpoint{ObjectMeta: p.meta(fmt.Sprintf("e%d", i)), Spec: etcdv1alpha1.EndpointSpec{ManagedResourceSpec: spec("")}},
				&natsv1alpha1.Endpoint{ObjectMeta: p.meta(fmt.Sprintf("n%d", i)), Spec: natsv1alpha1.EndpointSpec{ManagedResourceSpec: spec("")}})
		}
		for i := range many / 2 {
			until(t, p, &etcdv1alpha1.Endpoint{ObjectMeta: p.meta(fmt.Sprintf("e%d", i))}, time.Minute, etcdReady)
			until(t, p, &natsv1alpha1.Endpoint{ObjectMeta: p.meta(fmt.Sprintf("n%d", i))}, time.Minute, natsReady)
		}
		if got := dials(etcd, nats); got > open {
			t.Errorf("%d connections for %d resources, %d for two", got, many, open)
		}
		settled(t, "goroutines of the provider", func() string {
			if got := len(ours()); got > few {
				return fmt.Sprintf("%d for %d resources, %d for two", got, many, few)
			}
			return ""
		})
	})
	settled(t, "the provider has stopped", func() string {
		if left := ours(); len(left) > 0 {
			return fmt.Sprintf("%d goroutines are left, such as:\n%s", len(left), left[0])
		}
		return ""
	})
	settled(t, "connections are closed", func() string {
		if n := dials(etcd, nats); n > 0 {
			return fmt.Sprintf("%d are open", n)
		}
		return ""
	})
}

// settled waits until a check finds nothing.
func settled(t *testing.T, what string, check func() string) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		wrong := check()
		if wrong == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s", what, wrong)
		}
	}
}

// ours are the goroutines that the provider's packages have started or are in.
func ours() []string {
	b := make([]byte, 64<<20)
	out := []string{}
	for g := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		for _, in := range []string{"graphplane/provider/managed.", "graphplane/provider/etcd.", "graphplane/provider/nats."} {
			if strings.Contains(g, in) {
				out = append(out, g)
				break
			}
		}
	}
	return out
}
