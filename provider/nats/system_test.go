package nats

import (
	"testing"
	"time"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestConnKnowsOfAnOutage asks for a connection to servers that are silent: what
// a probe has just found out is not found out again, one server after another.
func TestConnKnowsOfAnOutage(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, natstest.Options{})
	s := Open(&Config{Servers: servers.URLs(), Auth: &Auth{Username: natstest.AppUser, Password: natstest.Password(natstest.AppUser)}}, managed.NewMetrics(), func(managed.Phase) {})
	t.Cleanup(s.Close)
	until := func(what string, check func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !check(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not in time", what)
			}
		}
	}
	connects := func() bool { _, err := s.Conn(); return err == nil }
	until("a connection", connects)
	for i := range servers.Servers {
		servers.Pause(i)
	}
	until("the probe finds nobody", func() bool { return s.outage.Load() != nil })
	begun := time.Now()
	_, err := s.Conn()
	if took := time.Since(begun); err == nil || took > probeTimeout/2 {
		t.Errorf("want an error at once, got %v after %s", err, took)
	}
	if f := faultOf(err); f.reason != access.ReasonUnreachable {
		t.Errorf("want the reason %s, got %s", access.ReasonUnreachable, f.reason)
	}
	for i := range servers.Servers {
		servers.Mend(i)
	}
	until("a connection again", connects)
}
