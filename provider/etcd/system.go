package etcd

import (
	"context"
	"crypto/sha256"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/provider/access"
	"github.com/graphplane/graphplane/provider/managed"
)

// Times of a System.
const (
	// probeInterval leaves a change of state well inside 15 seconds, a slow
	// probe and the reconcile after it included.
	probeInterval = 3 * time.Second
	// probeTimeout of one request to one member.
	probeTimeout = 2 * time.Second
	// callTimeout of a request that reads or changes roles and users.
	callTimeout = 5 * time.Second
	// redial soon after a member comes back.
	redial = time.Second
)

// A System is a client of one etcd cluster. It has one connection to each
// member instead of one balanced over all: a balanced one does not tell which
// member fails, and waits for one that is silent.
type System struct {
	config  *Config
	members []*member
	token   *token
	expiry  *access.Expiry
	monitor *managed.Monitor[*Snapshot]

	verified verified
	// served is whether the last probe found a quorum.
	served atomic.Bool
	// outage that the last probe found; nil without one.
	outage atomic.Pointer[outage]
}

// An outage is why no member can be called.
type outage struct{ error }

// A member is a connection to one address of the config.
type member struct {
	url     string
	address string
	conn    *grpc.ClientConn
	up      atomic.Bool
}

// Open a System. It does not block, and it calls changed when what its probes
// see changes.
func Open(c *Config, m *managed.Metrics, changed func(p managed.Phase)) *System {
	s := &System{config: c, token: &token{}, expiry: &access.Expiry{}}
	for _, e := range c.Endpoints {
		s.members = append(s.members, s.dial(e))
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
	for _, m := range s.members {
		m.close()
	}
}

// Latest snapshot of the System that is not older than two probes.
func (s *System) Latest(ctx context.Context) (*Snapshot, error) {
	return s.monitor.Latest(ctx, time.Now().Add(-2*(probeInterval+probeTimeout)))
}

func (m *member) close() {
	if m.conn != nil {
		m.conn.Close() //nolint:errcheck // Nothing to be done.
	}
}

func (s *System) dial(endpoint string) *member {
	m := &member{url: endpoint}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return m
	}
	m.address = u.Host
	creds := insecure.NewCredentials()
	if u.Scheme == "https" {
		creds = credentials.NewTLS(s.config.TLS.Config(u.Host, s.expiry))
	}
	b := backoff.DefaultConfig
	b.BaseDelay, b.MaxDelay = redial/4, redial
	// passthrough: a name is resolved at each dial, as etcd's own client does.
	m.conn, err = grpc.NewClient("passthrough:///"+u.Host,
		grpc.WithTransportCredentials(creds),
		grpc.WithPerRPCCredentials(s.token),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: b, MinConnectTimeout: probeTimeout}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
	)
	if err != nil {
		m.conn = nil
	}
	return m
}

// Call a member that answers, members that answered the last probe first. It
// signs in where the cluster asks for it. In an outage it calls nobody: to find
// out again, member by member, takes far longer than until the next probe.
func (s *System) Call(ctx context.Context, do func(ctx context.Context, conn *grpc.ClientConn) error) error {
	if o := s.outage.Load(); o != nil {
		return o.error
	}
	var last error
	for _, m := range s.preferred() {
		if last = s.try(ctx, m, do); !elsewhere(last) {
			return last
		}
		if ctx.Err() != nil {
			break
		}
	}
	return last
}

// try a request at one member as the user of the config. Without a token etcd
// may take the name of a client certificate for the user, so we sign in first.
func (s *System) try(ctx context.Context, m *member, do func(ctx context.Context, conn *grpc.ClientConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.config.Username != "" && s.token.get() == nil {
		if err := s.signIn(ctx, m, nil); err != nil {
			return err
		}
	}
	return s.anyhow(ctx, m, do)
}

// anyhow tries a request at one member, and signs in only if it is told to: that
// needs a quorum, the request may not.
func (s *System) anyhow(ctx context.Context, m *member, do func(ctx context.Context, conn *grpc.ClientConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	used := s.token.get()
	err := rpctypes.Error(do(ctx, m.conn))
	if !stale(err) || s.config.Username == "" {
		return err
	}
	if err := s.signIn(ctx, m, used); err != nil {
		return err
	}
	return rpctypes.Error(do(ctx, m.conn))
}

func (s *System) preferred() []*member {
	first, rest := []*member{}, []*member{}
	for _, m := range s.members {
		switch {
		case m.conn == nil:
		case m.up.Load():
			first = append(first, m)
		default:
			rest = append(rest, m)
		}
	}
	return append(first, rest...)
}

// elsewhere tells whether another member may answer what this one could not.
func elsewhere(err error) bool {
	switch code(err) {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	}
	return false
}

// stale tells whether our token is not, or no longer, known. etcd drops tokens
// that were not used for five minutes, and all of them when users change.
func stale(err error) bool {
	return errors.Is(err, rpctypes.ErrInvalidAuthToken) || errors.Is(err, rpctypes.ErrAuthOldRevision) || errors.Is(err, rpctypes.ErrUserEmpty)
}

func code(err error) codes.Code {
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return e.Code()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return codes.DeadlineExceeded
	}
	return status.Code(err)
}

// signIn unless another request has replaced the token that did not do. There is
// no lock: a silent member must not keep the others waiting.
func (s *System) signIn(ctx context.Context, m *member, used *string) error {
	if s.token.get() != used {
		return nil
	}
	rsp, err := pb.NewAuthClient(m.conn).Authenticate(ctx, &pb.AuthenticateRequest{Name: s.config.Username, Password: s.config.Password})
	if err = rpctypes.Error(err); errors.Is(err, rpctypes.ErrAuthNotEnabled) {
		return nil
	}
	if err != nil {
		return err
	}
	s.token.value.Store(&rsp.Token)
	return nil
}

// A token goes with every request once we are signed in.
type token struct {
	value atomic.Pointer[string]
}

func (t *token) get() *string { return t.value.Load() }

// GetRequestMetadata for a request.
func (t *token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if v := t.get(); v != nil {
		return map[string]string{rpctypes.TokenFieldNameGRPC: *v}, nil
	}
	return nil, nil //nolint:nilnil // gRPC takes it as no metadata.
}

// RequireTransportSecurity is left to the config, as in etcd's own client.
func (t *token) RequireTransportSecurity() bool { return false }

// verified passwords, by a digest of user and password, and the state of the
// users at which they were.
type verified struct {
	mu sync.Mutex
	at map[[sha256.Size]byte]uint64
}

func (v *verified) fresh(key [sha256.Size]byte, revision uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, ok := v.at[key]
	return ok && at == revision
}

func (v *verified) put(key [sha256.Size]byte, revision uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.at == nil {
		v.at = map[[sha256.Size]byte]uint64{}
	}
	v.at[key] = revision
}
