package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	corev1 "k8s.io/api/core/v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestEndpointUses goes through the ways to use an Endpoint that are no faults.
func TestEndpointUses(t *testing.T) {
	p := start(t, planeOptions{})
	c := etcdtest.Start(t, etcdtest.Options{Members: 1, RootPassword: "s3cr3t-root"})
	p.make(t, etcdConfig(p, c, "s3cr3t-root")...)
	named := func(name string, change func(e *etcdv1alpha1.Endpoint)) *etcdv1alpha1.Endpoint {
		e := etcdEndpoint(p)
		e.Name, e.Spec.WriteConnectionSecretToReference.Name = name, name+"-conn"
		if change != nil {
			change(e)
		}
		p.make(t, e)
		return e
	}
	first := named("first", nil)
	until(t, p, first, 15*time.Second, etcdReady)
	id := first.Status.AtProvider.ClusterID

	t.Run("Import", func(t *testing.T) {
		e := named("import", func(e *etcdv1alpha1.Endpoint) { meta.SetExternalName(e, id) })
		until(t, p, e, 10*time.Second, etcdReady)
	})
	t.Run("ObserveOnly", func(t *testing.T) {
		e := named("observe", func(e *etcdv1alpha1.Endpoint) {
			e.Spec.ManagementPolicies = xpv2.ManagementPolicies{xpv2.ManagementActionObserve}
		})
		until(t, p, e, 10*time.Second, etcdReady)
		if got := meta.GetExternalName(e); got != "" {
			t.Errorf("it is pinned to %q, but may only be observed", got)
		}
		must(t, p.Delete(t.Context(), e))
		gone(t, p, e, 5*time.Second)
	})
	t.Run("Paused", func(t *testing.T) {
		e := named("paused", func(e *etcdv1alpha1.Endpoint) {
			meta.AddAnnotations(e, map[string]string{meta.AnnotationKeyReconciliationPaused: "true"})
		})
		until(t, p, e, 10*time.Second, is[*etcdv1alpha1.Endpoint]("Synced=False/ReconcilePaused"))
		edit(t, p, e, func(e *etcdv1alpha1.Endpoint) { meta.RemoveAnnotations(e, meta.AnnotationKeyReconciliationPaused) })
		until(t, p, e, 10*time.Second, etcdReady)
	})
	t.Run("SecondConfig", func(t *testing.T) {
		pc := &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("second")}
		d := &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}
		until(t, p, d, 5*time.Second, func(*etcdv1alpha1.ProviderConfig) string { return "" })
		pc.Spec = d.Spec
		p.make(t, pc)
		e := named("second", func(e *etcdv1alpha1.Endpoint) { e.Spec.ProviderConfigReference.Name = "second" })
		until(t, p, e, 10*time.Second, etcdReady)
		if n := p.setup.Etcd.Pool().Len(); n != 1 {
			t.Errorf("%d clients for one system, want 1", n)
		}
	})
	t.Run("NothingPublished", func(t *testing.T) {
		edit(t, p, &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *etcdv1alpha1.ProviderConfig) { pc.Spec.PublishCredentials = new(false) })
		s := &corev1.Secret{ObjectMeta: p.meta("first-conn")}
		until(t, p, s, 10*time.Second, func(s *corev1.Secret) string {
			v, ok := s.Data[xpv2.CredentialsSecretPasswordKey]
			if !ok || len(v) > 0 {
				return "the key has to be there, without a value"
			}
			return ""
		})
	})
	t.Run("LostConnectionSecret", func(t *testing.T) {
		s := &corev1.Secret{ObjectMeta: p.meta("first-conn")}
		must(t, p.Delete(t.Context(), s))
		until(t, p, s, 10*time.Second, func(s *corev1.Secret) string {
			if len(s.Data[access.KeyEndpoints]) == 0 {
				return "it is empty"
			}
			return ""
		})
	})
	t.Run("DeleteWithoutSecret", func(t *testing.T) {
		must(t, p.Delete(t.Context(), &corev1.Secret{ObjectMeta: p.meta("etcd-root")}))
		until(t, p, first, 10*time.Second, is[*etcdv1alpha1.Endpoint]("Ready=False/InvalidConfig", "Synced=False"))
		must(t, p.Delete(t.Context(), first))
		gone(t, p, first, 5*time.Second)
	})
	t.Run("DeleteWithoutConfig", func(t *testing.T) {
		pc := &etcdv1alpha1.ProviderConfig{ObjectMeta: p.meta("second")}
		e := &etcdv1alpha1.Endpoint{ObjectMeta: p.meta("second")}
		must(t, p.Delete(t.Context(), pc))
		until(t, p, pc, 10*time.Second, func(pc *etcdv1alpha1.ProviderConfig) string {
			if pc.GetDeletionTimestamp() == nil || len(pc.GetFinalizers()) == 0 {
				return "a config that is used has to stay"
			}
			return ""
		})
		edit(t, p, pc, func(pc *etcdv1alpha1.ProviderConfig) { pc.SetFinalizers(nil) })
		gone(t, p, pc, 5*time.Second)
		must(t, p.Delete(t.Context(), e))
		gone(t, p, e, 5*time.Second)
	})
}

