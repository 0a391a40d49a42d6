package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/natstest"
)

var (
	natsReady   = is[*v1alpha1.Endpoint]("Ready=True/Available", "Healthy=True/FullyRedundant", "Synced=True")
	streamReady = is[*v1alpha1.Stream]("Ready=True/Available", "Synced=True")
	kvReady     = is[*v1alpha1.KeyValue]("Ready=True/Available", "Synced=True")
	objReady    = is[*v1alpha1.ObjectStore]("Ready=True/Available", "Synced=True")
	natsUserOK  = is[*v1alpha1.User]("Ready=True/Available", "Synced=True")
)

// natsConfig is the ProviderConfig "default" for a system, and its Secrets.
func natsConfig(t testing.TB, p *plane, s *natstest.System) []client.Object {
	t.Helper()
	pc := &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default"), Spec: v1alpha1.ProviderConfigSpec{Servers: s.URLs()}}
	ref := func(name string) access.SecretReference { return access.SecretReference{Name: name} }
	out := []client.Object{}
	if s.Authority != nil {
		out = append(out, p.secret("nats-tls", map[string]string{
			"ca.crt": string(s.Authority.PEM), "tls.crt": string(s.Client.Cert), "tls.key": string(s.Client.Key),
		}))
		cert := ref("nats-tls")
		pc.Spec.TLS = &access.TLS{CASecretRef: &access.SecretKeyReference{SecretReference: ref("nats-tls"), Key: "ca.crt"}, CertSecretRef: &cert}
	}
	if s.Keys == nil {
		out = append(out,
			p.secret("nats-app", map[string]string{"username": natstest.AppUser, "password": natstest.Password(natstest.AppUser)}),
			p.secret("nats-sys", map[string]string{"username": natstest.SysUser, "password": natstest.Password(natstest.SysUser)}))
		pc.Spec.Credentials = &v1alpha1.Credentials{Basic: &access.Basic{SecretRef: ref("nats-app")}}
		pc.Spec.SystemCredentials = &v1alpha1.Credentials{Basic: &access.Basic{SecretRef: ref("nats-sys")}}
		return append(out, pc)
	}
	out = append(out, p.secret("nats-jwt", map[string]string{
		"app": s.Keys.Creds(t, s.Keys.App), "sys": s.Keys.Creds(t, s.Keys.System), "signing": s.Keys.App.SigningSeed,
	}))
	key := func(k string) *access.SecretKeyReference {
		return &access.SecretKeyReference{SecretReference: ref("nats-jwt"), Key: k}
	}
	pc.Spec.Credentials = &v1alpha1.Credentials{CredsSecretRef: key("app")}
	pc.Spec.SystemCredentials = &v1alpha1.Credentials{CredsSecretRef: key("sys")}
	pc.Spec.SigningKey = &v1alpha1.SigningKey{SecretRef: *key("signing"), Account: &s.Keys.App.Public}
	return append(out, pc)
}

func natsEndpoint(p *plane) *v1alpha1.Endpoint {
	return &v1alpha1.Endpoint{ObjectMeta: p.meta("nats"), Spec: v1alpha1.EndpointSpec{ManagedResourceSpec: spec("nats-conn")}}
}

func ptr[V any](v V) *V { return new(v) }

func TestNATSEndpointLife(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{})
	s := natstest.Start(t, natstest.Options{TLS: true})
	p.make(t, natsConfig(t, p, s)...)
	e := natsEndpoint(p)
	p.make(t, e)

	took := until(t, p, e, 15*time.Second, natsReady)
	t.Logf("Ready after %s", took)
	if diff := cmp.Diff("3/3", e.Status.AtProvider.Available); diff != "" {
		t.Errorf("available: -want, +got:\n%s", diff)
	}
	s.Servers[1].Kill()
	until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=True/Available", "Healthy=False/MembersDown"))
	s.Servers[2].Kill()
	took = until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=False", "Synced=True"))
	t.Logf("not Ready after %s: %s", took, e.Status.GetCondition("Ready").Message)
	s.StartAll(t)
	took = until(t, p, e, 20*time.Second, natsReady)
	t.Logf("Ready again after %s", took)
	for _, v := range s.Servers {
		v.Kill()
	}
	until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=False/Unreachable", "Synced=True"))
	must(t, p.Delete(t.Context(), e))
	gone(t, p, e, 5*time.Second)
}

