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
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
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

// keysApart tries every operation on another tenant's keys.
func keysApart(t *testing.T, ours, theirs tenant) {
	us, them := ours.etcd(t), theirs.etcd(t)
	for _, bucket := range []string{"v1/instances/", "v1/mdc/", "v1/event_channels/"} {
		key := bucket + theirs.space() + "/backend/generate/1"
		// As the runtime does: its keys go with the lease of their process.
		lease, err := them.Grant(t.Context(), 600)
		if err != nil {
			t.Fatalf("they cannot have a lease: %v", err)
		}
		if _, err := them.Put(t.Context(), key, "theirs", clientv3.WithLease(lease.ID)); err != nil {
			t.Fatalf("they cannot write their own key: %v", err)
		}
		own := bucket + ours.space() + "/backend/generate/1"
		if _, err := us.Put(t.Context(), own, "ours"); err != nil {
			t.Fatalf("we cannot write our own key: %v", err)
		}
		for what, do := range map[string]func() error{
			"read":              func() error { _, err := us.Get(t.Context(), key); return err },
			"read serializable": func() error { _, err := us.Get(t.Context(), key, clientv3.WithSerializable()); return err },
			"list":              func() error { _, err := us.Get(t.Context(), bucket, clientv3.WithPrefix()); return err },
			"count": func() error {
				_, err := us.Get(t.Context(), bucket, clientv3.WithPrefix(), clientv3.WithCountOnly())
				return err
			},
			"write":      func() error { _, err := us.Put(t.Context(), key, "ours"); return err },
			"write new":  func() error { _, err := us.Put(t.Context(), key+"2", "ours"); return err },
			"delete":     func() error { _, err := us.Delete(t.Context(), key); return err },
			"delete all": func() error { _, err := us.Delete(t.Context(), bucket, clientv3.WithPrefix()); return err },
			"compare": func() error {
				_, err := us.Txn(t.Context()).If(clientv3.Compare(clientv3.Value(key), "=", "theirs")).Then(clientv3.OpGet(own)).Commit()
				return err
			},
			"transact": func() error {
				_, err := us.Txn(t.Context()).Then(clientv3.OpPut(own, "x"), clientv3.OpPut(key, "ours")).Commit()
				return err
			},
			"watch":            func() error { return watched(t, us, key) },
			"watch all":        func() error { return watched(t, us, bucket, clientv3.WithPrefix()) },
			"revoke the lease": func() error { _, err := us.Revoke(t.Context(), lease.ID); return err },
			"list the lease's keys": func() error {
				_, err := us.TimeToLive(t.Context(), lease.ID, clientv3.WithAttachedKeys())
				return err
			},
			"use the lease": func() error { _, err := us.Put(t.Context(), own, "ours", clientv3.WithLease(lease.ID)); return err },
		} {
			if err := do(); !errors.Is(err, rpctypes.ErrPermissionDenied) && !strings.Contains(fmt.Sprint(err), "permission denied") {
				t.Errorf("%s of %s: want permission denied, got %v", what, key, err)
			}
		}
		if got, err := them.Get(t.Context(), key); err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "theirs" {
			t.Errorf("their key is no longer as they wrote it: %v, %v", got, err)
		}
	}
	for what, do := range map[string]func() error{
		"users": func() error { _, err := us.UserList(t.Context()); return err },
		"grant": func() error {
			_, err := us.UserGrantRole(t.Context(), ours.namespace+"."+ours.name+"-etcd", "root")
			return err
		},
	} {
		if err := do(); err == nil {
			t.Errorf("%s: a tenant may manage users", what)
		}
	}
}

// watched is why a watch ends, nil if it begins.
func watched(t *testing.T, c *clientv3.Client, key string, opts ...clientv3.OpOption) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		r := <-c.Watch(ctx, key, append(opts, clientv3.WithCreatedNotify())...)
		// A member may not have heard yet of a token that another one has given out, and a watch asks for no other.
		if !strings.Contains(fmt.Sprint(r.Err()), "invalid auth token") {
			return r.Err()
		}
	}
	return ctx.Err()
}

