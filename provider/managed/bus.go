package managed

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/event"
)

// A Phase of a change.
type Phase string

const (
	// Changed : what a system shows is not what it was.
	Changed Phase = "Changed"
	// Settling : it was not long ago, and what the system holds may still
	// follow.
	Settling Phase = "Settling"
)

// A Change of what a config leads to.
type Change struct {
	Config Config
	Phase  Phase
}

// A Bus tells the reconcilers of a technology that what a config leads to has
// changed.
type Bus struct {
	done chan struct{}
	once sync.Once

	mu   sync.Mutex
	subs []chan event.TypedGenericEvent[Change]
}

// NewBus returns a Bus without subscribers.
func NewBus() *Bus { return &Bus{done: make(chan struct{})} }

// Subscribe to the changes from now on.
func (b *Bus) Subscribe() chan event.TypedGenericEvent[Change] {
	b.mu.Lock()
	defer b.mu.Unlock()
	// The controller drains it into a queue without looking; the room is for
	// the moment before it does.
	c := make(chan event.TypedGenericEvent[Change], 64)
	b.subs = append(b.subs, c)
	return c
}

// Publish a change to every subscriber. It waits for those that are behind,
// unless the Bus is closed.
func (b *Bus) Publish(p Phase, cs ...Config) {
	b.mu.Lock()
	subs := append([]chan event.TypedGenericEvent[Change]{}, b.subs...)
	b.mu.Unlock()
	for _, s := range subs {
		for _, c := range cs {
			select {
			case s <- event.TypedGenericEvent[Change]{Object: Change{Config: c, Phase: p}}:
			case <-b.done:
				return
			}
		}
	}
}

// Close the Bus: nobody listens any more.
func (b *Bus) Close() { b.once.Do(func() { close(b.done) }) }
