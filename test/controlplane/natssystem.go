package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Secrets of the NATS system, and their keys.
const (
	natsCA         = "nats-ca"
	natsCreds      = "nats-provider"
	natsSystem     = "nats-system"
	natsSigningKey = "nats-signing-key"
	natsSharedUser = "nats-shared"

	keyCreds = "creds"
	keySeed  = "seed"
)

// A NATSSystem is a NATS cluster with JetStream, TLS, an operator, a system
// account and one for graphs.
type NATSSystem struct {
	*Servers

	cp    *ControlPlane
	ca    *authority
	keys  *natsKeys
	dir   string
	ports []int

	// health are the ports on which the servers tell how they are.
	health []int
}

// A natsConfig is the configuration of a server, whose format admits JSON.
type natsConfig struct {
	ServerName      string            `json:"server_name"` //nolint:tagliatelle // NATS spells it so.
	Listen          string            `json:"listen"`
	HTTP            string            `json:"http"`
	JetStream       natsStore         `json:"jetstream"`
	Cluster         natsCluster       `json:"cluster"`
	TLS             natsTLS           `json:"tls"`
	Operator        string            `json:"operator"`
	SystemAccount   string            `json:"system_account"` //nolint:tagliatelle // NATS spells it so.
	Resolver        string            `json:"resolver"`
	ResolverPreload map[string]string `json:"resolver_preload"` //nolint:tagliatelle // NATS spells it so.
}

type natsStore struct {
	StoreDir  string `json:"store_dir"` //nolint:tagliatelle // NATS spells it so.
	MaxMemory int64  `json:"max_mem"`   //nolint:tagliatelle // NATS spells it so.
	MaxFile   int64  `json:"max_file"`  //nolint:tagliatelle // NATS spells it so.
}

type natsCluster struct {
	Name   string   `json:"name"`
	Listen string   `json:"listen"`
	Routes []string `json:"routes"`
}

type natsTLS struct {
	Cert    string `json:"cert_file"` //nolint:tagliatelle // NATS spells it so.
	Key     string `json:"key_file"`  //nolint:tagliatelle // NATS spells it so.
	Timeout int    `json:"timeout"`
}

func (cp *ControlPlane) startNATSSystem(ctx context.Context) (*NATSSystem, error) {
	bin, err := cp.tools.path(ctx, natsTool())
	if err != nil {
		return nil, err
	}

	ports, err := keptPorts(ctx, 3*systemSize)
	if err != nil {
		return nil, err
	}

	ca, err := newAuthority("graphplane-nats-system")
	if err != nil {
		return nil, err
	}

	keys, err := newNATSKeys()
	if err != nil {
		return nil, err
	}

	s := &NATSSystem{
		cp: cp, ca: ca, keys: keys, dir: filepath.Join(cp.Dir, "nats-system"),
		ports: ports[:systemSize], health: ports[2*systemSize:],
	}
	if err := s.issue(); err != nil {
		return nil, err
	}

	commands := make([]command, systemSize)

	for i, c := range s.configs(ports[systemSize : 2*systemSize]) {
		path, err := c.write(s.dir)
		if err != nil {
			return nil, err
		}

		commands[i] = command{name: c.ServerName, path: bin, args: []string{"--config=" + path}}
	}

	s.Servers = newServers(cp.super, commands)

	if err := s.Mend(ctx); err != nil {
		return nil, err
	}

	return s, nil
}

// issue a certificate for the servers, which read it when they start or reload.
// Clients need none: the runtime cannot present one.
func (s *NATSSystem) issue() error {
	serving, err := s.ca.serve("nats")
	if err != nil {
		return err
	}

	return writeFiles(s.dir, serving.files())
}