func TestNATSStoredLife(t *testing.T) {
	p := start(t, planeOptions{poll: time.Second})
	s := natstest.Start(t, natstest.Options{})
	ctx := t.Context()
	p.make(t, natsConfig(t, p, s)...)
	st := &v1alpha1.Stream{ObjectMeta: p.meta("work"), Spec: v1alpha1.StreamSpec{ManagedResourceSpec: spec(""), ForProvider: v1alpha1.StreamParameters{
		Common: v1alpha1.Common{Replicas: new(int32(3)), Storage: ptr(v1alpha1.StorageMemory)}, Subjects: []string{"work.>"}, MaxAge: ptr(access.Duration("1h")),
	}}}
	kv := &v1alpha1.KeyValue{ObjectMeta: p.meta("cards"), Spec: v1alpha1.KeyValueSpec{ManagedResourceSpec: spec(""), ForProvider: v1alpha1.KeyValueParameters{History: new(int32(5)), TTL: ptr(access.Duration("1m"))}}}
	ob := &v1alpha1.ObjectStore{ObjectMeta: p.meta("radix"), Spec: v1alpha1.ObjectStoreSpec{ManagedResourceSpec: spec("")}}
	p.make(t, st, kv, ob)
	until(t, p, st, 15*time.Second, streamReady)
	until(t, p, kv, 15*time.Second, kvReady)
	until(t, p, ob, 15*time.Second, objReady)

	js, err := jetstream.New(s.App(t))
	must(t, err)
	name := p.namespace + "_work"
	must(t, second(js.Publish(ctx, "work.a", []byte("x"))))
	bucket, err := js.KeyValue(ctx, p.namespace+"_cards")
	must(t, err)
	must(t, second(bucket.Put(ctx, "k", []byte("v"))))
	must(t, second(js.ObjectStore(ctx, p.namespace+"_radix")))

	// Drift is mended, what the spec does not set stays, and data too.
	live, err := js.Stream(ctx, name)
	must(t, err)
	c := live.CachedInfo().Config
	c.MaxAge, c.Description = time.Hour*5, "someone else's"
	must(t, second(js.UpdateStream(ctx, c)))
	until(t, p, st, 10*time.Second, func(*v1alpha1.Stream) string {
		live, err := js.Stream(ctx, name)
		if err != nil {
			return err.Error()
		}
		i := live.CachedInfo()
		return cmp.Diff([]any{time.Hour, "someone else's", uint64(1)}, []any{i.Config.MaxAge, i.Config.Description, i.State.Msgs})
	})

	// A limit below what is stored is refused.
	must(t, second(js.Publish(ctx, "work.b", []byte("y"))))
	edit(t, p, st, func(st *v1alpha1.Stream) { st.Spec.ForProvider.MaxMessages = new(int64(1)) })
	until(t, p, st, 10*time.Second, is[*v1alpha1.Stream]("Ready=True", "Synced=False/ReconcileError"))
	live, err = js.Stream(ctx, name)
	must(t, err)
	if got := live.CachedInfo().State.Msgs; got != 2 {
		t.Errorf("%d messages are left, want 2", got)
	}
	edit(t, p, st, func(st *v1alpha1.Stream) { st.Spec.ForProvider.Shrink = v1alpha1.ShrinkAllow })
	until(t, p, st, 10*time.Second, streamReady)

	// Deletion deletes, unless the policies do not say so.
	edit(t, p, kv, func(kv *v1alpha1.KeyValue) {
		kv.Spec.ManagementPolicies = xpv2.ManagementPolicies{"Observe", "Create", "Update", "LateInitialize"}
	})
	for _, o := range []client.Object{st, kv, ob} {
		must(t, p.Delete(ctx, o))
		gone(t, p, o, 10*time.Second)
	}
	if _, err := js.Stream(ctx, name); err == nil {
		t.Error("the stream is still there")
	}
	if _, err := js.KeyValue(ctx, p.namespace+"_cards"); err != nil {
		t.Errorf("the bucket is gone: %v", err)
	}
}

func natsUser(p *plane, name string) *v1alpha1.User {
	return &v1alpha1.User{ObjectMeta: p.meta(name), Spec: v1alpha1.UserSpec{ManagedResourceSpec: spec(name + "-conn"), ForProvider: v1alpha1.UserParameters{
		Permissions: v1alpha1.Permissions{
			Publish:   v1alpha1.Subjects{Allow: []string{name + ".>", "$JS.API.INFO"}},
			Subscribe: v1alpha1.Subjects{Allow: []string{name + ".>", "_INBOX_" + name + ".>"}},
		},
		ValidFor: "24h",
	}}}
}

// creds that a connection Secret holds, once it holds some.
func creds(t *testing.T, p *plane, secret string) string {
	t.Helper()
	s := &corev1.Secret{ObjectMeta: p.meta(secret)}
	until(t, p, s, 5*time.Second, func(s *corev1.Secret) string {
		if len(s.Data[access.KeyCreds]) == 0 {
			return "no credentials yet"
		}
		return ""
	})
	return string(s.Data[access.KeyCreds])
}

