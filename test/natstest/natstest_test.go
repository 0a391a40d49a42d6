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
			js, err := jetstream.New(s.App(t))
			if err != nil {
				t.Fatal(err)
			}
			s.Replicated(t)
			if tc.fault != nil {
				tc.fault(t, s)
			}
			wait := 20 * time.Second
			if !tc.serves {
				wait = 2 * time.Second
			}
			err = store(t.Context(), js, wait)
			if served := err == nil; served != tc.serves {
				t.Errorf("\n%s\nstore(...): served %t, want %t: %v", tc.reason, served, tc.serves, err)
			}
		})
	}
}

// store a message, trying for a while.
func store(ctx context.Context, js jetstream.JetStream, within time.Duration) error {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := js.Publish(once, "serves", nil)
		cancel()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}