// TestStreamUses goes through the ways to come by a stream that is there.
func TestStreamUses(t *testing.T) {
	p := start(t, planeOptions{poll: time.Second})
	s := natstest.Start(t, natstest.Options{Servers: 1})
	p.make(t, natsConfig(t, p, s)...)
	js, err := jetstream.New(s.App(t))
	must(t, err)
	must(t, second(js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "THEIRS", Subjects: []string{"theirs.>"}, MaxAge: time.Hour})))
	must(t, second(js.Publish(t.Context(), "theirs.a", nil)))
	named := func(name string, change func(st *v1alpha1.Stream)) *v1alpha1.Stream {
		st := &v1alpha1.Stream{ObjectMeta: p.meta(name), Spec: v1alpha1.StreamSpec{ManagedResourceSpec: spec(""), ForProvider: v1alpha1.StreamParameters{Subjects: []string{"theirs.>"}}}}
		meta.SetExternalName(st, "THEIRS")
		if change != nil {
			change(st)
		}
		p.make(t, st)
		return st
	}
	look := named("look", func(st *v1alpha1.Stream) {
		st.Spec.ManagementPolicies = xpv2.ManagementPolicies{xpv2.ManagementActionObserve}
	})
	until(t, p, look, 10*time.Second, streamReady)

	adopt := named("adopt", nil)
	until(t, p, adopt, 10*time.Second, func(st *v1alpha1.Stream) string {
		live, err := js.Stream(t.Context(), "THEIRS")
		must(t, err)
		i := live.CachedInfo()
		if i.Config.Metadata[v1alpha1.OwnerMetadataKey] != p.namespace+"/adopt" || i.Config.MaxAge != time.Hour || i.State.Msgs != 1 {
			return "it is not adopted as it is"
		}
		return streamReady(st)
	})

	rival := named("rival", nil)
	until(t, p, rival, 10*time.Second, is[*v1alpha1.Stream]("Ready=False/OwnedByAnother", "Synced=False"))
	if m := rival.GetCondition("Ready").Message; !strings.Contains(m, p.namespace+"/adopt") {
		t.Errorf("the owner is not named: %s", m)
	}
	must(t, p.Delete(t.Context(), rival))
	gone(t, p, rival, 10*time.Second)
	must(t, p.Delete(t.Context(), look))
	gone(t, p, look, 10*time.Second)
	must(t, second(js.Stream(t.Context(), "THEIRS")))

	// What cannot be deleted now is deleted once it can.
	s.Servers[0].Kill()
	must(t, p.Delete(t.Context(), adopt))
	until(t, p, adopt, 10*time.Second, is[*v1alpha1.Stream]("Synced=False"))
	s.StartAll(t)
	gone(t, p, adopt, 30*time.Second)
}
