package provider_test

import (
	"strings"
	"testing"
	"time"
)

const (
	// told is how soon an Endpoint says what becomes of a fault: JetStream may take
	// nine seconds to elect a leader, and then it has as long as it may lie.
	told = 9*time.Second + lie
	// elected is how long an election may take where a test waits for its end: its
	// candidates split votes on a busy machine.
	elected = 2 * time.Minute
)

// described is a system that says what its servers believe.
type described interface{ Describe() string }

// A fault of a system of a kind, and what the Endpoint says of it.
type fault[O any, S described] struct {
	reason  string
	options O
	// prepare before there is an Endpoint.
	prepare func(t *testing.T, p *plane, s S)
	// fault once it is Ready; nil if it never is.
	fault func(t *testing.T, p *plane, s S)
	want  []string
	// message that is promised to users.
	message string
	// mend, after which it is Ready again.
	mend func(t *testing.T, p *plane, s S)
	// serves tells whether the system can be used, of a fault that has it elect a
	// leader. It is Ready only then.
	serves func(s S, within time.Duration) bool
}

// elect waits until the system can be used.
func (f fault[O, S]) elect(t *testing.T, s S) {
	t.Helper()
	if f.serves == nil {
		return
	}
	for begun := time.Now(); !f.serves(s, 2*time.Second); {
		if time.Since(begun) > elected {
			t.Fatalf("%s\nit cannot be used %s later: %s", f.reason, elected, s.Describe())
		}
	}
}

// run the fault in a system that the config "default" is for.
func (f fault[O, S]) run(t *testing.T, p *plane, s S, e conditioned) {
	t.Helper()
	if f.prepare != nil {
		f.prepare(t, p, s)
	}
	p.make(t, e)
	if f.fault != nil {
		until(t, p, e, 15*time.Second, is[conditioned]("Ready=True/Available"))
		f.fault(t, p, s)
		if strings.HasPrefix(f.want[0], "Ready=True") {
			f.elect(t, s)
		}
	}
	took := until(t, p, e, told, is[conditioned](f.want...))
	if got := e.GetCondition("Ready").Message + e.GetCondition("Healthy").Message; !strings.Contains(got, f.message) {
		t.Errorf("%s\nwant %q in: %s", f.reason, f.message, got)
	}
	if f.mend == nil {
		return
	}
	f.mend(t, p, s)
	f.elect(t, s)
	again := until(t, p, e, told, is[conditioned]("Ready=True/Available", "Healthy=True"))
	t.Logf("seen after %s, mended after %s", took.Round(time.Millisecond), again.Round(time.Millisecond))
}