// subjectsApart tries every operation on another tenant's subjects, streams and buckets.
func subjectsApart(t *testing.T, ours, theirs tenant) {
	stream := "namespace-" + theirs.space() + "-component-backend-kv-events"
	bucket := "namespace-" + theirs.space() + "-component-backend-radix-bucket"
	provision(t, theirs, stream, bucket)
	them, theyAreRefused := theirs.nats(t)
	use(t, them, theirs.space(), stream)
	if err := them.FlushTimeout(5 * time.Second); err != nil || len(theyAreRefused) > 0 {
		t.Fatalf("they may not use what is theirs: %v, %d refused", err, len(theyAreRefused))
	}
	us, refused := ours.nats(t)
	received := 0
	publish := func(subject string) func() error { return func() error { return us.Publish(subject, []byte("ours")) } }
	subscribe := func(subject string) func() error {
		return func() error { _, err := us.Subscribe(subject, func(*nats.Msg) { received++ }); return err }
	}
	request := func(subject, body string) func() error {
		return func() error {
			_, err := us.Request(subject, []byte(body), 300*time.Millisecond)
			if err == nil {
				return errAnswered
			}
			return nil
		}
	}
	consumer := fmt.Sprintf(`{"stream_name":%q,"config":{"name":"c","ack_policy":"none","deliver_policy":"all"}}`, stream)
	copying := fmt.Sprintf(`{"name":"namespace-%[1]s-component-backend-kv-events","sources":[{"name":%[2]q}]}`, ours.space(), stream)
	for what, do := range map[string]func() error{
		"publish to events":      publish("namespace." + theirs.space() + ".component.backend.kv-events"),
		"publish to requests":    publish(theirs.space() + "_backend.generate-1"),
		"publish to their inbox": publish("_INBOX." + theirs.space() + ".x"),
		"subscribe to events":    subscribe("namespace." + theirs.space() + ".>"),
		"subscribe to requests":  subscribe(theirs.space() + "_backend.>"),
		"subscribe to inboxes":   subscribe("_INBOX.>"),
		"subscribe to all":       subscribe(">"),
		"answer on events": func() error {
			return answer(us, ours.space()+"_backend.x", "namespace."+theirs.space()+".component.backend.kv-events")
		},
		"write to a stream":     publish(stream + ".queue"),
		"read a stream's state": request("$JS.API.STREAM.INFO."+stream, ""),
		"read a message":        request("$JS.API.STREAM.MSG.GET."+stream, `{"seq":1}`),
		"read directly":         request("$JS.API.DIRECT.GET."+stream, `{"seq":1}`),
		"consume":               request("$JS.API.CONSUMER.CREATE."+stream+".c", consumer),
		"purge a stream":        request("$JS.API.STREAM.PURGE."+stream, ""),
		"delete a stream":       request("$JS.API.STREAM.DELETE."+stream, ""),
		"change a stream":       request("$JS.API.STREAM.UPDATE."+stream, fmt.Sprintf(`{"name":%q,"subjects":["x"]}`, stream)),
		"list streams":          request("$JS.API.STREAM.NAMES", ""),
		"copy a stream":         request("$JS.API.STREAM.CREATE.namespace-"+ours.space()+"-component-backend-kv-events", copying),
		"write to a bucket":     publish("$O." + bucket + ".M.bmFtZQ=="),
		"read a bucket":         request("$JS.API.DIRECT.GET.OBJ_"+bucket+".$O."+bucket+".M.bmFtZQ==", ""),
		"watch a bucket":        request("$JS.API.CONSUMER.CREATE.OBJ_"+bucket+".c", strings.ReplaceAll(consumer, stream, "OBJ_"+bucket)),
		"delete a bucket":       request("$JS.API.STREAM.DELETE.OBJ_"+bucket, ""),
		"read another bucket":   request("$JS.API.DIRECT.GET.KV_"+theirs.space()+".$KV."+theirs.space()+".k", ""),
		"write to a key":        publish("$KV." + theirs.space() + ".k"),
		"watch keys":            request("$JS.API.CONSUMER.CREATE.KV_"+theirs.space()+".c", strings.ReplaceAll(consumer, stream, "KV_"+theirs.space())),
		"delete a key":          request("$JS.API.STREAM.MSG.DELETE.KV_"+theirs.space(), `{"seq":1}`),
		"purge keys":            request("$JS.API.STREAM.PURGE.KV_"+theirs.space(), ""),
		"delete all keys":       request("$JS.API.STREAM.DELETE.KV_"+theirs.space(), ""),
		"list what streams are": request("$JS.API.STREAM.LIST", ""),
		"delete a message":      request("$JS.API.STREAM.MSG.DELETE."+stream, `{"seq":1}`),
		"take a message":        request("$JS.API.CONSUMER.MSG.NEXT."+stream+".worker-group", ""),
		"acknowledge":           publish("$JS.ACK." + stream + ".worker-group.1.1.1.1.0"),
		"list consumers":        request("$JS.API.CONSUMER.NAMES."+stream, ""),
		"read a consumer":       request("$JS.API.CONSUMER.INFO."+stream+".worker-group", ""),
		"delete a consumer":     request("$JS.API.CONSUMER.DELETE."+stream+".worker-group", ""),
		"copy out a stream":     request("$JS.API.STREAM.SNAPSHOT."+stream, `{"deliver_subject":"_INBOX.`+ours.space()+`.s"}`),
		"write over a stream":   request("$JS.API.STREAM.RESTORE."+stream, fmt.Sprintf(`{"config":{"name":%q}}`, stream)),
		"depose a leader":       request("$JS.API.STREAM.LEADER.STEPDOWN."+stream, ""),
	} {
		for len(refused) > 0 {
			<-refused
		}
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := us.FlushTimeout(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-refused:
			if !errors.Is(err, nats.ErrPermissionViolation) && !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
				t.Errorf("%s: want a permissions violation, got %v", what, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s is not refused", what)
		}
	}
	use(t, them, theirs.space(), stream)
	if received > 0 {
		t.Errorf("%d messages of theirs came to us", received)
	}
}

// answer asks oneself a question whose answer goes to a subject.
func answer(c *nats.Conn, question, subject string) error {
	s, err := c.SubscribeSync(question)
	if err != nil {
		return err
	}
	if err := c.PublishRequest(question, subject, nil); err != nil {
		return err
	}
	m, err := s.NextMsg(5 * time.Second)
	if err != nil {
		return err
	}
	return errors.Join(m.Respond([]byte("ours")), s.Unsubscribe())
}

var errAnswered = errors.New("it is answered")

// provision makes what a platform team would make for a tenant: a stream, and two buckets.
func provision(t *testing.T, x tenant, stream, bucket string) {
	t.Helper()
	creds, err := e2e.cp.NATSSystem().Creds("platform")
	if err != nil {
		t.Fatal(err)
	}
	c, err := nats.Connect(strings.Join(e2e.cp.NATSSystem().URLs(), ","), nats.UserCredentialBytes(creds), nats.Secure(e2e.cp.NATSSystem().TLS()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{stream + ".*"}, Replicas: 3, AllowDirect: true})
	if err != nil {
		t.Fatal(err)
	}
	o, err := js.CreateOrUpdateObjectStore(t.Context(), jetstream.ObjectStoreConfig{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutString(t.Context(), "name", "theirs"); err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: x.space()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString(t.Context(), "k", "theirs"); err != nil {
		t.Fatal(err)
	}
}

// use what is a tenant's own: events, requests and its stream.
func use(t *testing.T, c *nats.Conn, space, stream string) {
	t.Helper()
	for _, subject := range []string{"namespace." + space + ".component.backend.kv-events", space + "_backend.generate-1"} {
		s, err := c.SubscribeSync(subject)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Publish(subject, []byte("theirs")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.NextMsg(5 * time.Second); err != nil {
			t.Fatalf("%s does not work for its owner: %v", subject, err)
		}
		if err := s.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
	}
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Fatalf("the runtime asks whether there is JetStream when it starts: %v", err)
	}
	if _, err := js.Publish(t.Context(), stream+".queue", []byte("theirs")); err != nil {
		t.Fatalf("a stream does not work for its owner: %v", err)
	}
	consumer, err := js.CreateOrUpdateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: "worker-group"})
	if err != nil {
		t.Fatalf("a stream does not work for its owner: %v", err)
	}
	m, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatalf("a stream does not work for its owner: %v", err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Fatalf("a stream does not work for its owner: %v", err)
	}
}

// rotation gives the provider other credentials and certificates. No look at the systems may fail meanwhile.
func (x tenant) rotation(t *testing.T) {
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
