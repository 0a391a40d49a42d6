package nats

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestSentAwayForAMoment signs in while a server sends everybody away for an
// instant, as NATS does each time it reads its accounts again. Only who is sent
// away twice is refused.
func TestSentAwayForAMoment(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, natstest.Options{Servers: 1, JWT: true})
	creds, front := servers.Keys.Creds(t, servers.Keys.App), servers.Servers[0].Proxy
	s := Open(&Config{Servers: servers.URLs(), Auth: &Auth{Creds: creds}}, managed.NewMetrics(), func(managed.Phase) {})
	t.Cleanup(s.Close)
	if _, err := s.Conn(); err != nil {
		t.Fatal(err)
	}

	front.Divert(refuse)
	if f := s.accepts("refused", creds, time.Now()); f != nil {
		t.Errorf("a user that is refused once: %v", f)
	}
	front.Divert(hangUp)
	if f := s.accepts("hung up on", creds, time.Now()); f != nil {
		t.Errorf("a user that is hung up on once: %v", f)
	}
	front.Divert(refuse)
	front.Divert(refuse)
	if f := s.accepts("refused twice", creds, time.Now()); f == nil || f.reason != access.ReasonUnauthenticated {
		t.Errorf("a user that is refused twice: %v", f)
	}
	if n := front.Diverts(); n > 0 {
		t.Errorf("nobody came %d times", n)
	}
}

// refuse who asks to be let in.
func refuse(c net.Conn) {
	greet(c)
	for r := bufio.NewReader(c); ; {
		if line, err := r.ReadString('\n'); err != nil || strings.HasPrefix(line, "PING") {
			break
		}
	}
	_, _ = fmt.Fprint(c, "-ERR 'Authorization Violation'\r\n")
}

// hangUp with a reset.
func hangUp(c net.Conn) {
	greet(c)
	if c, ok := c.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
}

// greet as a server does that wants a user.
func greet(c net.Conn) {
	_, _ = fmt.Fprint(c, `INFO {"server_id":"A","version":"2.14.0","proto":1,"max_payload":1048576,"auth_required":true,"nonce":"AAAA"}`+"\r\n")
}
