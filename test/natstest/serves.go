package natstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// madePrefix begins the names of the streams that Makes makes.
const madePrefix = "made-"

// Replicated makes the stream that Serves writes to.
func (s *System) Replicated(t testing.TB) {
	t.Helper()
	js, err := jetstream.New(s.App(t))
	if err != nil {
		t.Fatalf("cannot use JetStream: %v", err)
	}
	c := jetstream.StreamConfig{Name: "SERVES", Subjects: []string{"serves"}, Replicas: len(s.Servers), MaxMsgs: 10}
	// A leader that was just elected does not know all its peers yet.
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, err := js.CreateStream(t.Context(), c)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("cannot make stream: %v", err)
		}
	}
}

// Makes tells whether a client that comes through the proxies, as any client
// does, finds a server through which it can make a stream within a time. That
// takes JetStream's leader and a majority of its servers, but no more: one
// stream may lack its own majority while the system is fine. So the stream is
// put on the server itself: the leader would put it on one that is gone, for as
// long as it takes that for alive and it has the most room. It is for systems
// without TLS and JWTs.
func (s *System) Makes(within time.Duration) bool {
	return s.any(within, func(ctx context.Context, js jetstream.JetStream) error {
		name := madePrefix + nuid.Next()
		c := jetstream.StreamConfig{
			Name: name, Subjects: []string{name}, Storage: jetstream.MemoryStorage, Replicas: 1,
			Placement: &jetstream.Placement{Tags: []string{js.Conn().ConnectedServerName()}},
		}
		if _, err := js.CreateStream(ctx, c); err != nil {
			return err
		}
		// That another server was faster is no reason to leave it behind.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		_ = js.DeleteStream(ctx, name)
		return nil
	})
}

// Serves tells whether a client that comes through the proxies, as any client
// does, finds a server that stores a message in the replicated stream within a
// time. It is for systems without TLS and JWTs.
func (s *System) Serves(within time.Duration) bool {
	return s.any(within, func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.Publish(ctx, "serves", nil)
		return err
	})
}

// any tells whether something can be done through any of the servers.
func (s *System) any(within time.Duration, do func(ctx context.Context, js jetstream.JetStream) error) bool {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	served := make(chan bool, len(s.Servers))
	wg := sync.WaitGroup{}
	for _, v := range s.Servers {
		wg.Go(func() {
			if through(ctx, v.Proxy.Addr(), within, do) == nil {
				served <- true
				cancel()
			}
		})
	}
	wg.Wait()
	return len(served) > 0
}

func through(ctx context.Context, addr string, within time.Duration, do func(ctx context.Context, js jetstream.JetStream) error) error {
	c, err := nats.Connect("nats://"+addr, nats.UserInfo(AppUser, Password(AppUser)), nats.NoReconnect(), nats.Timeout(within))
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	return do(ctx, js)
}

// MendAll faults of every server, and wait until all serve.
func (s *System) MendAll(t testing.TB) {
	t.Helper()
	for i := range s.Servers {
		s.Mend(i)
	}
	s.StartAll(t)
	s.tidy()
}

// tidy away the streams that Makes has left behind where it did not see the end
// of what it asked for. Their number would slow the servers down.
func (s *System) tidy() {
	s.any(5*time.Second, func(ctx context.Context, js jetstream.JetStream) error {
		l := js.StreamNames(ctx)
		for name := range l.Name() {
			if strings.HasPrefix(name, madePrefix) {
				_ = js.DeleteStream(ctx, name)
			}
		}
		return l.Err()
	})
}

// Describe what each server believes, for the message of a test that fails.
func (s *System) Describe() string {
	var out strings.Builder
	for _, v := range s.Servers {
		r := v.Server()
		if r == nil {
			out.WriteString(v.Name + ": does not run\n")
			continue
		}
		j, err := r.Jsz(&server.JSzOptions{Accounts: true, Streams: true, RaftGroups: true})
		fmt.Fprintf(&out, "%s: %d routes, meta leader %t, %v\n", v.Name, r.NumRoutes(), r.JetStreamIsLeader(), err)
		if err != nil {
			continue
		}
		if j.Meta != nil {
			fmt.Fprintf(&out, "  meta: leader %q\n", j.Meta.Leader)
			for _, p := range j.Meta.Replicas {
				describe(&out, p)
			}
		}
		for _, a := range j.AccountDetails {
			for _, d := range a.Streams {
				if d.Cluster != nil {
					fmt.Fprintf(&out, "  stream %s: leader %q, last %d\n", d.Name, d.Cluster.Leader, d.State.LastSeq)
					for _, p := range d.Cluster.Replicas {
						describe(&out, p)
					}
				}
			}
		}
	}
	return out.String()
}

func describe(out *strings.Builder, p *server.PeerInfo) {
	fmt.Fprintf(out, "    %s: current %t, offline %t, active %s, lag %d\n", p.Name, p.Current, p.Offline, p.Active, p.Lag)
}