func (s *NATSSystem) configs(routes []int) []natsConfig {
	out := make([]natsConfig, systemSize)

	for i := range out {
		name := "nats-" + strconv.Itoa(i)
		out[i] = natsConfig{
			ServerName: name,
			Listen:     fmt.Sprintf("127.0.0.1:%d", s.ports[i]),
			HTTP:       fmt.Sprintf("127.0.0.1:%d", s.health[i]),
			JetStream:  natsStore{StoreDir: filepath.Join(s.dir, name), MaxMemory: 256 << 20, MaxFile: 1 << 30},
			Cluster: natsCluster{
				Name: "graphplane", Listen: fmt.Sprintf("127.0.0.1:%d", routes[i]), Routes: addresses("nats-route", routes),
			},
			TLS:           natsTLS{Cert: filepath.Join(s.dir, "tls.crt"), Key: filepath.Join(s.dir, "tls.key"), Timeout: 5},
			Operator:      s.keys.jwt,
			SystemAccount: s.keys.system.public,
			Resolver:      "MEMORY",
			ResolverPreload: map[string]string{
				s.keys.app.public: s.keys.app.jwt, s.keys.system.public: s.keys.system.jwt,
			},
		}
	}

	return out
}

func (c natsConfig) write(dir string) (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("cannot encode configuration of %s: %w", c.ServerName, err)
	}

	path := filepath.Join(dir, c.ServerName+".conf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return "", fmt.Errorf("cannot write configuration of %s: %w", c.ServerName, err)
	}

	return path, nil
}

// URLs of the servers, for clients.
func (s *NATSSystem) URLs() []string {
	return addresses("tls", s.ports)
}

// TLS returns what a client needs to connect beside its credentials.
func (s *NATSSystem) TLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.ca.cert)

	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}

// Creds returns the credentials file of a new user that may do everything in
// the account of graphs.
func (s *NATSSystem) Creds(name string) ([]byte, error) {
	return s.keys.app.creds(name)
}

// Mend servers that were killed or paused, and wait until all serve and know
// JetStream's leader.
func (s *NATSSystem) Mend(ctx context.Context) error {
	return s.mend(ctx, "the NATS system", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()

		for _, u := range addresses("http", s.health) {
			if err := get(ctx, u+"/healthz"); err != nil {
				return err
			}
		}

		return nil
	})
}

// configure makes users for the provider, and tells it of the system.
func (s *NATSSystem) configure(ctx context.Context) error {
	if err := s.storeSecrets(ctx); err != nil {
		return err
	}

	provider := s.config(natsCreds)
	provider["systemCredentials"] = credsRef(natsSystem)
	provider["signingKey"] = map[string]any{"secretRef": secretRef(natsSigningKey, keySeed), "account": s.keys.app.public}

	shared := s.config(natsSharedUser)
	shared["systemCredentials"] = credsRef(natsSystem)
	shared["publishCredentials"] = true

	return s.cp.Apply(ctx, "",
		clusterProviderConfig("nats", NATSConfig, provider), clusterProviderConfig("nats", NATSSharedConfig, shared))
}

func (s *NATSSystem) config(creds string) map[string]any {
	return map[string]any{
		"servers":     list(s.URLs()),
		"tls":         map[string]any{"caSecretRef": secretRef(natsCA, "ca.crt")},
		"credentials": credsRef(creds),
	}
}

func credsRef(name string) map[string]any {
	return map[string]any{"credsSecretRef": secretRef(name, keyCreds)}
}

func (s *NATSSystem) storeSecrets(ctx context.Context) error {
	seed, err := s.keys.app.signing.Seed()
	if err != nil {
		return fmt.Errorf("cannot read signing key: %w", err)
	}

	system, err := s.keys.system.creds("provider")
	if err != nil {
		return err
	}

	shared, err := s.Creds("shared")
	if err != nil {
		return err
	}

	for name, data := range map[string]map[string][]byte{
		natsCA:         {"ca.crt": s.ca.pem},
		natsSigningKey: {keySeed: seed},
		natsSystem:     {keyCreds: system},
		natsSharedUser: {keyCreds: shared},
	} {
		if err := s.cp.store(ctx, name, data); err != nil {
			return err
		}
	}

	return s.RotateCreds(ctx)
}

// RotateCreds gives the provider another user of the account. Its last one stays
// valid, as in a rotation that nobody is to notice.
func (s *NATSSystem) RotateCreds(ctx context.Context) error {
	creds, err := s.Creds("provider")
	if err != nil {
		return err
	}

	return s.cp.store(ctx, natsCreds, map[string][]byte{keyCreds: creds})
}

// RotateCertificates issues another certificate for the servers, signed by the
// same authority, and makes them use it for new connections.
func (s *NATSSystem) RotateCertificates() error {
	if err := s.issue(); err != nil {
		return err
	}

	s.reload()

	return nil
}
