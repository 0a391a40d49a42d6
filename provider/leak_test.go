package provider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestNoSecretLeaks runs every kind well and badly, and then looks for every
// credential in all that people and machines may read.
func TestNoSecretLeaks(t *testing.T) {
	log := &recorder{}
	p := start(t, planeOptions{poll: 500 * time.Millisecond, log: logging.NewLogrLogger(funcr.New(log.write, funcr.Options{Verbosity: 10}))})
	etcd := etcdtest.Start(t, etcdtest.Options{Members: 1, TLS: true, RootPassword: "r00t-pa55word"})
	nats := natstest.Start(t, natstest.Options{Servers: 1, JWT: true})
	_, unknown := userKey(t)
	const default1 = `providerConfigRef: {kind: ProviderConfig, name: default}`
	objects := append(etcdConfig(p, etcd, "r00t-pa55word"), natsConfig(t, p, nats)...)
	objects = append(objects,
		p.secret("bad", map[string]string{"username": "root", "password": "wr0ng-pa55word", "tls.crt": "b4d-cert", "tls.key": "b4d-key"}),
		object(t, "etcd/ProviderConfig", p.namespace, "bad", `{endpoints: ["`+etcd.URLs()[0]+`"], tls: {insecureSkipVerify: true, certSecretRef: {name: etcd-tls}}, credentials: {basic: {secretRef: {name: bad}}}}`),
		object(t, "etcd/ProviderConfig", p.namespace, "worse", `{endpoints: ["`+etcd.URLs()[0]+`"], tls: {certSecretRef: {name: bad}}}`),
		object(t, "nats/ProviderConfig", p.namespace, "bad", `{servers: ["`+nats.URLs()[0]+`"], credentials: {nkeySecretRef: {name: bad, key: password}}}`),
		p.secret("refused", map[string]string{
			"username": "nobody", "password": "refu5ed-pa55word", "token": "refu5ed-t0ken", "nkey": unknown,
			"creds": nats.Keys.Creds(t, natstest.Start(t, natstest.Options{Servers: 1, JWT: true}).Keys.App), "chosen": "ch0sen-pa55word",
		}),
		object(t, "etcd/User", p.namespace, "chosen", `{`+default1+`, forProvider: {roles: [`+p.namespace+`.g], passwordSecretRef: {name: refused, key: chosen}}}`),
		etcdEndpoint(p), natsEndpoint(p), natsUser(p, "n"), prefixRole(p, "g", "v1/g/"), etcdUser(p, "g", p.namespace+".g"), etcdUser(p, "h", p.namespace+".g"),
		object(t, "etcd/Endpoint", p.namespace, "bad", `{providerConfigRef: {kind: ProviderConfig, name: bad}}`),
		object(t, "etcd/Endpoint", p.namespace, "worse", `{providerConfigRef: {kind: ProviderConfig, name: worse}}`),
		object(t, "nats/Endpoint", p.namespace, "bad", `{providerConfigRef: {kind: ProviderConfig, name: bad}}`),
		object(t, "nats/Stream", p.namespace, "s", `{`+default1+`, forProvider: {subjects: [s.a]}}`),
		object(t, "nats/KeyValue", p.namespace, "k", `{`+default1+`}`),
		object(t, "nats/ObjectStore", p.namespace, "o", `{`+default1+`}`),
	)
	refused := map[string]string{
		"basic": `{basic: {secretRef: {name: refused}}}`, "token": `{tokenSecretRef: {name: refused, key: token}}`,
		"nkey": `{nkeySecretRef: {name: refused, key: nkey}}`, "creds": `{credsSecretRef: {name: refused, key: creds}}`,
	}
	for name, c := range refused {
		objects = append(objects,
			object(t, "nats/ProviderConfig", p.namespace, name, `{servers: ["`+nats.URLs()[0]+`"], credentials: `+c+`}`),
			object(t, "nats/Endpoint", p.namespace, name, `{providerConfigRef: {kind: ProviderConfig, name: `+name+`}}`),
			object(t, "nats/Stream", p.namespace, name, `{providerConfigRef: {kind: ProviderConfig, name: `+name+`}, forProvider: {subjects: [s.b]}}`))
	}
	p.make(t, objects...)
	for name := range refused {
		until(t, p, &natsv1alpha1.Endpoint{ObjectMeta: p.meta(name)}, 15*time.Second, is[*natsv1alpha1.Endpoint]("Ready=False/Unauthenticated"))
		until(t, p, &natsv1alpha1.Stream{ObjectMeta: p.meta(name)}, 15*time.Second, is[*natsv1alpha1.Stream]("Synced=False"))
	}
	until(t, p, &etcdv1alpha1.User{ObjectMeta: p.meta("chosen")}, 30*time.Second, userReady)
	until(t, p, etcdEndpoint(p), 15*time.Second, etcdReady)
	until(t, p, natsEndpoint(p), 15*time.Second, natsReady)
	until(t, p, natsUser(p, "n"), 15*time.Second, natsUserOK)
	until(t, p, etcdUser(p, "g"), 30*time.Second, userReady)
	until(t, p, &etcdv1alpha1.Endpoint{ObjectMeta: p.meta("bad")}, 15*time.Second, is[*etcdv1alpha1.Endpoint]("Ready=False"))
	until(t, p, &natsv1alpha1.Endpoint{ObjectMeta: p.meta("bad")}, 15*time.Second, is[*natsv1alpha1.Endpoint]("Ready=False"))
	must(t, p.Delete(t.Context(), &etcdv1alpha1.User{ObjectMeta: p.meta("g")}))
	gone(t, p, &etcdv1alpha1.User{ObjectMeta: p.meta("g")}, 15*time.Second)

	seen := map[string]string{"log": log.String(), "metrics": metricsOf(t, p)}
	for _, l := range []client.ObjectList{
		&etcdv1alpha1.EndpointList{}, &etcdv1alpha1.RoleList{}, &etcdv1alpha1.UserList{}, &etcdv1alpha1.ProviderConfigList{},
		&natsv1alpha1.EndpointList{}, &natsv1alpha1.StreamList{}, &natsv1alpha1.UserList{}, &natsv1alpha1.ProviderConfigList{},
		&natsv1alpha1.KeyValueList{}, &natsv1alpha1.ObjectStoreList{}, &etcdv1alpha1.ProviderConfigUsageList{}, &natsv1alpha1.ProviderConfigUsageList{},
		&corev1.EventList{},
	} {
		must(t, p.List(t.Context(), l, client.InNamespace(p.namespace)))
		b, err := json.Marshal(l)
		must(t, err)
		if !strings.Contains(string(b), `"name":`) {
			t.Errorf("there is no %T to look into", l)
		}
		seen[fmt.Sprintf("%T", l)] = string(b)
	}
	for secret, where := range secretsIn(t, p) {
		for place, text := range seen {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", where, place)
			}
		}
	}
	if !strings.Contains(log.String(), "Reconciling") {
		t.Error("the log was not recorded")
	}
}

