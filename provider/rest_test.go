package provider_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestRest polls every kind a hundred times and more while nothing happens: no
// byte of any object changes, and nothing is written.
func TestRest(t *testing.T) {
	writes := &counter{}
	p := start(t, planeOptions{poll: 100 * time.Millisecond, wrap: writes.wrap})
	etcd := etcdtest.Start(t, etcdtest.Options{RootPassword: "s3cr3t-root"})
	nats := natstest.Start(t, natstest.Options{JWT: true})
	p.make(t, etcdConfig(p, etcd, "s3cr3t-root")...)
	p.make(t, natsConfig(t, p, nats)...)
	default1 := `providerConfigRef: {kind: ProviderConfig, name: default}`
	objects := []client.Object{
		etcdEndpoint(p), natsEndpoint(p), natsUser(p, "n"), prefixRole(p, "g", "v1/g/"), etcdUser(p, "g", p.namespace+".g"),
		object(t, "nats/Stream", p.namespace, "s", `{`+default1+`, forProvider: {subjects: [s.a], replicas: 3, placement: {cluster: test}}}`),
		object(t, "nats/KeyValue", p.namespace, "k", `{`+default1+`, forProvider: {ttl: 1m, history: 3}}`),
		object(t, "nats/ObjectStore", p.namespace, "o", `{`+default1+`, forProvider: {compression: true}}`),
	}
	p.make(t, objects...)
	until(t, p, etcdEndpoint(p), 15*time.Second, etcdReady)
	until(t, p, natsEndpoint(p), 15*time.Second, natsReady)
	until(t, p, natsUser(p, "n"), 15*time.Second, natsUserOK)
	until(t, p, etcdUser(p, "g"), 30*time.Second, userReady)
	until(t, p, prefixRole(p, "g", ""), 15*time.Second, roleReady)
	until(t, p, &natsv1alpha1.Stream{ObjectMeta: p.meta("s")}, 15*time.Second, streamReady)
	until(t, p, &natsv1alpha1.KeyValue{ObjectMeta: p.meta("k")}, 15*time.Second, kvReady)
	until(t, p, &natsv1alpha1.ObjectStore{ObjectMeta: p.meta("o")}, 15*time.Second, objReady)
	time.Sleep(3 * time.Second) // Events and usage counts are written late.

	before, reads := everything(t, p), writes.reset()
	time.Sleep(12 * time.Second) // 120 polls of each.
	if diff := cmp.Diff(before, everything(t, p)); diff != "" {
		t.Errorf("objects have changed at rest: -before, +after:\n%s", diff)
	}
	if got := writes.get(); got != "" {
		t.Errorf("written at rest: %s", got)
	}
	if reads == "" {
		t.Error("no write was counted at all before the rest")
	}
}

func everything(t *testing.T, p *plane) map[string]string {
	t.Helper()
	out := map[string]string{}
	for kind, l := range map[string]client.ObjectList{
		"etcd/Endpoint": &etcdv1alpha1.EndpointList{}, "etcd/Role": &etcdv1alpha1.RoleList{}, "etcd/User": &etcdv1alpha1.UserList{},
		"etcd/ProviderConfig": &etcdv1alpha1.ProviderConfigList{}, "nats/ProviderConfig": &natsv1alpha1.ProviderConfigList{},
		"nats/Endpoint": &natsv1alpha1.EndpointList{}, "nats/Stream": &natsv1alpha1.StreamList{}, "nats/KeyValue": &natsv1alpha1.KeyValueList{},
		"nats/ObjectStore": &natsv1alpha1.ObjectStoreList{}, "nats/User": &natsv1alpha1.UserList{},
	} {
		must(t, p.List(t.Context(), l, client.InNamespace(p.namespace)))
		l.SetResourceVersion("")
		b, err := json.Marshal(l)
		must(t, err)
		out[kind] = string(b)
	}
	return out
}

// A counter of the requests that write.
type counter struct {
	paths atomic.Pointer[string]
	n     atomic.Int64
}

func (c *counter) wrap(cfg *rest.Config) *rest.Config {
	cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/leases/") {
				c.n.Add(1)
				path := r.Method + " " + r.URL.Path
				c.paths.Store(&path)
			}
			return rt.RoundTrip(r)
		})
	})
	return cfg
}

func (c *counter) get() string {
	if s := c.paths.Load(); s != nil {
		return *s
	}
	return ""
}

func (c *counter) reset() string {
	s := c.get()
	c.paths.Store(nil)
	c.n.Store(0)
	return s
}

type roundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
