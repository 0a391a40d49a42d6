package managed

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

type number int

func (n number) Fingerprint() string { return strconv.Itoa(int(n)) }

func TestMonitorTellsChanges(t *testing.T) {
	var seen atomic.Int64
	changes := make(chan struct{}, 16)
	m := NewMonitor(5*time.Millisecond, func(context.Context) number { return number(seen.Load()) }, func() { changes <- struct{}{} })
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
	m := NewMonitor(time.Hour, func(context.Context) number { return number(probes.Add(1)) }, func() {})
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
	m := NewMonitor(time.Hour, func(ctx context.Context) number { <-ctx.Done(); return 0 }, func() { t.Error("an aborted probe was told") })
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