// secretsIn every Secret, by value and where it is from: whole values, each line
// of those that have many, and their base64.
func secretsIn(t *testing.T, p *plane) map[string]string {
	t.Helper()
	l := &corev1.SecretList{}
	must(t, p.List(t.Context(), l, client.InNamespace(p.namespace)))
	public := map[string]bool{
		"endpoint": true, "endpoints": true, "clusterCA": true, "clientCert": true, "ca.crt": true, "username": true, "serverName": true,
	}
	out := map[string]string{}
	for _, s := range l.Items {
		for k, v := range s.Data {
			if public[k] {
				continue
			}
			for line := range bytes.SplitSeq(v, []byte("\n")) {
				// Lines such as PEM headers are no secrets.
				if len(line) < 5 || bytes.Contains(line, []byte("---")) || bytes.Contains(line, []byte(" ")) || bytes.HasPrefix(line, []byte("***")) {
					continue
				}
				out[string(line)] = s.Name + "/" + k
				out[base64.StdEncoding.EncodeToString(line)] = s.Name + "/" + k
			}
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d secrets to look for", len(out))
	}
	return out
}

func metricsOf(t *testing.T, p *plane) string {
	t.Helper()
	r := prometheus.NewRegistry()
	must(t, r.Register(p.metrics))
	fs, err := r.Gather()
	must(t, err)
	// What the runtime counts is served beside ours.
	theirs, err := metrics.Registry.Gather()
	must(t, err)
	if len(fs) == 0 || len(theirs) == 0 {
		t.Error("there are no metrics to look into")
	}
	b, err := json.Marshal(append(fs, theirs...))
	must(t, err)
	return string(b)
}

// A recorder keeps what is logged.
type recorder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (r *recorder) write(prefix, args string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.b.WriteString(prefix + " " + args + "\n")
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}
