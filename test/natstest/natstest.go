// Package natstest runs real NATS systems inside a test and breaks them.
package natstest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/graphplane/graphplane/test/authority"
	"github.com/graphplane/graphplane/test/proxy"
)

// Names of users and accounts of a system without JWTs. Their passwords are
// theirs and "-secret".
const (
	AppAccount = "APP"
	AppUser    = "app"
	SysUser    = "sys"
)

// Password of a user of a system without JWTs.
func Password(user string) string { return user + "-secret" }

// Options of a System. The zero value is three servers with JetStream, an
// account for applications and a system account, without TLS.
type Options struct {
	// Servers of the system, 3 unless set.
	Servers int
	// Name of the cluster, "test" unless set.
	Name string
	// TLS serves clients with TLS and requires a client certificate.
	TLS bool
	// ServerCert instead of a good one.
	ServerCert *authority.Options
	// NoJetStream turns JetStream off.
	NoJetStream bool
	// MaxStreams of the account; no limit unless set.
	MaxStreams int
	// JWT has accounts and users by JWT instead of passwords.
	JWT bool
	// Token that lets everybody in, instead of accounts.
	Token string
	// NKey is the public key of one more user of the account.
	NKey string
}

// A System of NATS servers. Each is reached through a proxy of its own, and so
// are its peers.
type System struct {
	// Servers in order.
	Servers []*Server
	// Authority of the certificates; nil without TLS.
	Authority *authority.Authority
	// Client is a certificate that the servers accept.
	Client authority.Pair
	// Keys of a system with JWTs; nil for any other.
	Keys *Keys

	options Options
}

// A Server of a System.
type Server struct {
	// Name of the server.
	Name string
	// Proxy that clients come through.
	Proxy *proxy.Proxy

	client, cluster string
	// routes to each other server.
	routes map[int]*proxy.Proxy
	config string

	mu sync.Mutex
	s  *server.Server
}

// Start a system that ends with the test.
func Start(t testing.TB, o Options) *System {
	t.Helper()
	if o.Servers == 0 {
		o.Servers = 3
	}
	if o.Name == "" {
		o.Name = "test"
	}
	s := &System{options: o}
	// Not t.TempDir: a server may still write while the test's end removes it.
	dir, err := os.MkdirTemp("", "natstest")
	if err != nil {
		t.Fatalf("cannot make directory: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // Only litter.
	if o.TLS {
		s.Authority = authority.New(t)
		s.Client = s.Authority.Issue(t, authority.Options{CommonName: "client"})
	}
	if o.JWT {
		s.Keys = newKeys(t, o)
	}
	for i := range o.Servers {
		v := &Server{Name: fmt.Sprintf("n%d", i), client: proxy.FreePort(t), cluster: proxy.FreePort(t), routes: map[int]*proxy.Proxy{}}
		v.Proxy = newProxy(t, v.client)
		s.Servers = append(s.Servers, v)
	}
	for i, v := range s.Servers {
		for j, w := range s.Servers {
			if i != j {
				v.routes[j] = newProxy(t, w.cluster)
			}
		}
		v.config = s.config(t, v, filepath.Join(dir, v.Name))
	}
	t.Cleanup(s.stop)
	s.StartAll(t)
	s.await(t, s.followed, "the servers do not follow their meta leader")
	return s
}

func (s *System) config(t testing.TB, v *Server, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatalf("cannot make directory: %v", err)
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "server_name: %s\nserver_tags: [%q]\nlisten: %q\nclient_advertise: %q\n", v.Name, v.Name, v.client, v.Proxy.Addr())
	if !s.options.NoJetStream {
		fmt.Fprintf(b, "jetstream { store_dir: %q, max_mem: 256MB, max_file: 1GB }\n", dir)
	}
	if len(s.Servers) > 1 {
		// What a server tells others of its peers leads nowhere, and there is one
		// route for all accounts: else some of them would pass by the proxies.
		fmt.Fprintf(b, "cluster { name: %s, listen: %q, advertise: %q, pool_size: -1, routes: [", s.options.Name, v.cluster, "127.0.0.1:1")
		for _, r := range v.routes {
			fmt.Fprintf(b, "%q, ", "nats-route://"+r.Addr())
		}
		b.WriteString("] }\n")
	}
	if s.Authority != nil {
		so := authority.Options{CommonName: v.Name}
		if s.options.ServerCert != nil {
			so = *s.options.ServerCert
		}
		ca, cert, key := s.Authority.Files(t, dir, s.Authority.Issue(t, so))
		fmt.Fprintf(b, "tls { ca_file: %q, cert_file: %q, key_file: %q, verify: true, timeout: 5 }\n", ca, cert, key)
	}
	b.WriteString(s.accounts())
	path := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatalf("cannot write config: %v", err)
	}
	return path
}

func (s *System) accounts() string {
	if s.Keys != nil {
		return s.Keys.config()
	}
	if s.options.Token != "" {
		return fmt.Sprintf("authorization { token: %q }\n", s.options.Token)
	}
	js := ""
	if !s.options.NoJetStream {
		js = "jetstream: enabled,"
		if s.options.MaxStreams > 0 {
			js = fmt.Sprintf("jetstream: { max_streams: %d },", s.options.MaxStreams)
		}
	}
	nkey := ""
	if s.options.NKey != "" {
		nkey = fmt.Sprintf(", { nkey: %s }", s.options.NKey)
	}
	return fmt.Sprintf(`accounts {
  SYS: { users: [ { user: %s, password: %q } ] }
  %s: { %s users: [ { user: %s, password: %q }%s ] }
}
system_account: SYS
`, SysUser, Password(SysUser), AppAccount, js, AppUser, Password(AppUser), nkey)
}

