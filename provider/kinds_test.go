package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go/jetstream"
	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
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
	// changed spec, with CHANGED in what it leads to.
	changed string
	// look at what the resource manages; empty if that is not there.
	look func(t *testing.T, s *stage, u *unstructured.Unstructured) string
	// stays until its system is there: what it made would be left behind.
	stays bool
}

func kinds() map[string]kind {
	return map[string]kind{
		"etcd/Endpoint": {
			spec:    `{forProvider: {}}`,
			changed: `{forProvider: {minVersion: "99.0"}}`, look: lookAtMessage,
		},
		"etcd/Role": {
			spec:    `{forProvider: {permissions: [{type: Read, prefix: "$NAME/"}]}}`,
			changed: `{forProvider: {permissions: [{type: Write, prefix: "CHANGED/"}]}}`, look: lookAtRole, stays: true,
		},
		"etcd/User": {
			spec:    `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {roles: [everyone]}}`,
			changed: `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {roles: [CHANGED]}}`, look: lookAtUser, stays: true,
		},
		"nats/Endpoint": {
			spec:    `{forProvider: {}}`,
			changed: `{forProvider: {minVersion: "99.0"}}`, look: lookAtMessage,
		},
		"nats/Stream": {
			spec:    `{forProvider: {subjects: ["$NAME.>"]}}`,
			changed: `{forProvider: {subjects: ["$NAME.>", "CHANGED"]}}`, look: lookAtStream(""), stays: true,
		},
		"nats/KeyValue": {
			spec:    `{forProvider: {history: 2}}`,
			changed: `{forProvider: {history: 2, description: CHANGED}}`, look: lookAtStream("KV_"), stays: true,
		},
		"nats/ObjectStore": {
			spec:    `{forProvider: {}}`,
			changed: `{forProvider: {description: CHANGED}}`, look: lookAtStream("OBJ_"), stays: true,
		},
		"nats/User": {
			spec:    `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {permissions: {publish: {allow: ["$NAME.>"]}}}}`,
			changed: `{writeConnectionSecretToRef: {name: "$NAME-conn"}, forProvider: {permissions: {publish: {allow: [CHANGED]}}}}`, look: lookAtJWT,
		},
	}
}

// A stage is a plane with a system of each technology, which its configs
// "default" are for.
type stage struct {
	*plane

	etcd *etcdtest.Cluster
	root *clientv3.Client
	nats *natstest.System
	js   jetstream.JetStream
}

func (p *plane) stage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		plane: p,
		etcd:  etcdtest.Start(t, etcdtest.Options{Members: 1, RootPassword: "s3cr3t-root", Token: p.namespace}),
		nats:  natstest.Start(t, natstest.Options{Servers: 1, JWT: true}),
	}
	p.make(t, etcdConfig(p, s.etcd, "s3cr3t-root")...)
	p.make(t, natsConfig(t, p, s.nats)...)
	var err error
	s.js, err = jetstream.New(s.nats.App(t))
	must(t, err)
	s.root = s.etcd.Connect(t, "", "")
	for _, r := range []string{"everyone", "CHANGED"} {
		must(t, second(s.root.RoleAdd(t.Context(), r)))
	}
	return s
}

// named resource of a kind that uses a config.
func (s *stage) named(t *testing.T, what, name, config string) *unstructured.Unstructured {
	t.Helper()
	name = strings.ToLower(strings.ReplaceAll(what, "/", "-")) + "-" + name
	u := object(t, what, s.namespace, name, strings.ReplaceAll(kinds()[what].spec, "$NAME", name))
	must(t, unstructured.SetNestedStringMap(u.Object, map[string]string{"kind": "ProviderConfig", "name": config}, "spec", "providerConfigRef"))
	return u
}

func lookAtMessage(_ *testing.T, _ *stage, u *unstructured.Unstructured) string {
	_, m := conditionOf(u, "Ready")
	return strings.ReplaceAll(m, "older than minVersion", "CHANGED")
}

func lookAtRole(t *testing.T, s *stage, u *unstructured.Unstructured) string {
	t.Helper()
	rsp, err := s.root.RoleGet(t.Context(), meta.GetExternalName(u))
	if err != nil {
		return ""
	}
	return "role with " + fmt.Sprint(rsp.Perm)
}

func lookAtUser(t *testing.T, s *stage, u *unstructured.Unstructured) string {
	t.Helper()
	rsp, err := s.root.UserGet(t.Context(), meta.GetExternalName(u))
	if err != nil {
		return ""
	}
	return "user with " + fmt.Sprint(rsp.Roles)
}

