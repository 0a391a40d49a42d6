package provider_test

import (
	"os"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

const (
	// idleVariable holds how long nothing happens, such as 10m.
	idleVariable = "GRAPHPLANE_IDLE"
	// shortIdle is for how long where it is not set.
	shortIdle = 10 * time.Second
)

// TestNoFalseAlarm looks at the Endpoints of systems to which nothing happens.
// The version of an object changes with every write, so one that is the same in
// the end was never anything else in between.
func TestNoFalseAlarm(t *testing.T) {
	t.Parallel()
	idle := shortIdle
	if s := os.Getenv(idleVariable); s != "" {
		var err error
		idle, err = time.ParseDuration(s)
		must(t, err)
	}
	p := start(t, planeOptions{poll: 5 * time.Second})
	etcd, nats := etcdtest.Start(t, etcdtest.Options{TLS: true, RootPassword: "s3cr3t-root"}), natstest.Start(t, natstest.Options{JWT: true})
	p.make(t, etcdConfig(p, etcd, "s3cr3t-root")...)
	p.make(t, natsConfig(t, p, nats)...)
	endpoints := []conditioned{etcdEndpoint(p), natsEndpoint(p)}
	versions := []string{}
	for _, e := range endpoints {
		p.make(t, e)
		until(t, p, e, 15*time.Second, is[conditioned]("Ready=True/Available", "Healthy=True/FullyRedundant", "Synced=True"))
	}
	time.Sleep(2 * time.Second) // What the first looks have found is written.
	for _, e := range endpoints {
		must(t, p.Get(t.Context(), client.ObjectKeyFromObject(e), e))
		versions = append(versions, e.GetResourceVersion())
	}
	for end := time.Now().Add(idle); time.Now().Before(end) && !t.Failed(); time.Sleep(200 * time.Millisecond) {
		for i, e := range endpoints {
			must(t, p.Get(t.Context(), client.ObjectKeyFromObject(e), e))
			if e.GetResourceVersion() == versions[i] {
				continue
			}
			for _, ct := range []xpv2.ConditionType{xpv2.TypeReady, access.TypeHealthy, xpv2.TypeSynced} {
				c := e.GetCondition(ct)
				t.Errorf("%T was written at rest: %s=%s/%s: %s", e, ct, c.Status, c.Reason, c.Message)
			}
		}
	}
	t.Logf("nothing happened for %s, and nothing was said", idle)
}
