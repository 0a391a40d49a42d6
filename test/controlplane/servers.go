package controlplane

import (
	"context"
	"fmt"
	"sync"
	"syscall"
)

// Servers of a system, each a process of its own that a test may break. One that
// ends by itself fails the control plane.
type Servers struct {
	super    *supervisor
	commands []command

	mu      sync.Mutex
	running []*process
	paused  []bool
}

func newServers(super *supervisor, commands []command) *Servers {
	return &Servers{
		super: super, commands: commands,
		running: make([]*process, len(commands)), paused: make([]bool, len(commands)),
	}
}

// startAll servers that do not run, and let those go on that are paused.
func (s *Servers) startAll() error {
	s.mu.Lock()
	defer s.mu.Unlock()

	for i, c := range s.commands {
		if s.paused[i] {
			s.running[i].signal(syscall.SIGCONT)
			s.paused[i] = false
		}

		if s.running[i] != nil {
			continue
		}

		p, err := s.super.start(c)
		if err != nil {
			return err
		}

		s.running[i] = p
	}

	return nil
}

// Len returns how many servers there are.
func (s *Servers) Len() int {
	return len(s.commands)
}

// Kill a server, as a machine that dies does. What it stored stays.
func (s *Servers) Kill(i int) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	p := s.running[i]
	if p == nil {
		return fmt.Errorf("%s does not run", s.commands[i].name)
	}

	s.super.kill(p)
	s.running[i], s.paused[i] = nil, false

	return nil
}

// Pause a server: connections to it stay, and nothing is answered, as by a
// machine that hangs or a network that drops everything.
func (s *Servers) Pause(i int) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.running[i] == nil {
		return fmt.Errorf("%s does not run", s.commands[i].name)
	}

	s.running[i].signal(syscall.SIGSTOP)
	s.paused[i] = true

	return nil
}

// reload makes the servers that run read their configuration again.
func (s *Servers) reload() {
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, p := range s.running {
		if p != nil {
			p.signal(syscall.SIGHUP)
		}
	}
}

// mend all servers, and wait until the system is whole.
func (s *Servers) mend(ctx context.Context, what string, whole func(context.Context) error) error {
	if err := s.startAll(); err != nil {
		return err
	}

	return s.super.wait(ctx, what, whole)
}