func lookAtStream(prefix string) func(t *testing.T, s *stage, u *unstructured.Unstructured) string {
	return func(t *testing.T, s *stage, u *unstructured.Unstructured) string {
		t.Helper()
		st, err := s.js.Stream(t.Context(), prefix+meta.GetExternalName(u))
		if err != nil {
			return ""
		}
		return fmt.Sprintf("stream of %s with %v", st.CachedInfo().Created, st.CachedInfo().Config)
	}
}

func lookAtJWT(t *testing.T, s *stage, u *unstructured.Unstructured) string {
	t.Helper()
	conn := &corev1.Secret{ObjectMeta: s.meta(u.GetName() + "-conn")}
	if s.Get(t.Context(), client.ObjectKeyFromObject(conn), conn) != nil {
		return ""
	}
	c, err := jwt.DecodeUserClaims(string(conn.Data["jwt"]))
	if err != nil {
		return ""
	}
	return "user with " + fmt.Sprint(c.Permissions)
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
	p := start(t, planeOptions{poll: time.Second}).stage(t)
	etcd, nats, named := p.etcd, p.nats, p.named
	p.make(t, p.secret("wrong", map[string]string{"username": "root", "password": "wr0ng"}),
		object(t, "etcd/ProviderConfig", p.namespace, "wrong", `{endpoints: ["`+etcd.URLs()[0]+`"], credentials: {basic: {secretRef: {name: wrong}}}}`),
		object(t, "nats/ProviderConfig", p.namespace, "wrong", `{servers: ["`+nats.URLs()[0]+`"], credentials: {basic: {secretRef: {name: wrong}}}}`))

	made := map[string]*unstructured.Unstructured{}
	for what := range kinds() {
		t.Run(what, func(t *testing.T) {
			t.Run("NoConfig", func(t *testing.T) {
				u := named(t, what, "noconfig", "nowhere")
				p.make(t, u)
				until(t, p.plane, u, 15*time.Second, wants("False/InvalidConfig", "False/ReconcileError"))
				if _, m := conditionOf(u, "Ready"); !strings.Contains(m, `ProviderConfig "nowhere" does not exist: create it`) {
					t.Errorf("the mend is not told: %s", m)
				}
				// Nothing was made, but only the system could tell: what has to
				// look first stays until the config is there.
				must(t, p.Delete(t.Context(), u))
				if !kinds()[what].stays {
					gone(t, p.plane, u, 10*time.Second)
				}
			})
			t.Run("Paused", func(t *testing.T) {
				u := named(t, what, "paused", "default")
				meta.AddAnnotations(u, map[string]string{meta.AnnotationKeyReconciliationPaused: "true"})
				p.make(t, u)
				until(t, p.plane, u, 15*time.Second, wants("", "False/ReconcilePaused"))
				edit(t, p.plane, u, func(u *unstructured.Unstructured) {
					meta.RemoveAnnotations(u, meta.AnnotationKeyReconciliationPaused)
				})
				until(t, p.plane, u, 15*time.Second, wants("True/Available", "True"))
				must(t, p.Delete(t.Context(), u))
				gone(t, p.plane, u, 15*time.Second)
			})
			t.Run("Unauthenticated", func(t *testing.T) {
				if what == "nats/User" {
					t.Skip("it is minted without a server; see SigningKeyNotKnown of TestFaultyInput")
				}
				u := named(t, what, "refused", "wrong")
				p.make(t, u)
				until(t, p.plane, u, 15*time.Second, func(u *unstructured.Unstructured) string {
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
			until(t, p.plane, u, 15*time.Second, wants("True/Available", "True"))
			made[what] = u
		})
	}

	etcd.Members[0].Kill()
	nats.Servers[0].Kill()
	for what, u := range made {
		t.Run("Lost/"+what, func(t *testing.T) {
			if what != "nats/User" { // It needs no server.
				until(t, p.plane, u, 20*time.Second, wants("False", ""))
			}
			must(t, p.Delete(t.Context(), u))
			if !kinds()[what].stays {
				gone(t, p.plane, u, 10*time.Second)
				return
			}
			until(t, p.plane, u, 15*time.Second, wants("False", "False/ReconcileError"))
		})
	}
	etcd.StartAll(t)
	nats.StartAll(t)
	for what, u := range made {
		if kinds()[what].stays {
			gone(t, p.plane, u, 60*time.Second)
		}
		if err := p.Get(t.Context(), client.ObjectKeyFromObject(u), u); !kerrors.IsNotFound(err) {
			t.Errorf("%s: want it gone: %v", what, err)
		}
	}
}
