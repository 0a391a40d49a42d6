package managed

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/event"
)

// A Bus tells the reconcilers of a technology that what a config leads to has
// changed.
type Bus struct {
	done chan struct{}
	once sync.Once

	mu   sync.Mutex
	subs []chan event.TypedGenericEvent[Config]
}

// NewBus returns a Bus without subscribers.
func NewBus() *Bus { return &Bus{done: make(chan struct{})} }

// Subscribe to the changes from now on.
func (b *Bus) Subscribe() chan event.TypedGenericEvent[Config] {
	b.mu.Lock()
	defer b.mu.Unlock()
	// The controller drains it into a queue without looking; the room is for
	// the moment before it does.
	c := make(chan event.TypedGenericEvent[Config], 64)
	b.subs = append(b.subs, c)
	return c
}

// Publish a change to every subscriber. It waits for those that are behind,
// unless the Bus is closed.
func (b *Bus) Publish(cs ...Config) {
	b.mu.Lock()
	subs := append([]chan event.TypedGenericEvent[Config]{}, b.subs...)
	b.mu.Unlock()
	for _, s := range subs {
		for _, c := range cs {
			select {
			case s <- event.TypedGenericEvent[Config]{Object: c}:
			case <-b.done:
				return
			}
		}
	}
}

// Close the Bus: nobody listens any more.
func (b *Bus) Close() { b.once.Do(func() { close(b.done) }) }
