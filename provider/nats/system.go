package nats

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	apiaccess "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	"github.com/graphplane/graphplane/provider/managed"
)

// Times of a System.
const (
	// probeInterval leaves a change of state well inside 15 seconds, the ten
	// after which JetStream itself notices a lost quorum not included.
	probeInterval = 3 * time.Second
	// probeTimeout of one request.
	probeTimeout = 2 * time.Second
	// gatherTimeout in which every server answers a ping of the system account.
	gatherTimeout = time.Second
	// readTimeout of a request that reads what JetStream stores. What does not
	// answer by then is not Ready, which has to be said inside 15 seconds.
	readTimeout = 3 * time.Second
	// callTimeout of a request that changes what JetStream stores.
	callTimeout = 5 * time.Second
)

// A System is a client of one NATS system. It has one connection to each server
// instead of one that wanders: a wandering one does not tell which server
// fails.
type System struct {
	config  *Config
	servers []*server
	expiry  *access.Expiry
	monitor *managed.Monitor[*Snapshot]
	checked checked

	// served is whether the last probe found all in order.
	served atomic.Bool
	// outage that the last probe found, why no server can be used; nil without
	// one.
	outage atomic.Pointer[fault]
}

// A server is the connections to one address of the config: one for the account
// and one, as long as it is needed, for the system account.
type server struct {
	url     string
	address string

	mu     sync.Mutex
	conn   *nats.Conn
	system *nats.Conn
	name   string
	up     atomic.Bool
}

// Open a System. It does not block, and it calls changed when what its probes
// see changes.
func Open(c *Config, m *managed.Metrics, changed func(p managed.Phase)) *System {
	s := &System{config: c, expiry: &access.Expiry{}}
	for _, u := range c.Servers {
		v := &server{url: u}
		if p, err := url.Parse(u); err == nil {
			v.address = p.Host
		}
		s.servers = append(s.servers, v)
	}
	s.monitor = managed.NewMonitor(probeInterval, func(ctx context.Context) *Snapshot {
		snap := s.Probe(ctx)
		m.Probed(technology, snap.Took)
		return snap
	}, changed)
	return s
}

// Close the System.
func (s *System) Close() {
	s.monitor.Close()
	for _, v := range s.servers {
		v.close()
	}
}

// Latest snapshot of the System that is not older than two probes.
func (s *System) Latest(ctx context.Context) (*Snapshot, error) {
	return s.monitor.Latest(ctx, time.Now().Add(-2*(probeInterval+2*probeTimeout)))
}

func (v *server) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		v.conn.Close()
	}
	if v.system != nil {
		v.system.Close()
	}
	v.conn, v.system = nil, nil
}

// connect to the server as the account unless we are.
func (s *System) connect(v *server) (*nats.Conn, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil && v.conn.IsConnected() {
		return v.conn, nil
	}
	c, err := s.dial(v, s.config.Auth.options()...)
	if err != nil {
		return nil, err
	}
	v.conn, v.name = c, c.ConnectedServerName()
	return c, nil
}

// connectSystem to the server as the system account unless we are.
func (s *System) connectSystem(v *server) (*nats.Conn, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.system != nil && v.system.IsConnected() {
		return v.system, nil
	}
	c, err := s.dial(v, s.config.SystemAuth.options()...)
	if err != nil {
		return nil, err
	}
	v.system = c
	return c, nil
}

// reload is longer than a server that reads its accounts again sends everybody
// away, which are some milliseconds.
const reload = 150 * time.Millisecond

// dial the server. Only who is sent away twice is refused.
func (s *System) dial(v *server, opts ...nats.Option) (*nats.Conn, error) {
	opts = append(opts,
		nats.Name("graphplane"), nats.Timeout(probeTimeout), nats.NoReconnect(), nats.IgnoreDiscoveredServers(),
		// The connection is probed often enough.
		nats.PingInterval(time.Minute),
		// The default prints to standard error.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	)
	if s.config.TLS != nil {
		opts = append(opts, nats.Secure(s.config.TLS.Config(v.address, s.expiry)))
	}
	c, err := nats.Connect(v.url, opts...)
	if explain(err).Refused || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		time.Sleep(reload)
		return nats.Connect(v.url, opts...)
	}
	return c, err
}

// drop a connection that does not answer.
func (v *server) drop(c *nats.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn == c {
		v.conn = nil
	}
	if v.system == c {
		v.system = nil
	}
	c.Close()
}

// Conn to a server that answers, one that answered the last probe first. In an
// outage it tries none: to find out again, server by server, takes far longer
// than until the next probe.
func (s *System) Conn() (*nats.Conn, error) {
	if f := s.outage.Load(); f != nil {
		return nil, f
	}
	var last error
	for _, v := range s.preferred() {
		c, err := s.connect(v)
		if err == nil {
			return c, nil
		}
		last = err
	}
	if f := explain(last); f.Refused {
		return nil, unusable(f.Message)
	}
	return nil, unusable("")
}

// unusable servers: all of them refuse us, or none answers.
func unusable(refused string) *fault {
	if refused != "" {
		return &fault{reason: apiaccess.ReasonUnauthenticated, message: "The servers refuse us: " + refused}
	}
	return &fault{reason: apiaccess.ReasonUnreachable, message: "No server answers"}
}

func (s *System) preferred() []*server {
	first, rest := []*server{}, []*server{}
	for _, v := range s.servers {
		if v.up.Load() {
			first = append(first, v)
			continue
		}
		rest = append(rest, v)
	}
	return append(first, rest...)
}

// explain why a server could not be used.
func explain(err error) access.Fault {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired), errors.Is(err, nats.ErrNkeysNotSupported):
		return access.Fault{Refused: true, Message: "it does not accept the credentials: check the Secret of credentials"}
	case errors.Is(err, nats.ErrNoServers):
		return access.Fault{Message: "nothing listens there"}
	case errors.Is(err, nats.ErrTimeout):
		return access.Fault{Message: "it does not answer in time"}
	case errors.Is(err, nats.ErrSecureConnWanted):
		return access.Fault{Message: "it does not speak TLS: use nats:// without tls or turn TLS on at the server"}
	case errors.Is(err, nats.ErrSecureConnRequired):
		return access.Fault{Message: "it requires TLS: use tls://"}
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrStaleConnection):
		return access.Fault{Message: "it closes the connection"}
	case err != nil && strings.Contains(strings.ToLower(err.Error()), "authorization violation"):
		return access.Fault{Refused: true, Message: "it does not accept the credentials: check the Secret of credentials"}
	case err != nil && strings.Contains(strings.ToLower(err.Error()), "authentication"):
		return access.Fault{Refused: true, Message: "it does not accept the credentials: they have expired or were revoked"}
	}
	return access.Explain(err)
}
