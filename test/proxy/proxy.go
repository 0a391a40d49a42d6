// Package proxy puts a TCP proxy in front of a real server, so that a test can
// cut it off, make it silent or make it slow without touching the server.
package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A Mode is how a Proxy treats its connections.
type Mode int

// Modes of a Proxy.
const (
	// Pass forwards everything.
	Pass Mode = iota
	// Refuse closes every connection, as a dead server's kernel does.
	Refuse
	// Silent accepts connections and forwards nothing, as a black hole or a
	// stopped process does. What was sent meanwhile arrives afterwards.
	Silent
)

// A Proxy forwards TCP connections to a target.
type Proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed *sync.Cond
	mode    Mode
	delay   time.Duration
	closed  bool
	diverts []func(net.Conn)
	conns   map[net.Conn]bool
	dials   int
	wg      sync.WaitGroup
}

// New listens on a loopback port and forwards to target.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.wg.Add(1)
	go p.accept()
	return p, nil
}

// Addr the proxy listens on, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Open connections of clients.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

// Dials counts the connections that were ever accepted.
func (p *Proxy) Dials() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dials
}

// Set the mode. Refuse also ends what is open.
func (p *Proxy) Set(m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
	if m == Refuse {
		p.drop()
	}
	p.changed.Broadcast()
}

// Divert one of the next connections, after those that are diverted already.
func (p *Proxy) Divert(to func(net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.diverts = append(p.diverts, to)
}

// Diverts counts the connections that are still to be diverted.
func (p *Proxy) Diverts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.diverts)
}

// Delay every chunk of bytes by d.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Close the proxy and its connections and wait for them.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.drop()
	p.changed.Broadcast()
	p.mu.Unlock()
	p.listener.Close() //nolint:errcheck // Nothing to be done.
	p.wg.Wait()
}

func (p *Proxy) drop() {
	for c := range p.conns {
		c.Close() //nolint:errcheck // Nothing to be done.
	}
}

func (p *Proxy) accept() {
	defer p.wg.Done()
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Add(1)
		go p.serve(c)
	}
}

func (p *Proxy) serve(c net.Conn) {
	defer p.wg.Done()
	defer c.Close() //nolint:errcheck // Nothing to be done.
	p.mu.Lock()
	p.dials++
	refuse := p.mode == Refuse || p.closed
	var divert func(net.Conn)
	if !refuse && len(p.diverts) > 0 {
		divert, p.diverts = p.diverts[0], p.diverts[1:]
	}
	p.mu.Unlock()
	if refuse {
		return
	}
	if divert != nil {
		divert(c)
		return
	}
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	if !p.track(c, s) {
		s.Close() //nolint:errcheck // Nothing to be done.
		return
	}
	defer p.forget(c, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.pump(s, c)
	}()
	p.pump(c, s)
	<-done
}

func (p *Proxy) track(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.mode == Refuse {
		return false
	}
	for _, c := range cs {
		p.conns[c] = true
	}
	return true
}

func (p *Proxy) forget(cs ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		delete(p.conns, c)
	}
}

// pump bytes until either side ends, then end both.
func (p *Proxy) pump(to, from net.Conn) {
	defer to.Close()   //nolint:errcheck // Nothing to be done.
	defer from.Close() //nolint:errcheck // Nothing to be done.
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if !p.wait() {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) || err != nil {
			// The end of a connection is not told through a black hole either.
			p.wait()
			return
		}
	}
}

// wait until bytes may pass; false when they never will.
func (p *Proxy) wait() bool {
	p.mu.Lock()
	d := p.delay
	p.mu.Unlock()
	time.Sleep(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == Silent && !p.closed {
		p.changed.Wait()
	}
	return p.mode == Pass && !p.closed
}
