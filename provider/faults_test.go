package provider_test

import (
	"strings"
	"testing"
	"time"
)

// told is how soon an Endpoint says what becomes of a fault: JetStream may take
// nine seconds to elect a leader, and then it has as long as it may lie.
const told = 9*time.Second + lie

// A fault of a system of a kind, and what the Endpoint says of it.
type fault[O, S any] struct {
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
	}
	took := until(t, p, e, told, is[conditioned](f.want...))
	if got := e.GetCondition("Ready").Message + e.GetCondition("Healthy").Message; !strings.Contains(got, f.message) {
		t.Errorf("%s\nwant %q in: %s", f.reason, f.message, got)
	}
	if f.mend == nil {
		return
	}
	f.mend(t, p, s)
	again := until(t, p, e, told, is[conditioned]("Ready=True/Available", "Healthy=True"))
	t.Logf("seen after %s, mended after %s", took.Round(time.Millisecond), again.Round(time.Millisecond))
}
