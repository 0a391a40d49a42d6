// Package etcdtest runs real etcd clusters inside a test and breaks them.
package etcdtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/graphplane/graphplane/test/authority"
	"github.com/graphplane/graphplane/test/proxy"
)

// Options of a Cluster. The zero value is three members without TLS and auth.
type Options struct {
	// Members of the cluster, 3 unless set.
	Members int
	// TLS serves clients with TLS and requires a client certificate.
	TLS bool
	// ServerCert instead of a good one.
	ServerCert *authority.Options
	// RootPassword turns authentication on, with the user root.
	RootPassword string
	// QuotaBytes of the database.
	QuotaBytes int64
	// Election is how long members wait for their leader before they elect
	// another, 200 ms unless set.
	Election time.Duration
	// Token tells clusters apart, as a restored one differs from its origin.
	Token string
}

// A Cluster of etcd members. Each is reached through a proxy of its own.
type Cluster struct {
	// Members in order.
	Members []*Member
	// Authority of the certificates; nil without TLS.
	Authority *authority.Authority
	// Client is a certificate that the members accept.
	Client authority.Pair

	options Options
}

// A Member of a Cluster.
type Member struct {
	// Name of the member.
	Name string
	// Proxy that clients come through.
	Proxy *proxy.Proxy

	cfg    *embed.Config
	mu     sync.Mutex
	server *embed.Etcd
}

// Start a cluster that ends with the test.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Members == 0 {
		o.Members = 3
	}
	if o.Token == "" {
		o.Token = t.Name()
	}
	if o.Election == 0 {
		o.Election = 200 * time.Millisecond
	}
	c := &Cluster{options: o}
	if o.TLS {
		c.Authority = authority.New(t)
		c.Client = c.Authority.Issue(t, authority.Options{CommonName: "client"})
	}
	peers := make([]string, o.Members)
	for i := range o.Members {
		m := &Member{Name: fmt.Sprintf("m%d", i)}
		m.cfg = c.config(t, m)
		peers[i] = m.Name + "=" + m.cfg.ListenPeerUrls[0].String()
		c.Members = append(c.Members, m)
	}
	for _, m := range c.Members {
		m.cfg.InitialCluster = strings.Join(peers, ",")
	}
	t.Cleanup(c.stop)
	c.StartAll(t)
	if o.RootPassword != "" {
		c.enableAuth(t)
	}
	return c
}

func (c *Cluster) config(t testing.TB, m *Member) *embed.Config {
	t.Helper()
	// Not t.TempDir: a member may still write while the test's end removes it.
	dir, err := os.MkdirTemp("", "etcdtest")
	if err != nil {
		t.Fatalf("cannot make directory: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // Only litter.
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir = m.Name, filepath.Join(dir, "data")
	cfg.ElectionMs = uint(c.options.Election.Milliseconds())
	cfg.TickMs = cfg.ElectionMs / 10
	cfg.UnsafeNoFsync = true
	cfg.BcryptCost = 4
	cfg.InitialClusterToken = c.options.Token
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	cfg.QuotaBackendBytes = c.options.QuotaBytes
	scheme := "http"
	if c.options.TLS {
		scheme = "https"
		so := authority.Options{CommonName: m.Name}
		if c.options.ServerCert != nil {
			so = *c.options.ServerCert
		}
		ca, crt, key := c.Authority.Files(t, dir, c.Authority.Issue(t, so))
		cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = crt, key
		cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = ca, true
	}
	client, peer := proxy.FreePort(t), proxy.FreePort(t)
	if m.Proxy, err = proxy.New(client); err != nil {
		t.Fatalf("cannot start proxy: %v", err)
	}
	cfg.ListenClientUrls = urls(scheme, client)
	cfg.AdvertiseClientUrls = urls(scheme, m.Proxy.Addr())
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = urls("http", peer), urls("http", peer)
	return cfg
}

// StartAll members that do not run, and wait until they serve.
func (c *Cluster) StartAll(t testing.TB) {
	t.Helper()
	for _, m := range c.Members {
		m.Start(t)
	}
	c.await(t)
}

// MendAll faults of every member, and wait until all serve.
func (c *Cluster) MendAll(t testing.TB) {
	t.Helper()
	for _, m := range c.Members {
		m.Start(t)
	}
	// Only now that all run: those that ran have cut off those that did not.
	for i := range c.Members {
		c.Resume(i)
	}
	c.await(t)
}

func (c *Cluster) await(t testing.TB) {
	t.Helper()
	for _, m := range c.Members {
		select {
		case <-m.server.Server.ReadyNotify():
		case <-time.After(30 * time.Second):
			t.Fatalf("member %s is not ready", m.Name)
		}
	}
}

// drain is how long a request may take to end whose connection is gone.
const drain = 100 * time.Millisecond

// Start the member unless it runs. It needs a majority to become ready.
func (m *Member) Start(t testing.TB) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server != nil {
		return
	}
	e, err := embed.StartEtcd(m.cfg)
	if err != nil {
		t.Fatalf("cannot start member %s: %v", m.Name, err)
	}
	m.server = e
	m.Proxy.Set(proxy.Pass)
}

// Kill the member.
func (m *Member) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server == nil {
		return
	}
	// A crash takes its connections along. A request that still ran when the
	// storage is closed would take the whole process along.
	m.Proxy.Set(proxy.Refuse)
	time.Sleep(drain)
	// A crash hands no leadership over.
	m.server.Server.HardStop()
	m.server.Close()
	m.server = nil
}

