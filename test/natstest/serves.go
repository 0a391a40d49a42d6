package natstest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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

// Serves tells whether a client that comes through the proxies, as any client
// does, finds a server that stores a message in the replicated stream within a
// time. It is for systems without TLS and JWTs.
func (s *System) Serves(within time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	served := make(chan bool, len(s.Servers))
	wg := sync.WaitGroup{}
	for _, v := range s.Servers {
		wg.Go(func() {
			if publish(ctx, v.Proxy.Addr(), within) == nil {
				served <- true
				cancel()
			}
		})
	}
	wg.Wait()
	return len(served) > 0
}

func publish(ctx context.Context, addr string, within time.Duration) error {
	c, err := nats.Connect("nats://"+addr, nats.UserInfo(AppUser, Password(AppUser)), nats.NoReconnect(), nats.Timeout(within))
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	_, err = js.Publish(ctx, "serves", nil)
	return err
}
