package managed

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type number int

func (n number) Fingerprint() string { return strconv.Itoa(int(n)) }

func TestMonitorTellsChanges(t *testing.T) {
	var seen atomic.Int64
	changes := make(chan struct{}, 16)
	m := NewMonitor(5*time.Millisecond, func(context.Context) number { return number(seen.Load()) }, func(Phase) { changes <- struct{}{} })
	defer m.Close()
	<-changes // The first probe is news.
	select {
	case <-changes:
		t.Error("a probe that saw the same was told as a change")
	case <-time.After(50 * time.Millisecond):
	}
	seen.Store(1)
	select {
	case <-changes:
	case <-time.After(5 * time.Second):
		t.Error("a change was not told")
	}
}

func TestMonitorLatest(t *testing.T) {
	var probes atomic.Int64
	m := NewMonitor(time.Hour, func(context.Context) number { return number(probes.Add(1)) }, func(Phase) {})
	defer m.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	first, err := m.Latest(ctx, time.Time{})
	if err != nil || first < 1 {
		t.Fatalf("Latest(...): %d, %v, want a probe", first, err)
	}
	fresh, err := m.Latest(ctx, time.Now())
	if err != nil || fresh <= first {
		t.Errorf("Latest(...): %d, %v, want a new probe", fresh, err)
	}
	before := probes.Load()
	if again, _ := m.Latest(ctx, time.Now().Add(-time.Minute)); int64(again) > before {
		t.Errorf("Latest(...): %d, want a probe that is young enough", again)
	}
}

func TestMonitorClose(t *testing.T) {
	m := NewMonitor(time.Hour, func(ctx context.Context) number { <-ctx.Done(); return 0 }, func(Phase) { t.Error("an aborted probe was told") })
	done := make(chan error, 1)
	go func() {
		_, err := m.Latest(context.Background(), time.Now())
		done <- err
	}()
	m.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("Latest(...): no error after the monitor was closed")
		}
	case <-time.After(5 * time.Second):
		t.Error("Latest(...) waits for a closed monitor")
	}
}

// TestMonitorTell holds the times at which a change is told against those at
// which probes end.
func TestMonitorTell(t *testing.T) {
	type probe struct {
		at      time.Duration
		differs bool
	}
	type told struct {
		At    time.Duration
		Phase Phase
	}
	cases := map[string]struct {
		reason string
		args   []probe
		want   []told
	}{
		"First": {
			reason: "The first probe is news, and nothing settles after it.",
			args:   []probe{{0, true}, {4 * time.Second, false}, {8 * time.Second, false}},
			want:   []told{{0, Changed}},
		},
		"Echo": {
			reason: "A change is told again while it may go on, not with every probe, and not for ever.",
			args: []probe{
				{0, true},
				{time.Minute, true},
				{62 * time.Second, false},
				{64 * time.Second, false},
				{66 * time.Second, false},
				{89 * time.Second, false},
				{90 * time.Second, false},
				{99 * time.Second, false},
			},
			want: []told{{0, Changed}, {time.Minute, Changed}, {64 * time.Second, Settling}, {89 * time.Second, Settling}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var now time.Duration
			got := []told{}
			m := &Monitor[number]{changed: func(p Phase) { got = append(got, told{now, p}) }}
			begin := time.Now()
			for i, p := range tc.args {
				now = p.at
				m.tell(i == 0, p.differs, begin.Add(p.at))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\ntell(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