// Running tells whether the member runs.
func (m *Member) Running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.server != nil
}

// Server of the member; nil when it was killed.
func (m *Member) Server() *embed.Etcd {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.server
}

// Cut the peers of member i off from it, and it from them. Clients still reach
// every member.
func (c *Cluster) Cut(i int) {
	c.each(i, func(a, b *embed.Etcd) {
		a.Server.CutPeer(b.Server.MemberID())
		b.Server.CutPeer(a.Server.MemberID())
	})
}

// Mend what Cut did.
func (c *Cluster) Mend(i int) {
	c.each(i, func(a, b *embed.Etcd) {
		a.Server.MendPeer(b.Server.MemberID())
		b.Server.MendPeer(a.Server.MemberID())
	})
}

func (c *Cluster) each(i int, do func(a, b *embed.Etcd)) {
	a := c.Members[i].Server()
	if a == nil {
		return
	}
	for j, m := range c.Members {
		if b := m.Server(); j != i && b != nil {
			do(a, b)
		}
	}
}

// Pause member i: it answers neither clients nor peers.
func (c *Cluster) Pause(i int) {
	c.Members[i].Proxy.Set(proxy.Silent)
	c.Cut(i)
}

// Resume member i after a Pause.
func (c *Cluster) Resume(i int) {
	c.Mend(i)
	c.Members[i].Proxy.Set(proxy.Pass)
}

// URLs that clients use.
func (c *Cluster) URLs() []string {
	out := make([]string, 0, len(c.Members))
	for _, m := range c.Members {
		out = append(out, m.cfg.AdvertiseClientUrls[0].String())
	}
	return out
}

// ClientURL of one member behind its proxy, for checks of the test itself.
func (m *Member) ClientURL() string { return m.cfg.ListenClientUrls[0].String() }

// Connect a client past the proxies to the members that run. Without a user it
// is root where there is one.
func (c *Cluster) Connect(t testing.TB, user, password string) *clientv3.Client {
	t.Helper()
	if user == "" && c.options.RootPassword != "" {
		user, password = "root", c.options.RootPassword
	}
	cli, err := c.Dial(user, password, c.tls(t))
	if err != nil {
		t.Fatalf("cannot connect: %v", err)
	}
	t.Cleanup(func() { cli.Close() }) //nolint:errcheck // The test is over.
	return cli
}

// Dial a client past the proxies to the members that run.
func (c *Cluster) Dial(user, password string, tc *tls.Config) (*clientv3.Client, error) {
	eps := []string{}
	for _, m := range c.Members {
		if m.Running() {
			eps = append(eps, m.ClientURL())
		}
	}
	return clientv3.New(clientv3.Config{
		Endpoints: eps, Username: user, Password: password, TLS: tc,
		DialTimeout: 5 * time.Second, Logger: zap.NewNop(),
	})
}

func (c *Cluster) tls(t testing.TB) *tls.Config {
	t.Helper()
	if c.Authority == nil {
		return nil
	}
	return c.Authority.Config(t, c.Client)
}

// Leader is the index of the member that leads, -1 without one.
func (c *Cluster) Leader() int {
	for i, m := range c.Members {
		if s := m.Server(); s != nil && s.Server.Leader() == s.Server.MemberID() {
			return i
		}
	}
	return -1
}

// Describe what each member believes, for the message of a test that fails.
func (c *Cluster) Describe() string {
	var out strings.Builder
	for _, m := range c.Members {
		s := m.Server()
		if s == nil {
			out.WriteString(m.Name + ": does not run\n")
			continue
		}
		fmt.Fprintf(&out, "%s: leader %s, term %d\n", m.Name, s.Server.Leader(), s.Server.Term())
	}
	return out.String()
}

func (c *Cluster) enableAuth(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cli, err := c.Dial("", "", c.tls(t))
	if err != nil {
		t.Fatalf("cannot connect: %v", err)
	}
	defer cli.Close() //nolint:errcheck // Short-lived.
	if _, err := cli.RoleAdd(ctx, "root"); err != nil {
		t.Fatalf("cannot add role root: %v", err)
	}
	if _, err := cli.UserAdd(ctx, "root", c.options.RootPassword); err != nil {
		t.Fatalf("cannot add user root: %v", err)
	}
	if _, err := cli.UserGrantRole(ctx, "root", "root"); err != nil {
		t.Fatalf("cannot grant root: %v", err)
	}
	if _, err := cli.AuthEnable(ctx); err != nil {
		t.Fatalf("cannot enable auth: %v", err)
	}
}

func (c *Cluster) stop() {
	wg := sync.WaitGroup{}
	for _, m := range c.Members {
		wg.Go(func() {
			m.Proxy.Close()
			m.Kill()
		})
	}
	wg.Wait()
}

func urls(scheme, addr string) []url.URL {
	return []url.URL{{Scheme: scheme, Host: addr}}
}
