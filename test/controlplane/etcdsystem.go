package controlplane

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const (
	// etcdRoot is the user and the role that etcd itself knows.
	etcdRoot = "root"

	// etcdShared is a user, and the role that lets it use runtimeKeys.
	etcdShared = "shared"

	// runtimeKeys is what all keys of the Dynamo runtime begin with.
	runtimeKeys = "v1/"

	// etcdClientCert is the Secret with the certificate of clients.
	etcdClientCert = "etcd-client"

	// probeTimeout bounds one look at whether a system is whole.
	probeTimeout = 2 * time.Second
)

// An EtcdSystem is an etcd cluster that requires client certificates, users and
// passwords.
type EtcdSystem struct {
	*Servers

	cp    *ControlPlane
	ca    *authority
	dir   string
	ports []int

	// client is the certificate that clients present.
	client pair

	// root is the password of root, which only this package uses, and shared
	// that of etcdShared.
	root, shared string

	// generation of the provider's user, which is named after it.
	generation int
}

func (cp *ControlPlane) startEtcdSystem(ctx context.Context) (*EtcdSystem, error) {
	bin, err := cp.tools.path(ctx, etcdTool())
	if err != nil {
		return nil, err
	}

	ports, err := keptPorts(ctx, 2*systemSize)
	if err != nil {
		return nil, err
	}

	ca, err := newAuthority("graphplane-etcd-system")
	if err != nil {
		return nil, err
	}

	s := &EtcdSystem{
		cp: cp, ca: ca, dir: filepath.Join(cp.Dir, "etcd-system"), ports: ports[:systemSize],
		root: rand.Text(), shared: rand.Text(),
	}
	if err := s.issue(); err != nil {
		return nil, err
	}

	s.Servers = newServers(cp.super, s.commands(bin, ports[systemSize:]))
	if err := s.Mend(ctx); err != nil {
		return nil, err
	}

	if err := s.enableAuth(ctx); err != nil {
		return nil, err
	}

	return s, nil
}

// issue certificates for servers and clients. Servers read theirs at each
// handshake.
func (s *EtcdSystem) issue() error {
	serving, err := s.ca.serve("etcd")
	if err != nil {
		return err
	}

	// The name must not be that of a user: etcd would take who presents the
	// certificate for it.
	if s.client, err = s.ca.present("graphplane-client"); err != nil {
		return err
	}

	return writeFiles(s.dir, serving.files())
}

func (s *EtcdSystem) commands(bin string, peers []int) []command {
	members := make([]string, systemSize)
	for i, u := range addresses("http", peers) {
		members[i] = "etcd-" + strconv.Itoa(i) + "=" + u
	}

	out := make([]command, systemSize)

	for i := range out {
		name := "etcd-" + strconv.Itoa(i)
		peer := addresses("http", peers)[i]
		out[i] = command{name: name, path: bin, args: []string{
			"--name=" + name,
			"--data-dir=" + filepath.Join(s.dir, name),
			"--listen-client-urls=" + s.URLs()[i],
			"--advertise-client-urls=" + s.URLs()[i],
			"--listen-peer-urls=" + peer,
			"--initial-advertise-peer-urls=" + peer,
			"--initial-cluster=" + strings.Join(members, ","),
			"--initial-cluster-token=" + filepath.Base(s.cp.Dir),
			"--cert-file=" + filepath.Join(s.dir, "tls.crt"),
			"--key-file=" + filepath.Join(s.dir, "tls.key"),
			"--trusted-ca-file=" + filepath.Join(s.dir, "ca.crt"),
			"--client-cert-auth",
			// It would need a certificate of its own to be a client.
			"--enable-grpc-gateway=false",
			// The passwords are random and short-lived.
			"--bcrypt-cost=4",
			"--unsafe-no-fsync",
			"--log-level=warn",
		}}
	}

	return out
}

// URLs of the members, for clients.
func (s *EtcdSystem) URLs() []string {
	return addresses("https", s.ports)
}

// Mend members that were killed or paused, and wait until all serve.
func (s *EtcdSystem) Mend(ctx context.Context) error {
	return s.mend(ctx, "the etcd system", func(ctx context.Context) error {
		for i := range s.ports {
			if err := s.serves(ctx, i); err != nil {
				return err
			}
		}

		return nil
	})
}

// serves succeeds when a member answers a linearizable read, which takes a
// leader and a majority.
func (s *EtcdSystem) serves(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()

	c, err := s.dial(ctx, etcdRoot, s.root, s.URLs()[i])
	if errors.Is(err, rpctypes.ErrAuthNotEnabled) {
		c, err = s.dial(ctx, "", "", s.URLs()[i])
	}

	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // Nothing was written.

	_, err = c.Get(ctx, runtimeKeys, clientv3.WithCountOnly())

	return err
}

// Client of the whole cluster, as a user. It is root without one.
func (s *EtcdSystem) Client(ctx context.Context, user, password string) (*clientv3.Client, error) {
	if user == "" {
		user, password = etcdRoot, s.root
	}

	return s.dial(ctx, user, password, s.URLs()...)
}

