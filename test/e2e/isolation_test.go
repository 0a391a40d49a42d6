package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

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
	// A server does not hear at once of a stream that another one leads: until then nobody there answers for it.
	eventually(t, "what the platform provides works", func() (bool, string) {
		err := errors.Join(stored(t.Context(), js, stream), bucketed(t.Context(), js, bucket, x.space()))
		return err == nil, fmt.Sprint(err)
	})
}

func stored(ctx context.Context, js jetstream.JetStream, stream string) error {
	_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: stream, Subjects: []string{stream + ".*"}, Replicas: 3, AllowDirect: true})
	return err
}

func bucketed(ctx context.Context, js jetstream.JetStream, objects, keys string) error {
	o, err := js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: objects})
	if err != nil {
		return err
	}
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: keys})
	if err != nil {
		return err
	}
	_, err = o.PutString(ctx, "name", "theirs")
	if err == nil {
		_, err = kv.PutString(ctx, "k", "theirs")
	}
	return err
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
