package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// pollInterval is how often we look whether something is ready.
const pollInterval = 50 * time.Millisecond

// A supervisor runs all child processes. The first one that ends without being
// told to fails it.
type supervisor struct {
	logs    string
	spawner *spawner

	mu       sync.Mutex
	running  []*process
	stopping map[*process]bool
	closed   bool

	// failed is closed after err has been set.
	failed chan struct{}
	err    error
}

func newSupervisor(logs string) *supervisor {
	return &supervisor{
		logs:     logs,
		spawner:  newSpawner(),
		stopping: map[*process]bool{},
		failed:   make(chan struct{}),
	}
}

// start a process and watch it.
func (s *supervisor) start(c command) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.closed {
		return nil, errStopped
	}

	p, err := startProcess(s.spawner, filepath.Join(s.logs, c.name+".log"), c)
	if err != nil {
		return nil, err
	}

	s.running = append(s.running, p)

	go s.watch(p, c.onExit)

	return p, nil
}

func (s *supervisor) watch(p *process, onExit func(*process)) {
	<-p.done

	if told := s.forget(p); told {
		return
	}

	if onExit != nil {
		onExit(p)
		return
	}

	s.fail(p.crash())
}

// forget a process that ended, and return whether it had been told to end.
func (s *supervisor) forget(p *process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	told := s.stopping[p] || s.closed
	delete(s.stopping, p)
	s.running = slices.DeleteFunc(s.running, func(r *process) bool { return r == p })

	return told
}

func (s *supervisor) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.err != nil || s.closed {
		return
	}

	s.err = err
	close(s.failed)
}

// stop one process.
func (s *supervisor) stop(p *process) {
	s.mu.Lock()
	s.stopping[p] = true
	s.mu.Unlock()

	p.stop()
}

// kill one process, and wait for its end.
func (s *supervisor) kill(p *process) {
	s.mu.Lock()
	s.stopping[p] = true
	s.mu.Unlock()

	p.signal(syscall.SIGKILL)
	<-p.done
}

// run a process to its end.
func (s *supervisor) run(ctx context.Context, c command) error {
	exited := make(chan struct{})
	c.onExit = func(*process) { close(exited) }

	p, err := s.start(c)
	if err != nil {
		return err
	}

	select {
	case <-ctx.Done():
		s.stop(p)
		return fmt.Errorf("cannot wait for %s to end: %w", c.name, ctx.Err())
	case <-p.done:
	}

	if p.err != nil {
		return p.crash()
	}

	return nil
}

// wait until a check succeeds. It gives up when the context ends or a process
// dies, since then there is nothing to wait for.
func (s *supervisor) wait(ctx context.Context, what string, check func(context.Context) error) error {
	t := time.NewTicker(pollInterval)
	defer t.Stop()

	for {
		err := check(ctx)
		if err == nil {
			return nil
		}

		select {
		case <-s.failed:
			return fmt.Errorf("cannot wait for %s: %w", what, s.err)
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for %s: %w: %w", what, context.Cause(ctx), err)
		case <-t.C:
		}
	}
}

// close stops all processes, the latest first, and returns what had failed.
func (s *supervisor) close() error {
	s.mu.Lock()
	alreadyClosed := s.closed
	s.closed = true
	running := slices.Clone(s.running)
	s.mu.Unlock()

	if alreadyClosed {
		return s.err
	}

	for _, p := range slices.Backward(running) {
		p.stop()
	}

	s.spawner.close()

	return s.err
}

// pids of all running processes, by name.
func (s *supervisor) pids() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()

	out := map[string]int{}
	for _, p := range s.running {
		out[p.name] = p.cmd.Process.Pid
	}

	return out
}

// makeDirs below a directory that only this user may list, but through which a
// package's own user may pass to what belongs to it.
func makeDirs(root string, names ...string) error {
	for _, n := range names {
		if err := os.Mkdir(filepath.Join(root, n), 0o700); err != nil {
			return fmt.Errorf("cannot make state directory: %w", err)
		}
	}

	return nil
}
