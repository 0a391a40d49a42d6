package provider_test

import (
	"strings"
	"testing"
	"time"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// A kind under test, with a spec that can be Ready.
type kind struct {
	spec string
	// stays until its system is there: what it made would be left behind.
	stays bool
}

func kinds() map[string]kind {
	return map[string]kind{
		"etcd/Endpoint":    {spec: `{forProvider: {}}`},
		"etcd/Role":        {spec: `{forProvider: {permissions: [{type: Read, prefix: "$NAME/"}]}}`, stays: true},
		"etcd/User":        {spec: `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {roles: [everyone]}}`, stays: true},
		"nats/Endpoint":    {spec: `{forProvider: {}}`},
		"nats/Stream":      {spec: `{forProvider: {subjects: ["$NAME.>"]}}`, stays: true},
		"nats/KeyValue":    {spec: `{forProvider: {history: 2}}`, stays: true},
		"nats/ObjectStore": {spec: `{forProvider: {}}`, stays: true},
		"nats/User":        {spec: `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {permissions: {publish: {allow: ["$NAME.>"]}}}}`},
	}
}

// conditionOf an object as Type=Status/Reason, and its message.
func conditionOf(o *unstructured.Unstructured, ct string) (state, message string) {
	cs, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range cs {
		if m, ok := c.(map[string]any); ok && m["type"] == ct {
			status, _ := m["status"].(string)
			reason, _ := m["reason"].(string)
			message, _ = m["message"].(string)
			return status + "/" + reason, message
		}
	}
	return "", ""
}

// wants checks for the beginning of the state of conditions.
func wants(ready, synced string) func(o *unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		r, rm := conditionOf(o, "Ready")
		s, sm := conditionOf(o, "Synced")
		if !strings.HasPrefix(r, ready) || !strings.HasPrefix(s, synced) {
			return "want Ready=" + ready + ", Synced=" + synced + ", have " + r + ": " + rm + ", " + s + ": " + sm
		}
		return ""
	}
}

// TestEveryKind takes a resource of every kind through what all of them go
// through, whatever they are of: no config, a pause, a life, a lost system, and
// an end with and without that.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{poll: time.Second})
	etcd := etcdtest.Start(t, etcdtest.Options{Members: 1, RootPassword: "s3cr3t-root"})
	nats := natstest.Start(t, natstest.Options{Servers: 1, JWT: true})
	p.make(t, etcdConfig(p, etcd, "s3cr3t-root")...)
	p.make(t, natsConfig(t, p, nats)...)
	must(t, second(etcd.Connect(t, "", "").RoleAdd(t.Context(), "everyone")))
	p.make(t, p.secret("wrong", map[string]string{"username": "root", "password": "wr0ng"}),
		object(t, "etcd/ProviderConfig", p.namespace, "wrong", `{endpoints: ["`+etcd.URLs()[0]+`"], credentials: {basic: {secretRef: {name: wrong}}}}`),
		object(t, "nats/ProviderConfig", p.namespace, "wrong", `{servers: ["`+nats.URLs()[0]+`"], credentials: {basic: {secretRef: {name: wrong}}}}`))

	made := map[string]*unstructured.Unstructured{}
	named := func(t *testing.T, what, name, config string) *unstructured.Unstructured {
		t.Helper()
		name = strings.ToLower(strings.ReplaceAll(what, "/", "-")) + "-" + name
		u := object(t, what, p.namespace, name, strings.ReplaceAll(kinds()[what].spec, "$NAME", name))
		must(t, unstructured.SetNestedStringMap(u.Object, map[string]string{"kind": "ProviderConfig", "name": config}, "spec", "providerConfigRef"))
		return u
	}
	for what := range kinds() {
		t.Run(what, func(t *testing.T) {
			t.Run("NoConfig", func(t *testing.T) {
				u := named(t, what, "noconfig", "nowhere")
				p.make(t, u)
				until(t, p, u, 15*time.Second, wants("False/InvalidConfig", "False/ReconcileError"))
				if _, m := conditionOf(u, "Ready"); !strings.Contains(m, `ProviderConfig "nowhere" does not exist: create it`) {
					t.Errorf("the mend is not told: %s", m)
				}
				// Nothing was made, but only the system could tell: what has to
				// look first stays until the config is there.
				must(t, p.Delete(t.Context(), u))
				if !kinds()[what].stays {
					gone(t, p, u, 10*time.Second)
				}
			})
			t.Run("Paused", func(t *testing.T) {
				u := named(t, what, "paused", "default")
				meta.AddAnnotations(u, map[string]string{meta.AnnotationKeyReconciliationPaused: "true"})
				p.make(t, u)
				until(t, p, u, 15*time.Second, wants("", "False/ReconcilePaused"))
				edit(t, p, u, func(u *unstructured.Unstructured) {
					meta.RemoveAnnotations(u, meta.AnnotationKeyReconciliationPaused)
				})
				until(t, p, u, 15*time.Second, wants("True/Available", "True"))
				must(t, p.Delete(t.Context(), u))
				gone(t, p, u, 15*time.Second)
			})
			t.Run("Unauthenticated", func(t *testing.T) {
				if what == "nats/User" {
					t.Skip("it is minted without a server; see SigningKeyNotKnown of TestFaultyInput")
				}
				u := named(t, what, "refused", "wrong")
				p.make(t, u)
				until(t, p, u, 15*time.Second, func(u *unstructured.Unstructured) string {
					_, rm := conditionOf(u, "Ready")
					_, sm := conditionOf(u, "Synced")
					if m := rm + sm; !strings.Contains(m, "does not accept") {
						return "the refusal is not told: " + m
					}
					return wants("False", "")(u)
				})
			})
			u := named(t, what, "life", "default")
			p.make(t, u)
			until(t, p, u, 15*time.Second, wants("True/Available", "True"))
			made[what] = u
		})
	}

	etcd.Members[0].Kill()
	nats.Servers[0].Kill()
	for what, u := range made {
		t.Run("Lost/"+what, func(t *testing.T) {
			if what != "nats/User" { // It needs no server.
				until(t, p, u, 20*time.Second, wants("False", ""))
			}
			must(t, p.Delete(t.Context(), u))
			if !kinds()[what].stays {
				gone(t, p, u, 10*time.Second)
				return
			}
			until(t, p, u, 15*time.Second, wants("False", "False/ReconcileError"))
		})
	}
	etcd.StartAll(t)
	nats.StartAll(t)
	for what, u := range made {
		if kinds()[what].stays {
			gone(t, p, u, 60*time.Second)
		}
		if err := p.Get(t.Context(), client.ObjectKeyFromObject(u), u); !kerrors.IsNotFound(err) {
			t.Errorf("%s: want it gone: %v", what, err)
		}
	}
}