// StartAll servers that do not run, and wait until they serve.
func (s *System) StartAll(t testing.TB) {
	t.Helper()
	for _, v := range s.Servers {
		v.Start(t)
	}
	for _, v := range s.Servers {
		if !v.Server().ReadyForConnections(20 * time.Second) {
			t.Fatalf("server %s is not ready", v.Name)
		}
	}
	s.await(t, s.whole, "the servers do not find each other, or no meta leader")
}

// await a state of the servers, or fail with what is wrong without it.
func (s *System) await(t testing.TB, reached func() bool, wrong string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s:\n%s", wrong, s.Describe())
		}
	}
}

// whole tells whether every server has a route to every other one, and there is
// a meta leader where there has to be.
func (s *System) whole() bool {
	for _, v := range s.Servers {
		if v.Server().NumRoutes() < len(s.Servers)-1 {
			return false
		}
	}
	return !s.clustered() || s.MetaLeader() >= 0
}

func (s *System) clustered() bool { return !s.options.NoJetStream && len(s.Servers) > 1 }

// followed tells whether all other servers follow the meta leader, where there has
// to be one. The vote of one that has heard nothing of a leader yet does not count,
// so that without that leader two of three would never elect another.
func (s *System) followed() bool {
	if !s.clustered() {
		return true
	}
	l := s.MetaLeader()
	if l < 0 {
		return false
	}
	j, err := s.Servers[l].Server().Jsz(nil)
	return err == nil && j.Meta != nil && len(j.Meta.Replicas) == len(s.Servers)-1 &&
		!slices.ContainsFunc(j.Meta.Replicas, func(p *server.PeerInfo) bool { return !p.Current || p.Offline })
}

// Start the server unless it runs.
func (v *Server) Start(t testing.TB) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.s != nil {
		return
	}
	o, err := server.ProcessConfigFile(v.config)
	if err != nil {
		t.Fatalf("cannot read config of %s: %v", v.Name, err)
	}
	o.NoLog, o.NoSigs = true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatalf("cannot make server %s: %v", v.Name, err)
	}
	go s.Start()
	v.s = s
}

// Kill the server.
func (v *Server) Kill() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.s == nil {
		return
	}
	v.s.Shutdown()
	v.s.WaitForShutdown()
	v.s = nil
}

// Running tells whether the server runs.
func (v *Server) Running() bool { return v.Server() != nil }

// Server that runs; nil when it was killed.
func (v *Server) Server() *server.Server {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.s
}

// MetaLeader is the index of the server that leads JetStream, -1 without one.
func (s *System) MetaLeader() int {
	for i, v := range s.Servers {
		if r := v.Server(); r != nil && r.JetStreamIsLeader() {
			return i
		}
	}
	return -1
}

// Cut the peers of server i off from it, and it from them. Clients still reach
// every server.
func (s *System) Cut(i int) { s.link(i, proxy.Refuse) }

// Mend what Cut or Pause did.
func (s *System) Mend(i int) {
	s.link(i, proxy.Pass)
	s.Servers[i].Proxy.Set(proxy.Pass)
}

// Pause server i: it answers neither clients nor peers.
func (s *System) Pause(i int) {
	s.link(i, proxy.Silent)
	s.Servers[i].Proxy.Set(proxy.Silent)
}

func (s *System) link(i int, m proxy.Mode) {
	for j, v := range s.Servers {
		if j != i {
			v.routes[i].Set(m)
			s.Servers[i].routes[j].Set(m)
		}
	}
}

// URLs that clients use.
func (s *System) URLs() []string {
	scheme := "nats://"
	if s.Authority != nil {
		scheme = "tls://"
	}
	out := make([]string, 0, len(s.Servers))
	for _, v := range s.Servers {
		out = append(out, scheme+v.Proxy.Addr())
	}
	return out
}

// Connect a client past the proxies to the servers that run.
func (s *System) Connect(t testing.TB, opts ...nats.Option) *nats.Conn {
	t.Helper()
	c, err := s.Dial(t, opts...)
	if err != nil {
		t.Fatalf("cannot connect: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// Dial a client past the proxies to the servers that run.
func (s *System) Dial(t testing.TB, opts ...nats.Option) (*nats.Conn, error) {
	t.Helper()
	urls := []string{}
	for _, v := range s.Servers {
		if v.Running() {
			urls = append(urls, "nats://"+v.client)
		}
	}
	if s.Authority != nil {
		opts = append(opts, nats.Secure(s.Authority.Config(t, s.Client)))
	}
	return nats.Connect(strings.Join(urls, ","), append(opts, nats.MaxReconnects(-1), nats.IgnoreDiscoveredServers(), nats.Timeout(5*time.Second))...)
}

// App connects as the user of applications.
func (s *System) App(t testing.TB) *nats.Conn {
	t.Helper()
	if s.Keys != nil {
		return s.Connect(t, s.Keys.User(t, s.Keys.App))
	}
	return s.Connect(t, nats.UserInfo(AppUser, Password(AppUser)))
}

func (s *System) stop() {
	wg := sync.WaitGroup{}
	for _, v := range s.Servers {
		wg.Go(func() {
			v.Proxy.Close()
			for _, r := range v.routes {
				r.Close()
			}
			v.Kill()
		})
	}
	wg.Wait()
}

func newProxy(t testing.TB, target string) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New(target)
	if err != nil {
		t.Fatalf("cannot start proxy: %v", err)
	}
	return p
}
