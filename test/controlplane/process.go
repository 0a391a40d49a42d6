package controlplane

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const (
	// tailLines of a log are shown when its process dies.
	tailLines = 30

	// tailBytes bounds what is read of a log for that.
	tailBytes = 64 << 10

	// gracePeriod is how long a process may take to stop by itself.
	gracePeriod = 5 * time.Second
)

// A command is a child process to start.
type command struct {
	name string
	path string
	args []string

	// env is the whole environment: nothing of ours is handed on, so that a
	// proxy or a KUBECONFIG of the user has no effect.
	env []string

	// credential is the user to run as. Ours if nil.
	credential *syscall.Credential

	// onExit is called when the process ended without being told to. If it is
	// nil, such an end fails the whole control plane.
	onExit func(*process)
}

// A process is a running child.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd

	// done is closed after err has been set.
	done chan struct{}
	err  error
}

func startProcess(sp *spawner, logPath string, c command) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open log of %s: %w", c.name, err)
	}
	defer log.Close() //nolint:errcheck // The child has a descriptor of its own.

	cmd := exec.Command(c.path, c.args...)
	cmd.Env = append([]string{}, c.env...) // Of nil it would be ours.
	cmd.Dir = "/"
	cmd.Stdout = log
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// Ctrl-C in a terminal goes to the whole process group. Only the
		// supervisor should get it, to stop its children in order.
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
		Credential: c.credential,
	}

	if err := sp.start(cmd); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", c.name, err)
	}

	p := &process{name: c.name, log: logPath, cmd: cmd, done: make(chan struct{})}

	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()

	return p, nil
}

// alive returns whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// stop asks the process to end, and ends it if it does not.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	// One that is paused takes the signal when it goes on.
	p.signal(syscall.SIGCONT)

	select {
	case <-p.done:
		return
	case <-time.After(gracePeriod):
	}

	p.signal(syscall.SIGKILL)
	<-p.done
}

func (p *process) signal(s os.Signal) {
	// The only error is that the process has ended.
	_ = p.cmd.Process.Signal(s)
}

// crash describes the end of a process that should have gone on.
func (p *process) crash() error {
	how := "exited"
	if p.err != nil {
		how = p.err.Error()
	}

	return fmt.Errorf("%s ended unexpectedly (%s); the end of %s:\n%s", p.name, how, p.log, tail(p.log))
}

// tail returns the last lines of a file.
func tail(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return []byte(err.Error())
	}
	defer f.Close() //nolint:errcheck // Opened for reading.

	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return []byte(err.Error())
	}

	buf := make([]byte, min(end, tailBytes))
	if _, err := f.ReadAt(buf, end-int64(len(buf))); err != nil {
		return []byte(err.Error())
	}

	return lastLines(buf, tailLines)
}

func lastLines(b []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimRight(b, "\n"), []byte("\n"))

	return bytes.Join(lines[max(0, len(lines)-n):], []byte("\n"))
}

// A spawner starts processes from one OS thread. The kernel sends a child the
// signal named Pdeathsig when the thread that forked it ends, and Go ends idle
// threads, so that thread must live as long as we do.
type spawner struct {
	requests chan spawn
}

type spawn struct {
	cmd *exec.Cmd
	err chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawn)}

	go func() {
		runtime.LockOSThread()

		for r := range s.requests {
			r.err <- r.cmd.Start()
		}
	}()

	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	r := spawn{cmd: cmd, err: make(chan error, 1)}
	s.requests <- r

	return <-r.err
}

// close ends the thread, and with it any child still alive.
func (s *spawner) close() {
	close(s.requests)
}

var errStopped = errors.New("the control plane has been stopped")
