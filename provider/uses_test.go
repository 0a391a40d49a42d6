package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

// shows waits until what a resource manages has something in it.
func (s *stage) shows(t *testing.T, what string, u *unstructured.Unstructured, want string) {
	t.Helper()
	until(t, s.plane, u, 15*time.Second, func(u *unstructured.Unstructured) string {
		if have := kinds()[what].look(t, s, u); !strings.Contains(have, want) {
			return "want " + want + " in: " + have
		}
		return ""
	})
}

// respec gives a resource another spec, with the config of before.
func (s *stage) respec(t *testing.T, u *unstructured.Unstructured, spec string) {
	t.Helper()
	spec = strings.ReplaceAll(spec, "$NAME", u.GetName())
	edit(t, s.plane, u, func(u *unstructured.Unstructured) {
		next, _ := object(t, "x/X", "", "", spec).Object["spec"].(map[string]any)
		next["providerConfigRef"], _, _ = unstructured.NestedMap(u.Object, "spec", "providerConfigRef")
		u.Object["spec"] = next
	})
}

// policies of a resource.
func policies(t *testing.T, u *unstructured.Unstructured, p ...string) {
	t.Helper()
	must(t, unstructured.SetNestedStringSlice(u.Object, p, "spec", "managementPolicies"))
}

// TestEveryUse takes a resource of every kind through the uses that are no
// faults: another spec, a look only, being let go of, and being taken over.
func TestEveryUse(t *testing.T) {
	t.Parallel()
	s := start(t, planeOptions{poll: time.Second}).stage(t)
	for what, k := range kinds() {
		t.Run(what, func(t *testing.T) {
			u := s.named(t, what, "used", "default")
			s.make(t, u)
			until(t, s.plane, u, 15*time.Second, wants("True/Available", "True"))
			external := meta.GetExternalName(u)

			if k.stays {
				t.Run("ObserveOnly", func(t *testing.T) {
					before := k.look(t, s, u)
					o := s.named(t, what, "look", "default")
					// What it says is not what is there, and is not made so.
					other := object(t, what, "", "", strings.ReplaceAll(k.changed, "$NAME", u.GetName()))
					parameters, _, err := unstructured.NestedMap(other.Object, "spec", "forProvider")
					must(t, err)
					must(t, unstructured.SetNestedMap(o.Object, parameters, "spec", "forProvider"))
					meta.SetExternalName(o, external)
					policies(t, o, "Observe")
					s.make(t, o)
					until(t, s.plane, o, 15*time.Second, wants("True/Available", "True"))
					must(t, s.Delete(t.Context(), o))
					gone(t, s.plane, o, 15*time.Second)
					if got := k.look(t, s, u); got != before {
						t.Errorf("it has changed from %s to %s", before, got)
					}
				})
				t.Run("Imported", func(t *testing.T) {
					before := k.look(t, s, u)
					edit(t, s.plane, u, func(u *unstructured.Unstructured) {
						policies(t, u, "Observe", "Create", "Update", "LateInitialize")
					})
					must(t, s.Delete(t.Context(), u))
					gone(t, s.plane, u, 15*time.Second)
					// No garbage collector runs here.
					must(t, client.IgnoreNotFound(s.Delete(t.Context(), &corev1.Secret{ObjectMeta: s.meta(u.GetName() + "-conn")})))
					u = s.named(t, what, "used", "default")
					meta.SetExternalName(u, external)
					s.make(t, u)
					until(t, s.plane, u, 15*time.Second, wants("True/Available", "True"))
					if got := k.look(t, s, u); got != before {
						t.Errorf("it has changed from %s to %s", before, got)
					}
				})
			}
			t.Run("Changed", func(t *testing.T) {
				s.respec(t, u, k.changed)
				s.shows(t, what, u, "CHANGED")
				s.respec(t, u, k.spec)
				until(t, s.plane, u, 15*time.Second, func(u *unstructured.Unstructured) string {
					// A description that is no longer said stays, as all that a spec does not say.
					if strings.Contains(k.look(t, s, u), "CHANGED") && !strings.Contains(k.changed, "description") {
						return "it is still as it was"
					}
					return wants("True/Available", "True")(u)
				})
			})
			must(t, s.Delete(t.Context(), u))
			gone(t, s.plane, u, 15*time.Second)
			if left := k.look(t, s, u); k.stays && left != "" {
				t.Errorf("it is left behind: %s", left)
			}
		})
	}
}