func (s *EtcdSystem) dial(ctx context.Context, user, password string, urls ...string) (*clientv3.Client, error) {
	t, err := s.TLS()
	if err != nil {
		return nil, err
	}

	c, err := clientv3.New(clientv3.Config{
		Context: context.WithoutCancel(ctx), Endpoints: urls, Username: user, Password: password,
		TLS: t, DialTimeout: probeTimeout, Logger: zap.NewNop(),
	})
	if err != nil {
		return nil, fmt.Errorf("cannot connect to etcd as %q: %w", user, err)
	}

	return c, nil
}

// TLS returns what a client needs to connect.
func (s *EtcdSystem) TLS() (*tls.Config, error) {
	c, err := tls.X509KeyPair(s.client.cert, s.client.key)
	if err != nil {
		return nil, fmt.Errorf("cannot use client certificate: %w", err)
	}

	roots := x509.NewCertPool()
	roots.AddCert(s.ca.cert)

	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{c}}, nil
}

// enableAuth makes the users root and etcdShared and requires users from now on.
func (s *EtcdSystem) enableAuth(ctx context.Context) error {
	c, err := s.dial(ctx, "", "", s.URLs()...)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // It has done its work.

	for _, do := range []func() error{
		func() error { _, err := c.RoleAdd(ctx, etcdRoot); return err },
		func() error { return addUser(ctx, c, etcdRoot, s.root, etcdRoot) },
		func() error { _, err := c.RoleAdd(ctx, etcdShared); return err },
		func() error {
			end := clientv3.GetPrefixRangeEnd(runtimeKeys)
			_, err := c.RoleGrantPermission(ctx, etcdShared, runtimeKeys, end, clientv3.PermissionType(clientv3.PermReadWrite))

			return err
		},
		func() error { return addUser(ctx, c, etcdShared, s.shared, etcdShared) },
		func() error { _, err := c.AuthEnable(ctx); return err },
	} {
		if err := do(); err != nil {
			return fmt.Errorf("cannot enable authentication: %w", err)
		}
	}

	return nil
}

func addUser(ctx context.Context, c *clientv3.Client, name, password, role string) error {
	if _, err := c.UserAdd(ctx, name, password); err != nil {
		return fmt.Errorf("cannot add user %s: %w", name, err)
	}

	if _, err := c.UserGrantRole(ctx, name, role); err != nil {
		return fmt.Errorf("cannot grant role %s: %w", role, err)
	}

	return nil
}

// configure makes a user for the provider, and tells it of the cluster.
func (s *EtcdSystem) configure(ctx context.Context) error {
	if err := s.RotateCertificates(ctx); err != nil {
		return err
	}

	if err := s.RotatePassword(ctx); err != nil {
		return err
	}

	err := s.cp.store(ctx, etcdSharedUser, map[string][]byte{"username": []byte(etcdShared), "password": []byte(s.shared)})
	if err != nil {
		return err
	}

	// A graph has to present the certificate, too. It gives no rights.
	return s.cp.Apply(ctx, "",
		clusterProviderConfig("etcd", EtcdConfig, s.config(etcdProviderUser, false)),
		clusterProviderConfig("etcd", EtcdSharedConfig, s.config(etcdSharedUser, true)))
}

// Secrets with users and passwords.
const (
	etcdProviderUser = "etcd-provider"
	etcdSharedUser   = "etcd-shared"
)

func (s *EtcdSystem) config(user string, publish bool) map[string]any {
	return map[string]any{
		"endpoints": list(s.URLs()),
		"tls": map[string]any{
			"caSecretRef":   secretRef(etcdClientCert, "ca.crt"),
			"certSecretRef": secretRef(etcdClientCert, ""),
		},
		"credentials":              map[string]any{"basic": map[string]any{"secretRef": secretRef(user, "")}},
		"publishCredentials":       publish,
		"publishClientCertificate": true,
	}
}

// RotateCertificates issues new certificates for servers and clients, signed by
// the same authority. The old ones stay valid.
func (s *EtcdSystem) RotateCertificates(ctx context.Context) error {
	if err := s.issue(); err != nil {
		return err
	}

	return s.cp.store(ctx, etcdClientCert, s.client.files())
}

// RotatePassword gives the provider another user and password. Its last user
// stays until the next rotation, as in a rotation that nobody is to notice.
func (s *EtcdSystem) RotatePassword(ctx context.Context) error {
	c, err := s.Client(ctx, "", "")
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // It has done its work.

	s.generation++
	name, password := providerUser(s.generation), rand.Text()

	if err := addUser(ctx, c, name, password, etcdRoot); err != nil {
		return err
	}

	err = s.cp.store(ctx, etcdProviderUser, map[string][]byte{"username": []byte(name), "password": []byte(password)})
	if err != nil {
		return err
	}

	if last := s.generation - 2; last > 0 {
		if _, err := c.UserDelete(ctx, providerUser(last)); err != nil {
			return fmt.Errorf("cannot delete user: %w", err)
		}
	}

	return nil
}

func providerUser(generation int) string {
	return "provider-" + strconv.Itoa(generation)
}
