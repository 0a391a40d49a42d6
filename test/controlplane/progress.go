package controlplane

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// stillRunning is how often a long step says that it is still running.
const stillRunning = 20 * time.Second

// A progress writes one line per step, with the time since the beginning.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, start: time.Now()}
}

func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()

	// The log is for people. Failing to write it must not fail the work.
	_, _ = fmt.Fprintf(p.w, "[%6.1fs] %s\n", time.Since(p.start).Seconds(), fmt.Sprintf(format, args...))
}

// step runs f and says when it is done, and now and then that it is not.
func (p *progress) step(what string, f func() error) error {
	begin := time.Now()
	done := make(chan struct{})

	var wg sync.WaitGroup

	wg.Go(func() {
		t := time.NewTicker(stillRunning)
		defer t.Stop()

		for {
			select {
			case <-done:
				return
			case <-t.C:
				p.printf("%s: %s so far", what, time.Since(begin).Round(time.Second))
			}
		}
	})

	err := f()

	close(done)
	wg.Wait()

	if err != nil {
		return err
	}

	p.printf("%s: done in %s", what, time.Since(begin).Round(100*time.Millisecond))

	return nil
}
