package nats

import (
	"bufio"
	"fmt"
	"io"
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
	creds := servers.Keys.Creds(t, servers.Keys.App)
	f := front{t: t, behind: servers.Servers[0].Proxy.Addr()}
	s := Open(&Config{Servers: []string{f.listen()}, Auth: &Auth{Creds: creds}}, managed.NewMetrics(), func(managed.Phase) {})
	t.Cleanup(s.Close)
	if _, err := s.Conn(); err != nil {
		t.Fatal(err)
	}

	for _, how := range []func(net.Conn){refuse, hangUp} {
		f.turns(how, 1)
		if f := s.accepts("once", creds, time.Now()); f != nil {
			t.Errorf("a user that is sent away once: %v", f)
		}
		s.checked = checked{}
	}
	f.turns(refuse, 2)
	if f := s.accepts("twice", creds, time.Now()); f == nil || f.reason != access.ReasonUnauthenticated {
		t.Errorf("a user that is refused twice: %v", f)
	}
	if len(f.away) > 0 {
		t.Errorf("nobody came %d times", len(f.away))
	}
}

// A front is before a server.
type front struct {
	t      *testing.T
	behind string
	// away is how those who come next are sent away.
	away chan func(net.Conn)
}

// turns the next ones away.
func (f *front) turns(how func(net.Conn), n int) {
	for range n {
		f.away <- how
	}
}

// listen returns its URL.
func (f *front) listen() string {
	f.away = make(chan func(net.Conn), 2)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(c)
		}
	}()
	return "nats://" + l.Addr().String()
}

func (f *front) serve(c net.Conn) {
	defer c.Close()
	select {
	case away := <-f.away:
		_, _ = fmt.Fprint(c, "INFO {\"server_id\":\"A\",\"version\":\"2.14.0\",\"proto\":1,\"max_payload\":1048576,\"auth_required\":true,\"nonce\":\"AAAA\"}\r\n")
		away(c)
		return
	default:
	}
	to, err := net.Dial("tcp", f.behind)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { _, _ = io.Copy(to, c) }()
	_, _ = io.Copy(c, to)
}

// refuse who asks to be let in.
func refuse(c net.Conn) {
	for r := bufio.NewReader(c); ; {
		if line, err := r.ReadString('\n'); err != nil || strings.HasPrefix(line, "PING") {
			break
		}
	}
	_, _ = fmt.Fprint(c, "-ERR 'Authorization Violation'\r\n")
}

// hangUp with a reset.
func hangUp(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
}
