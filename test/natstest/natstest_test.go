package natstest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestSystem(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options Options
		fault   func(t *testing.T, s *System)
		serves  bool
	}{
		"Passwords":  {reason: "Three servers with passwords store.", serves: true},
		"TLSAndJWT":  {reason: "Three servers with TLS and JWTs store.", options: Options{TLS: true, JWT: true}, serves: true},
		"Single":     {reason: "A single server stores.", options: Options{Servers: 1}, serves: true},
		"OneKilled":  {reason: "Two of three are a majority.", fault: func(_ *testing.T, s *System) { s.Servers[0].Kill() }, serves: true},
		"TwoKilled":  {reason: "One of three is not.", fault: func(_ *testing.T, s *System) { s.Servers[0].Kill(); s.Servers[1].Kill() }},
		"TwoCut":     {reason: "Nor are three that cannot talk to each other.", fault: func(_ *testing.T, s *System) { s.Cut(0); s.Cut(1) }},
		"CutAndMend": {reason: "They are once they can.", fault: func(_ *testing.T, s *System) { s.Cut(0); s.Cut(1); time.Sleep(time.Second); s.Mend(0); s.Mend(1) }, serves: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := Start(t, tc.options)
			if tc.fault != nil {
				tc.fault(t, s)
			}
			js, err := jetstream.New(s.App(t))
			if err != nil {
				t.Fatal(err)
			}
			wait := 15 * time.Second
			if !tc.serves {
				wait = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			err = store(ctx, js, min(3, len(s.Servers)))
			if served := err == nil; served != tc.serves {
				t.Errorf("\n%s\nstore(...): served %t, want %t: %v", tc.reason, served, tc.serves, err)
			}
		})
	}
}

// store a message in a new stream, trying until ctx is done.
func store(ctx context.Context, js jetstream.JetStream, replicas int) error {
	for {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := js.CreateOrUpdateStream(once, jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, Replicas: replicas})
		if err == nil {
			_, err = js.Publish(once, "s.x", nil)
		}
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
