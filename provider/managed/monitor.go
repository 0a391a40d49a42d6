package managed

import (
	"context"
	"sync"
	"time"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// A Snapshot is what one probe of a system saw.
type Snapshot interface {
	// Fingerprint of what matters to those who watch. It must not hold numbers
	// that move.
	Fingerprint() string
}

// A Monitor probes one system at an interval, however many resources ask about
// it, and tells when what it sees changes. So a lost quorum is seen within
// seconds although resources are polled once a minute.
type Monitor[S Snapshot] struct {
	probe    func(ctx context.Context) S
	interval time.Duration
	changed  func(p Phase)

	cancel context.CancelFunc
	kick   chan struct{}
	done   chan struct{}

	// differed is when a probe last saw something new, told when that was last
	// told, of either kind. Only run's goroutine uses them.
	differed, told time.Time

	mu    sync.Mutex
	last  S
	at    time.Time
	begun time.Time
	next  chan struct{}
}

// Times of a change that goes on.
const (
	// settled is how long after a change a system may still be busy with it:
	// what it holds elects leaders of its own, and may lose them ten seconds
	// after a server was lost.
	settled = 30 * time.Second
	// echo is how often such a change is told again meanwhile.
	echo = 4 * time.Second
)

// NewMonitor starts to probe at once. It calls changed, from its own goroutine,
// after each probe whose fingerprint differs from the one before, and again a
// few times while the system may still be settling.
func NewMonitor[S Snapshot](interval time.Duration, probe func(ctx context.Context) S, changed func(p Phase)) *Monitor[S] {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:gosec // Close cancels.
	m := &Monitor[S]{
		probe: probe, interval: interval, changed: changed,
		cancel: cancel, kick: make(chan struct{}, 1), done: make(chan struct{}), next: make(chan struct{}),
	}
	go m.run(ctx)
	return m
}

// Close the monitor and wait for its probe to end.
func (m *Monitor[S]) Close() {
	m.cancel()
	<-m.done
}

// Refresh asks for a probe now.
func (m *Monitor[S]) Refresh() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// Latest snapshot. It waits for a probe that has begun after a time, or until
// ctx is done.
func (m *Monitor[S]) Latest(ctx context.Context, after time.Time) (S, error) {
	for {
		m.mu.Lock()
		last, begun, next := m.last, m.begun, m.next
		have := !m.at.IsZero()
		m.mu.Unlock()
		if have && !begun.Before(after) {
			return last, nil
		}
		m.Refresh()
		select {
		case <-next:
		case <-m.done:
			return last, errors.New("the client is closed")
		case <-ctx.Done():
			return last, errors.New("no probe has ended in time")
		}
	}
}

func (m *Monitor[S]) run(ctx context.Context) {
	defer close(m.done)
	t := time.NewTicker(m.interval)
	defer t.Stop()
	for {
		m.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-m.kick:
		}
	}
}

func (m *Monitor[S]) once(ctx context.Context) {
	begun := time.Now()
	s := m.probe(ctx)
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	first := m.at.IsZero()
	differs := first || m.last.Fingerprint() != s.Fingerprint()
	m.last, m.begun, m.at = s, begun, time.Now()
	close(m.next)
	m.next = make(chan struct{})
	m.mu.Unlock()
	m.tell(first, differs, begun)
}

func (m *Monitor[S]) tell(first, differs bool, now time.Time) {
	if differs {
		m.told = now
		m.changed(Changed)
	}
	if differs && !first {
		m.differed = now
	}
	if now.Sub(m.differed) < settled && now.Sub(m.told) >= echo {
		m.told = now
		m.changed(Settling)
	}
}
