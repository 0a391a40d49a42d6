package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childOfSupervisor makes the test binary play a supervisor that is killed.
const childOfSupervisor = "GRAPHPLANE_TEST_SUPERVISOR"

func TestMain(m *testing.M) {
	if os.Getenv(childOfSupervisor) != "" {
		superviseForever()
	}

	os.Exit(m.Run())
}

// superviseForever starts a process, prints its ID and never returns.
func superviseForever() {
	s := newSupervisor(os.Getenv(childOfSupervisor))

	p, err := s.start(sh("sleeper", "exec sleep 600"))
	if err != nil {
		panic(err)
	}

	fmt.Println(p.cmd.Process.Pid)
	select {}
}

func sh(name, script string) command {
	return command{name: name, path: "/bin/sh", args: []string{"-c", script}, env: os.Environ()}
}

// alive returns whether a process exists and is not a zombie.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}

	_, after, _ := strings.Cut(string(b), ") ")

	return !strings.HasPrefix(after, "Z")
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()

	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if check() {
			return
		}
	}

	t.Fatalf("not in 30s: %s", what)
}

func TestSupervisorCrash(t *testing.T) {
	s := newSupervisor(t.TempDir())

	bystander, err := s.start(sh("bystander", "exec sleep 600"))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := s.start(sh("victim", "for i in $(seq 100); do echo line $i; done; exit 3")); err != nil {
		t.Fatal(err)
	}

	err = s.wait(t.Context(), "something that never happens", func(context.Context) error {
		return errors.New("not yet")
	})
	if err == nil {
		t.Fatal("wait: want an error when a process crashes")
	}

	msg := err.Error()
	for _, want := range []string{"victim", "exit status 3", "line 100", "line 71\n"} {
		if !strings.Contains(msg, want) {
			t.Errorf("report of a crash: want %q in it, got:\n%s", want, msg)
		}
	}

	if strings.Contains(msg, "line 70\n") {
		t.Errorf("report of a crash: want the last %d lines only, got:\n%s", tailLines, msg)
	}

	if err := s.close(); err == nil {
		t.Error("close: want the crash as the error")
	}

	if alive(bystander.cmd.Process.Pid) {
		t.Error("close: a process is left")
	}

	if _, err := s.start(sh("late", "exit 0")); !errors.Is(err, errStopped) {
		t.Errorf("start after close: want errStopped, got %v", err)
	}
}

func TestSupervisorStopsStubbornProcess(t *testing.T) {
	s := newSupervisor(t.TempDir())

	p, err := s.start(sh("stubborn", `trap "" TERM; echo ready; while :; do sleep 0.1; done`))
	if err != nil {
		t.Fatal(err)
	}

	eventually(t, "the process ignores SIGTERM", func() bool { return strings.Contains(string(tail(p.log)), "ready") })

	if err := s.close(); err != nil {
		t.Errorf("close: a process that was told to end is no crash: %v", err)
	}

	if alive(p.cmd.Process.Pid) {
		t.Error("close: the process is left")
	}
}

func TestSupervisorRun(t *testing.T) {
	cases := map[string]struct {
		reason string
		script string
		failed bool
	}{
		"Success": {reason: "A command that succeeds is no crash.", script: "exit 0"},
		"Failure": {reason: "A command that fails is an error, but does not fail the rest.", script: "exit 1", failed: true},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSupervisor(t.TempDir())

			err := s.run(t.Context(), sh("once", tc.script))
			if (err != nil) != tc.failed {
				t.Errorf("%s run: got error %v", tc.reason, err)
			}

			if err := s.close(); err != nil {
				t.Errorf("%s close: %v", tc.reason, err)
			}
		})
	}
}

func TestChildrenDieWithSupervisor(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childOfSupervisor+"="+t.TempDir())

	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}

	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}

	if !alive(child) {
		t.Fatal("the supervisor started nothing")
	}

	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()

	eventually(t, "the child of a killed supervisor is gone", func() bool { return !alive(child) })
}
