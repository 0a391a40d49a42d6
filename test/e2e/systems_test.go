package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// lossTold is how soon a graph must tell that a system of its own cannot be used.
const lossTold = 20 * time.Second

// Two graphs share one etcd and one NATS, with users of their own, through all that may happen to them.
func TestSystems(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "examples", "systems", "isolated.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := tenant{graph: create(t, "tenant-a", string(b))}, tenant{graph: create(t, "tenant-b", string(b))}
	ours.ready()
	theirs.ready()

	t.Run("Environment", func(t *testing.T) { ours.environment(t) })
	t.Run("Keys", func(t *testing.T) { keysApart(t, ours, theirs) })
	t.Run("Subjects", func(t *testing.T) { subjectsApart(t, ours, theirs) })
	t.Run("Rotation", func(t *testing.T) { ours.rotation(t) })
	t.Run("EtcdLosesItsQuorum", func(t *testing.T) {
		ours.loses(t, "etcd", func() error { return errors.Join(e2e.cp.EtcdSystem().Kill(0), e2e.cp.EtcdSystem().Kill(1)) }, e2e.cp.EtcdSystem().Mend)
	})
	t.Run("NATSLosesItsServers", func(t *testing.T) {
		s := e2e.cp.NATSSystem()
		ours.loses(t, "nats", func() error { return errors.Join(s.Kill(0), s.Kill(1), s.Kill(2)) }, s.Mend)
	})
	t.Run("KeysGoWithTheirGraph", func(t *testing.T) { keysGo(t, ours, theirs) })
}

// A tenant is a graph with users of its own.
type tenant struct{ *graph }

// space is the tenant's Dynamo namespace.
func (x tenant) space() string {
	s, _, _ := unstructured.NestedString(x.get().Object, "status", "dynamoNamespace")
	return s
}

