package managed

import "sync"

// A System is a client of one external system.
type System interface {
	// Close ends every connection and goroutine of the client. Nobody uses the
	// client any more.
	Close()
}

// A Pool shares one client among all that resolve to the same settings, however
// many configs and resources they come from: connections are bounded by systems.
// A client is closed once no config resolves to it and nobody uses it.
type Pool[S System] struct {
	mu      sync.Mutex
	closed  bool
	bound   map[Config]string
	entries map[string]*entry[S]
}

type entry[S System] struct {
	system  S
	configs map[Config]bool
	leases  int
}

// NewPool returns an empty pool.
func NewPool[S System]() *Pool[S] {
	return &Pool[S]{bound: map[Config]string{}, entries: map[string]*entry[S]{}}
}

// A Lease is the right to use a client until it is released.
type Lease[S System] struct {
	// System to use.
	System S

	release func()
}

// Release the client. Further calls do nothing.
func (l *Lease[S]) Release() {
	if l != nil && l.release != nil {
		l.release()
	}
}

// Acquire the client of a config whose resolved settings have the given digest.
// The client is made by open, which must not block, unless there is one. It
// reports false once the pool is closed.
func (p *Pool[S]) Acquire(c Config, digest string, open func() S) (*Lease[S], bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false
	}
	e, ok := p.entries[digest]
	if !ok {
		e = &entry[S]{system: open(), configs: map[Config]bool{}}
		p.entries[digest] = e
	}
	if old, ok := p.bound[c]; ok && old != digest {
		delete(p.entries[old].configs, c)
		p.reap(old)
	}
	p.bound[c] = digest
	e.configs[c] = true
	e.leases++
	once := sync.Once{}
	return &Lease[S]{System: e.system, release: func() { once.Do(func() { p.release(digest) }) }}, true
}

// Configs that resolve to the digest.
func (p *Pool[S]) Configs(digest string) []Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.entries[digest]
	if !ok {
		return nil
	}
	out := make([]Config, 0, len(e.configs))
	for c := range e.configs {
		out = append(out, c)
	}
	return out
}

// Drop a config that nobody uses any more, or that cannot be resolved.
func (p *Pool[S]) Drop(c Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	digest, ok := p.bound[c]
	if !ok {
		return
	}
	delete(p.bound, c)
	delete(p.entries[digest].configs, c)
	p.reap(digest)
}

// Bound configs.
func (p *Pool[S]) Bound() []Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Config, 0, len(p.bound))
	for c := range p.bound {
		out = append(out, c)
	}
	return out
}

// Len is the number of open clients.
func (p *Pool[S]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

// Close every client, at once those that nobody uses and the others when they
// are released. Nothing can be acquired any more.
func (p *Pool[S]) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c, d := range p.bound {
		delete(p.bound, c)
		delete(p.entries[d].configs, c)
	}
	for d := range p.entries {
		p.reap(d)
	}
}

func (p *Pool[S]) release(digest string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries[digest].leases--
	p.reap(digest)
}

// reap the entry when nothing needs it. The caller holds the lock.
func (p *Pool[S]) reap(digest string) {
	e, ok := p.entries[digest]
	if !ok || e.leases > 0 || len(e.configs) > 0 {
		return
	}
	delete(p.entries, digest)
	// Closing waits for goroutines that may want this lock.
	go e.system.Close()
}
