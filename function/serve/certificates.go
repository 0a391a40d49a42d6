package serve

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/credentials"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
)

// How often the files are read at most, whoever connects how often. The kubelet
// takes up to a minute to bring a new Secret into a volume, so a second more is
// nothing.
const rereadInterval = time.Second

// certificates are the key pair of the server and the authority of its clients:
// tls.crt, tls.key and ca.crt in one directory. They are read again when a
// client connects. Contents are compared rather than times, because a Secret
// volume replaces a symbolic link above the files, and because three small
// files cost less than the handshake that asks for them.
//
// Files that cannot be used, for instance because only some of them are
// written yet, change nothing but the log: the last good ones stay.
type certificates struct {
	log      logging.Logger
	dir      string
	files    fs.FS
	interval time.Duration
	failures prometheus.Counter

	mu      sync.Mutex
	read    time.Time
	digest  [sha256.Size]byte
	problem string
	config  *tls.Config
}

// newCertificates returns an error if the files cannot be used now.
func newCertificates(log logging.Logger, dir string, failures prometheus.Counter) (*certificates, error) {
	c := &certificates{log: log, dir: dir, files: os.DirFS(dir), interval: rereadInterval, failures: failures}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// credentials ask for the current certificates at every handshake.
func (c *certificates) credentials() credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		// gRPC wants a certificate or one of these callbacks.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current(), nil },
	})
}

// expiry is when the current server certificate ends.
func (c *certificates) expiry() time.Time {
	return c.current().Certificates[0].Leaf.NotAfter
}

func (c *certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) < c.interval {
		return c.config
	}
	before := c.digest
	err := c.load()
	switch {
	case err != nil:
		c.failures.Inc()
		// Once for each problem, not once for each client.
		if err.Error() != c.problem {
			c.problem = err.Error()
			c.log.Info("Cannot load changed TLS certificates, the former ones stay", "directory", c.dir, "error", err)
		}
	case c.digest != before:
		c.log.Info("Loaded changed TLS certificates", "directory", c.dir, "expires", c.config.Certificates[0].Leaf.NotAfter.Format(time.RFC3339))
	}
	return c.config
}

func (c *certificates) load() error {
	c.read = time.Now()
	crt, err := fs.ReadFile(c.files, "tls.crt")
	if err != nil {
		return errors.Wrap(err, "cannot read certificate")
	}
	key, err := fs.ReadFile(c.files, "tls.key")
	if err != nil {
		return errors.Wrap(err, "cannot read private key")
	}
	ca, err := fs.ReadFile(c.files, "ca.crt")
	if err != nil {
		return errors.Wrap(err, "cannot read CA certificate")
	}
	digest := sha256.Sum256(bytes.Join([][]byte{crt, key, ca}, []byte{0}))
	if digest == c.digest {
		c.problem = ""
		return nil
	}
	config, err := parse(crt, key, ca)
	if err != nil {
		return err
	}
	c.config, c.digest, c.problem = config, digest, ""
	return nil
}

func parse(crt, key, ca []byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(crt, key)
	if err != nil {
		return nil, errors.Wrap(err, "cannot use certificate with private key")
	}
	pool, err := authorities(ca)
	if err != nil {
		return nil, errors.Wrap(err, "cannot use CA certificate")
	}
	return &tls.Config{
		// Crossplane has spoken TLS 1.3 for longer than we support it.
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{pair},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		// A resumed session would carry a client past a changed authority.
		SessionTicketsDisabled: true,
	}, nil
}

// authorities reads a whole bundle. x509.CertPool.AppendCertsFromPEM would take
// what it understands of a half-written one.
func authorities(bundle []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	n := 0
	for {
		block, rest := pem.Decode(bundle)
		if block == nil {
			break
		}
		bundle = rest
		crt, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot parse certificate %d", n+1)
		}
		pool.AddCert(crt)
		n++
	}
	if n == 0 {
		return nil, errors.New("there is no certificate")
	}
	if bytes.Contains(bundle, []byte("-----BEGIN")) {
		return nil, errors.Errorf("certificate %d is incomplete", n+1)
	}
	return pool, nil
}
