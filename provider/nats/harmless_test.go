package nats

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestHarmless(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	have := func() *jetstream.StreamInfo {
		return &jetstream.StreamInfo{
			Config: jetstream.StreamConfig{MaxMsgs: -1, MaxBytes: 1000, MaxMsgsPerSubject: -1, MaxConsumers: -1, DenyDelete: true},
			State:  jetstream.StreamState{Msgs: 10, Bytes: 500, NumSubjects: 10, FirstTime: now.Add(-time.Hour)}, TimeStamp: now,
		}
	}
	cases := map[string]struct {
		reason string
		change func(c *jetstream.StreamConfig)
		shrink bool
		harm   bool
	}{
		"Nothing":       {reason: "No change, no harm.", change: func(*jetstream.StreamConfig) {}},
		"Storage":       {reason: "NATS cannot.", change: func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }, shrink: true, harm: true},
		"Retention":     {reason: "NATS may, but messages go.", change: func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy }, shrink: true, harm: true},
		"DenyDelete":    {reason: "It was a promise.", change: func(c *jetstream.StreamConfig) { c.DenyDelete = false }, shrink: true, harm: true},
		"MaxMessages":   {reason: "Nine of ten.", change: func(c *jetstream.StreamConfig) { c.MaxMsgs = 9 }, harm: true},
		"MaxMessagesOK": {reason: "There is room for ten.", change: func(c *jetstream.StreamConfig) { c.MaxMsgs = 10 }},
		"Allowed":       {reason: "It was asked for.", change: func(c *jetstream.StreamConfig) { c.MaxMsgs = 9 }, shrink: true},
		"MaxBytes":      {reason: "499 of 500.", change: func(c *jetstream.StreamConfig) { c.MaxBytes = 499 }, harm: true},
		"MaxBytesOK":    {reason: "Lower, but enough.", change: func(c *jetstream.StreamConfig) { c.MaxBytes = 600 }},
		"MaxAge":        {reason: "The first is an hour old.", change: func(c *jetstream.StreamConfig) { c.MaxAge = time.Minute }, harm: true},
		"MaxAgeOK":      {reason: "It may live for two.", change: func(c *jetstream.StreamConfig) { c.MaxAge = 2 * time.Hour }},
		"PerSubjectOK":  {reason: "Ten subjects hold one each.", change: func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 }},
		"Unlimited":     {reason: "More never hurts.", change: func(c *jetstream.StreamConfig) { c.MaxBytes = -1 }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			i := have()
			want := i.Config
			tc.change(&want)
			if err := harmless(i, want, tc.shrink); (err != nil) != tc.harm {
				t.Errorf("\n%s\nharmless(...): harm %t, want %t: %v", tc.reason, err != nil, tc.harm, err)
			}
		})
	}
}