// TestSecrets takes the Secrets of the configs away from a resource of every
// kind, and brings them back with other credentials.
func TestSecrets(t *testing.T) {
	t.Parallel()
	// No poll helps within the times below.
	s := start(t, planeOptions{poll: 10 * time.Minute}).stage(t)
	us := map[string]*unstructured.Unstructured{}
	for what := range kinds() {
		us[what] = s.named(t, what, "served", "default")
		s.make(t, us[what])
	}
	each := func(check func(u *unstructured.Unstructured) string) {
		t.Helper()
		for what, u := range us {
			t.Run(what, func(t *testing.T) { until(t, s.plane, u, 15*time.Second, check) })
		}
	}
	each(wants("True/Available", "True"))

	secrets := map[string]*corev1.Secret{}
	for _, name := range []string{"etcd-root", "nats-jwt"} {
		secrets[name] = &corev1.Secret{ObjectMeta: s.meta(name)}
		until(t, s.plane, secrets[name], 5*time.Second, func(*corev1.Secret) string { return "" })
		must(t, s.Delete(t.Context(), secrets[name]))
	}
	each(func(u *unstructured.Unstructured) string {
		_, m := conditionOf(u, "Ready")
		if !strings.Contains(m, "does not exist") || !strings.Contains(m, "secretRef") && !strings.Contains(m, "SecretRef") {
			return "the field and the Secret are not told: " + m
		}
		return wants("False/InvalidConfig", "False/ReconcileError")(u)
	})

	must(t, second(s.etcd.Connect(t, "", "").UserChangePassword(t.Context(), "root", "n3w-s3cr3t")))
	s.make(t,
		s.secret("etcd-root", map[string]string{"username": "root", "password": "n3w-s3cr3t"}),
		s.secret("nats-jwt", map[string]string{
			"app": s.nats.Keys.Creds(t, s.nats.Keys.App), "sys": s.nats.Keys.Creds(t, s.nats.Keys.System), "signing": s.nats.Keys.App.Seed,
		}))
	each(wants("True/Available", "True"))
}

// TestNamespaces has resources of the same names in two namespaces, with configs
// of the same name for different systems: neither disturbs the other.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{poll: time.Second, neighbour: true})
	stages := map[string]*stage{"ours": p.stage(t), "theirs": p.next().stage(t)}
	made := map[string]map[string]*unstructured.Unstructured{}
	for side, s := range stages {
		made[side] = map[string]*unstructured.Unstructured{}
		for what := range kinds() {
			u := s.named(t, what, "same", "default")
			s.make(t, u)
			made[side][what] = u
		}
	}
	for side, s := range stages {
		for what, u := range made[side] {
			until(t, s.plane, u, 15*time.Second, wants("True/Available", "True"))
			other := stages["theirs"]
			if side == "theirs" {
				other = stages["ours"]
			}
			if kinds()[what].stays && (kinds()[what].look(t, s, u) == "" || kinds()[what].look(t, other, u) != "") {
				t.Errorf("%s of %s is not in its own system, or in the other, too", what, side)
			}
		}
	}
	if n := p.setup.Etcd.Pool().Len() + p.setup.NATS.Pool().Len(); n != 4 {
		t.Errorf("%d clients for four systems", n)
	}

	stages["theirs"].etcd.Members[0].Kill()
	stages["theirs"].nats.Servers[0].Kill()
	for what, u := range made["theirs"] {
		if what != "nats/User" { // It needs no server.
			until(t, p, u, 20*time.Second, wants("False", ""))
		}
	}
	for what, u := range made["ours"] {
		if wrong := wants("True/Available", "True")(u); wrong != "" {
			t.Errorf("%s: %s", what, wrong)
		}
		must(t, p.Delete(t.Context(), u))
		gone(t, p, u, 15*time.Second)
	}
	stages["theirs"].etcd.StartAll(t)
	stages["theirs"].nats.StartAll(t)
	for _, u := range made["theirs"] {
		until(t, p, u, 30*time.Second, wants("True/Available", "True"))
	}
}

// TestForeignPrefix has a Role ask for the keys of another namespace, on a config
// that both share. The older Role keeps them, and nothing reaches etcd.
func TestForeignPrefix(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{poll: time.Second, neighbour: true})
	s := p.stage(t)
	theirs := p.next()
	shared := &v1alpha1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: p.namespace}, Spec: v1alpha1.ProviderConfigSpec{
		Endpoints:   s.etcd.URLs(),
		Credentials: &v1alpha1.Credentials{Basic: access.Basic{SecretRef: access.SecretReference{Name: "etcd-root", Namespace: &p.namespace}}},
	}}
	p.make(t, shared)
	t.Cleanup(func() {
		must(t, client.IgnoreNotFound(p.Delete(context.Background(), shared)))
	})
	role := func(p *plane, prefix string) *v1alpha1.Role {
		r := prefixRole(p, "r", prefix)
		r.Spec.ProviderConfigReference = &xpv2.ProviderConfigReference{Kind: v1alpha1.ClusterProviderConfigKind, Name: shared.Name}
		p.make(t, r)
		return r
	}
	first := role(p, "v1/instances/first/")
	until(t, p, first, 15*time.Second, roleReady)
	time.Sleep(1100 * time.Millisecond) // Ages are compared in seconds.
	for _, prefix := range []string{"v1/instances/first/", "v1/instances/first/backend/", "v1/instances/"} {
		t.Run(prefix, func(t *testing.T) {
			second := role(theirs, prefix)
			until(t, theirs, second, 15*time.Second, is[*v1alpha1.Role]("Synced=False"))
			want := "spec.forProvider.permissions[0]"
			if m := second.GetCondition(xpv2.TypeSynced).Message; !strings.Contains(m, want) || !strings.Contains(m, p.namespace+"/r") || !strings.Contains(m, "choose keys of your own") {
				t.Errorf("the field, the owner and the mend are not told: %s", m)
			}
			if _, err := s.root.RoleGet(t.Context(), theirs.namespace+".r"); err == nil {
				t.Error("there is such a role in etcd")
			}
			must(t, p.Delete(t.Context(), second))
			gone(t, theirs, second, 15*time.Second)
		})
	}
	until(t, p, first, 5*time.Second, roleReady)
	must(t, p.Delete(t.Context(), first))
	gone(t, p, first, 15*time.Second)
}
