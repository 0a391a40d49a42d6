package managed

import (
	"sync"
	"testing"
	"time"
)

type fakeSystem struct {
	mu     sync.Mutex
	closed int
}

func (f *fakeSystem) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

func (f *fakeSystem) closes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// closedSoon waits for the close that the pool does in the background.
func closedSoon(f *fakeSystem) bool {
	for range 100 {
		if f.closes() == 1 {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

func TestPool(t *testing.T) {
	a, b := Config{Kind: "ProviderConfig", Namespace: "a", Name: "x"}, Config{Kind: "ProviderConfig", Namespace: "b", Name: "x"}
	cases := map[string]struct {
		reason string
		// do something with a pool and return the systems that must be open and
		// those that must be closed.
		do func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem)
	}{
		"Shared": {
			reason: "Two configs of one digest share a client, and it outlives the first.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				s := acquire(p, a, "1")
				if other := acquire(p, b, "1"); other.System != s.System {
					return []*fakeSystem{nil}, nil
				}
				s.Release()
				p.Drop(a)
				return []*fakeSystem{s.System}, nil
			},
		},
		"Apart": {
			reason: "Two configs of one name do not evict each other.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				x, y := acquire(p, a, "1"), acquire(p, b, "2")
				x.Release()
				y.Release()
				return []*fakeSystem{x.System, y.System}, nil
			},
		},
		"RotatedWhileUsed": {
			reason: "A client that is replaced lives until the last one lets go of it.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				old := acquire(p, a, "1")
				return []*fakeSystem{old.System, acquire(p, a, "2").System}, nil
			},
		},
		"Rotated": {
			reason: "And not longer, however often it is let go of.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				old, next := acquire(p, a, "1"), acquire(p, a, "2")
				old.Release()
				old.Release()
				return []*fakeSystem{next.System}, []*fakeSystem{old.System}
			},
		},
		"Dropped": {
			reason: "A config that nobody uses has no client.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				s := acquire(p, a, "1")
				s.Release()
				p.Drop(a)
				p.Drop(a)
				return nil, []*fakeSystem{s.System}
			},
		},
		"Closed": {
			reason: "The end closes what is not used, and what is used when it is let go of.",
			do: func(p *Pool[*fakeSystem]) (open, closed []*fakeSystem) {
				x, y := acquire(p, a, "1"), acquire(p, b, "2")
				x.Release()
				p.Close()
				if _, ok := p.Acquire(a, "1", func() *fakeSystem { return &fakeSystem{} }); ok {
					return []*fakeSystem{nil}, nil
				}
				return []*fakeSystem{y.System}, []*fakeSystem{x.System}
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			open, closed := tc.do(NewPool[*fakeSystem]())
			for i, s := range closed {
				if !closedSoon(s) {
					t.Errorf("%s\nsystem %d is not closed, or more than once", tc.reason, i)
				}
			}
			for i, s := range open {
				if s == nil || s.closes() > 0 {
					t.Errorf("%s\nsystem %d is not open", tc.reason, i)
				}
			}
		})
	}
}

func acquire(p *Pool[*fakeSystem], c Config, digest string) *Lease[*fakeSystem] {
	l, _ := p.Acquire(c, digest, func() *fakeSystem { return &fakeSystem{} })
	return l
}
