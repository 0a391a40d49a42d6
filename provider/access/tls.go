package access

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// TLS is a resolved TLS configuration.
type TLS struct {
	// CA, Cert and Key in PEM; empty where there is none.
	CA, Cert, Key []byte
	// ServerName expected instead of the host's name.
	ServerName string
	// Insecure accepts any certificate.
	Insecure bool
	// NotAfter of the client certificate; zero where there is none.
	NotAfter time.Time
}

// TLS reads what a ProviderConfig's tls refers to and checks that it fits
// together.
func (r Reader) TLS(ctx context.Context, field string, t *v1alpha1.TLS) (*TLS, error) {
	if t == nil {
		return &TLS{}, nil
	}
	out := &TLS{}
	if t.ServerName != nil {
		out.ServerName = *t.ServerName
	}
	if t.InsecureSkipVerify != nil {
		out.Insecure = *t.InsecureSkipVerify
	}
	if t.CASecretRef != nil {
		f := field + ".caSecretRef"
		ca, err := r.Value(ctx, f, t.CASecretRef.SecretReference, t.CASecretRef.Key)
		if err != nil {
			return nil, err
		}
		if !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
			return nil, errors.Errorf("%s: key %q holds no PEM certificate: store the CA bundle there", f, t.CASecretRef.Key)
		}
		out.CA = []byte(ca + "\n")
	}
	if t.CertSecretRef == nil {
		return out, nil
	}
	return out, r.pair(ctx, field+".certSecretRef", *t.CertSecretRef, out)
}

func (r Reader) pair(ctx context.Context, field string, ref v1alpha1.SecretReference, out *TLS) error {
	cert, err := r.Value(ctx, field, ref, "tls.crt")
	if err != nil {
		return errors.Wrap(err, "half a TLS pair")
	}
	key, err := r.Value(ctx, field, ref, "tls.key")
	if err != nil {
		return errors.Wrap(err, "half a TLS pair")
	}
	p, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		// The reason of crypto/tls names no key material, but PEM headers
		// could hold anything: tell what was expected instead.
		return errors.Errorf("%s: tls.crt and tls.key are not a PEM certificate and its private key: store a matching pair", field)
	}
	out.Cert, out.Key, out.NotAfter = []byte(cert+"\n"), []byte(key+"\n"), p.Leaf.NotAfter
	return nil
}

// Expiry remembers until when each server's certificate is valid.
type Expiry struct {
	mu sync.Mutex
	at map[string]time.Time
}

// Earliest end of the certificates seen; zero without any.
func (e *Expiry) Earliest() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := time.Time{}
	for _, t := range e.at {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first
}

func (e *Expiry) see(server string, t time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]time.Time{}
	}
	e.at[server] = t
}

// Config for a server at an address. What its certificate says is kept in e.
func (t *TLS) Config(server string, e *Expiry) *tls.Config {
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.Insecure, //nolint:gosec // The user asked for it.
	}
	if len(t.CA) > 0 {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM(t.CA)
	}
	if len(t.Cert) > 0 {
		// TLS has checked the pair.
		if p, err := tls.X509KeyPair(t.Cert, t.Key); err == nil {
			c.Certificates = []tls.Certificate{p}
		}
	}
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) > 0 {
			e.see(server, s.PeerCertificates[0].NotAfter)
		}
		return nil
	}
	return c
}