// secret that pods of the tenant get.
func (x tenant) secret(t *testing.T, name string) map[string][]byte {
	t.Helper()
	s, err := e2e.kube.CoreV1().Secrets(x.namespace).Get(t.Context(), x.name+"-"+name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Data
}

// etcd as the tenant.
func (x tenant) etcd(t *testing.T) *clientv3.Client {
	t.Helper()
	s := x.secret(t, "etcd-user")
	c, err := e2e.cp.EtcdSystem().Client(t.Context(), string(s["username"]), string(s["password"]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// nats as the tenant. What the servers refuse goes to the channel.
func (x tenant) nats(t *testing.T) (*nats.Conn, chan error) {
	t.Helper()
	refused := make(chan error, 100)
	c, err := nats.Connect(
		string(x.secret(t, "nats-user")["endpoints"]),
		nats.UserCredentialBytes(x.secret(t, "nats-user")["creds"]), nats.Secure(e2e.cp.NATSSystem().TLS()),
		nats.CustomInboxPrefix("_INBOX."+x.space()),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, refused
}

// environment checks that pods are told of systems by reference only, and that everything referred to is there.
func (x tenant) environment(t *testing.T) {
	want := map[string]string{
		"ETCD_ENDPOINTS": "isolated-etcd-user/endpoints", "ETCD_AUTH_USERNAME": "isolated-etcd-user/username",
		"ETCD_AUTH_PASSWORD": "isolated-etcd-user/password", "ETCD_AUTH_CA": "isolated-etcd-user/clusterCA",
		"NATS_SERVER":                "isolated-nats-user/endpoints",
		"NATS_AUTH_CREDENTIALS_FILE": "/etc/graphplane/nats/creds", "NATS_TLS_CA_CERT_PATH": "/etc/graphplane/nats/clusterCA",
		"DYN_EVENT_PLANE": "nats", "DYN_REQUEST_PLANE": "nats",
	}
	for _, p := range x.pods() {
		got := map[string]string{}
		for _, e := range p.Spec.Containers[0].Env {
			if e.Name == "DYN_DISCOVERY_BACKEND" {
				t.Errorf("%s: the runtime is told not to use etcd", p.GetName())
			}
			if _, ok := want[e.Name]; ok {
				got[e.Name] = e.Value + x.referred(t, p.GetName(), e)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", p.GetName(), diff)
		}
		for _, v := range p.Spec.Volumes {
			if v.Secret == nil {
				continue
			}
			data := x.secret(t, strings.TrimPrefix(v.Secret.SecretName, x.name+"-"))
			for _, i := range v.Secret.Items {
				if len(data[i.Key]) == 0 {
					t.Errorf("%s: the file %s is empty", p.GetName(), i.Path)
				}
			}
		}
	}
}

// referred is the key of a Secret that a variable gets its value from, which must be there.
func (x tenant) referred(t *testing.T, pod string, e corev1.EnvVar) string {
	t.Helper()
	if e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil {
		return ""
	}
	r := e.ValueFrom.SecretKeyRef
	if len(x.secret(t, strings.TrimPrefix(r.Name, x.name+"-"))[r.Key]) == 0 {
		t.Errorf("%s: %s is empty, which the runtime takes for a value", pod, e.Name)
	}
	return r.Name + "/" + r.Key
}

// rotation gives the provider other credentials and certificates. No look at the systems may fail meanwhile.
func (x tenant) rotation(t *testing.T) {
	x.usable(t)
	before := x.secret(t, "nats-user")["creds"]
	for what, rotate := range map[string]func() error{
		"etcd's password":     func() error { return e2e.cp.EtcdSystem().RotatePassword(t.Context()) },
		"etcd's certificates": func() error { return e2e.cp.EtcdSystem().RotateCertificates(t.Context()) },
		"NATS's credentials":  func() error { return e2e.cp.NATSSystem().RotateCreds(t.Context()) },
		"NATS's certificates": e2e.cp.NATSSystem().RotateCertificates,
	} {
		if err := rotate(); err != nil {
			t.Fatalf("cannot rotate %s: %v", what, err)
		}
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
		if s, r, m := x.condition(v1alpha1.ConditionEndpointsReady); s != "True" {
			t.Fatalf("a rotation is seen: %s %s %s", s, r, m)
		}
	}
	if !bytes.Equal(before, x.secret(t, "nats-user")["creds"]) {
		t.Error("the graph's own user changes with the provider's")
	}
}

// loses checks that a lost system is told in time, and touches no workload.
func (x tenant) loses(t *testing.T, name string, hurt func() error, mend func(context.Context) error) {
	x.ready()
	x.usable(t)
	pods, versions := x.uids(), x.generations()
	if err := hurt(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mend(context.Background()); err != nil {
			t.Error(err)
		}
	})
	begin := time.Now()
	_, message := x.isFalse(v1alpha1.ConditionEndpointsReady)
	if took := time.Since(begin); took > lossTold {
		t.Errorf("it took %s until the graph told, want at most %s", took, lossTold)
	}
	t.Logf("told after %s: %s", time.Since(begin).Round(100*time.Millisecond), message)
	if !strings.HasPrefix(message, name+": ") {
		t.Errorf("want a message about %s, got %q", name, message)
	}
	time.Sleep(5 * time.Second)
	if diff := cmp.Diff(pods, x.uids()); diff != "" {
		t.Errorf("pods changed (-before, +after):\n%s", diff)
	}
	if diff := cmp.Diff(versions, x.generations()); diff != "" {
		t.Errorf("workloads changed (-before, +after):\n%s", diff)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := mend(ctx); err != nil {
		t.Fatal(err)
	}
	x.ready()
}

// usable waits until the graph has said for three seconds that it can use its systems. What it told of one that was lost
// before may show once more: Crossplane writes the conditions that it read before it writes those that it found.
func (x tenant) usable(t *testing.T) {
	t.Helper()
	since := time.Now()
	eventually(t, "the graph can use its systems", func() (bool, string) {
		s, _, message := x.condition(v1alpha1.ConditionEndpointsReady)
		if s != "True" {
			since = time.Now()
		}
		return time.Since(since) > 3*time.Second, s + " " + message
	})
}

// generations of the workloads by component.
func (x tenant) generations() map[string]int64 {
	out := map[string]int64{}
	for c, d := range x.deployments() {
		out[c] = d.GetGeneration()
	}
	return out
}

// keysGo checks that a graph's keys, its user and its rights are deleted with it, and nobody else's.
func keysGo(t *testing.T, ours, theirs tenant) {
	space, user := ours.space(), ours.namespace+"."+ours.name+"-etcd"
	root, err := e2e.cp.EtcdSystem().Client(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	count := func(space string) int64 {
		n := int64(0)
		for _, bucket := range []string{"v1/instances/", "v1/mdc/", "v1/event_channels/"} {
			r, err := root.Get(t.Context(), bucket+space+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
			if err != nil {
				t.Fatal(err)
			}
			n += r.Count
		}
		return n
	}
	if count(space) == 0 || count(theirs.space()) == 0 {
		t.Fatal("there are no keys that could go")
	}
	ours.remove()
	eventually(t, "the graph's keys, user and role are gone", func() (bool, string) {
		users, err := root.UserList(t.Context())
		if err != nil {
			return false, err.Error()
		}
		roles, err := root.RoleList(t.Context())
		if err != nil {
			return false, err.Error()
		}
		n := count(space)
		return n == 0 && !slices.Contains(users.Users, user) && !slices.Contains(roles.Roles, user), fmt.Sprint(n, users.Users, roles.Roles)
	})
	if count(theirs.space()) == 0 {
		t.Error("another graph's keys went too")
	}
	if got := slices.Sorted(maps.Keys(theirs.deployments())); !slices.Equal(got, []string{"frontend", "worker"}) {
		t.Errorf("another graph has only %v", got)
	}
}