func TestNATSIsolation(t *testing.T) {
	p := start(t, planeOptions{})
	s := natstest.Start(t, natstest.Options{JWT: true})
	p.make(t, natsConfig(t, p, s)...)
	conns := map[string]*nats.Conn{}
	violations := make(chan error, 16)
	for _, g := range []string{"a", "b"} {
		u := natsUser(p, g)
		p.make(t, u)
		until(t, p, u, 15*time.Second, natsUserOK)
		conns[g] = s.Connect(t, nats.UserCredentialBytes([]byte(creds(t, p, g+"-conn"))), nats.CustomInboxPrefix("_INBOX_"+g),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { violations <- err }))
	}
	heard := make(chan string, 16)
	must(t, second(conns["b"].Subscribe("b.>", func(m *nats.Msg) { heard <- m.Subject })))
	must(t, conns["b"].Flush())

	refused := map[string]func() error{
		"Publish":      func() error { return conns["a"].Publish("b.x", nil) },
		"Subscribe":    func() error { return second(conns["a"].SubscribeSync("b.>")) },
		"SubscribeAll": func() error { return second(conns["a"].SubscribeSync(">")) },
		"Inbox":        func() error { return second(conns["a"].SubscribeSync("_INBOX_b.>")) },
		"StreamCreate": func() error { return conns["a"].Publish("$JS.API.STREAM.CREATE.S", nil) },
		"StreamDelete": func() error { return conns["a"].Publish("$JS.API.STREAM.DELETE.KV_b", nil) },
		"KeyValuePut":  func() error { return conns["a"].Publish("$KV.b.key", nil) },
		"KeyValueGet":  func() error { return conns["a"].Publish("$JS.API.DIRECT.GET.KV_b", nil) },
	}
	for name, try := range refused {
		t.Run(name, func(t *testing.T) {
			must(t, try())
			must(t, conns["a"].Flush())
			select {
			case <-violations:
			case <-time.After(5 * time.Second):
				t.Error("it is not refused")
			}
		})
	}
	must(t, conns["b"].Publish("b.own", nil))
	if got := <-heard; got != "b.own" {
		t.Errorf("b hears %q first, want its own message", got)
	}
	if info, err := conns["a"].Request("$JS.API.INFO", nil, 5*time.Second); err != nil || len(info.Data) == 0 {
		t.Errorf("a cannot ask what it may: %v", err)
	}
}

func TestNATSUserLife(t *testing.T) {
	p := start(t, planeOptions{poll: time.Second})
	s := natstest.Start(t, natstest.Options{JWT: true, Servers: 1})
	p.make(t, natsConfig(t, p, s)...)
	u := natsUser(p, "g")
	p.make(t, u)
	until(t, p, u, 15*time.Second, natsUserOK)
	before, key := creds(t, p, "g-conn"), u.Status.AtProvider.PublicKey

	// Other rights are minted for the same key.
	edit(t, p, u, func(u *v1alpha1.User) { u.Spec.ForProvider.Permissions.Publish.Allow = []string{"other.>"} })
	until(t, p, u, 10*time.Second, func(*v1alpha1.User) string {
		if creds(t, p, "g-conn") == before {
			return "the credentials are the old ones"
		}
		return ""
	})
	until(t, p, u, 10*time.Second, natsUserOK)
	if u.Status.AtProvider.PublicKey != key {
		t.Errorf("the user's key has changed")
	}

	// It is renewed before it expires.
	end := u.Status.AtProvider.Expires.Time
	edit(t, p, u, func(u *v1alpha1.User) { u.Spec.ForProvider.RenewBefore = ptr(access.Duration("23h59m58s")) })
	until(t, p, u, 10*time.Second, func(u *v1alpha1.User) string {
		if !u.Status.AtProvider.Expires.After(end) {
			return "it is not renewed"
		}
		return ""
	})

	// A lost Secret is made again, with a new key.
	must(t, p.Delete(t.Context(), &corev1.Secret{ObjectMeta: p.meta("g-conn")}))
	until(t, p, u, 10*time.Second, func(u *v1alpha1.User) string {
		if u.Status.AtProvider.PublicKey == key {
			return "the key is the old one"
		}
		return natsUserOK(u)
	})
	conn, err := s.Dial(t, nats.UserCredentialBytes([]byte(creds(t, p, "g-conn"))))
	must(t, err)
	conn.Close()

	// Deletion does not need the server.
	s.Servers[0].Kill()
	must(t, p.Delete(t.Context(), u))
	gone(t, p, u, 5*time.Second)
}

// edit an object until the API server takes it.
func edit[T client.Object](t testing.TB, p *plane, o T, change func(o T)) {
	t.Helper()
	until(t, p, o, 5*time.Second, func(o T) string {
		change(o)
		if err := p.Update(context.Background(), o); err != nil {
			return err.Error()
		}
		return ""
	})
}
