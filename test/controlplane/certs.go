package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certLifetime is longer than any control plane of this kind runs.
const certLifetime = 30 * 24 * time.Hour

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// newAuthority makes a certificate authority of our own, for the API server.
func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot generate key of %s: %w", name, err)
	}

	t := unsigned(name)
	t.IsCA = true
	t.BasicConstraintsValid = true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature

	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign certificate of %s: %w", name, err)
	}

	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("cannot parse certificate of %s: %w", name, err)
	}

	return &authority{cert: cert, key: key, pem: encode("CERTIFICATE", der)}, nil
}

// parseAuthority reads an authority from the content of its two PEM files.
func parseAuthority(certPEM, keyPEM []byte) (*authority, error) {
	c, _ := pem.Decode(certPEM)
	k, _ := pem.Decode(keyPEM)

	if c == nil || k == nil {
		return nil, errors.New("cannot decode certificate authority: not PEM")
	}

	cert, err := x509.ParseCertificate(c.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot parse certificate of authority: %w", err)
	}

	key, err := parseKey(k.Bytes)
	if err != nil {
		return nil, err
	}

	return &authority{cert: cert, key: key, pem: certPEM}, nil
}

// parseKey parses a private key in any of the encodings that Go's own library
// and Crossplane write.
func parseKey(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}

	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}

	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("cannot parse key of authority: %w", err)
	}

	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("cannot sign with a key of type %T", k)
	}

	return s, nil
}

// A pair is a certificate with its key and the authority that signed it, in PEM.
type pair struct {
	cert, key, ca []byte
}

// serve returns a certificate for a server on loopback.
func (a *authority) serve(name string, dnsNames ...string) (pair, error) {
	return a.issue(name, x509.ExtKeyUsageServerAuth, dnsNames...)
}

// present returns a certificate for a client.
func (a *authority) present(name string) (pair, error) {
	return a.issue(name, x509.ExtKeyUsageClientAuth)
}

func (a *authority) issue(name string, usage x509.ExtKeyUsage, dnsNames ...string) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("cannot generate key of %s: %w", name, err)
	}

	t := unsigned(name)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	t.DNSNames = append([]string{"localhost"}, dnsNames...)
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}

	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return pair{}, fmt.Errorf("cannot sign certificate of %s: %w", name, err)
	}

	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, fmt.Errorf("cannot encode key of %s: %w", name, err)
	}

	return pair{cert: encode("CERTIFICATE", der), key: encode("PRIVATE KEY", keyDER), ca: a.pem}, nil
}

// files are named as in a Secret of type kubernetes.io/tls.
func (p pair) files() map[string][]byte {
	return map[string][]byte{"tls.crt": p.cert, "tls.key": p.key, "ca.crt": p.ca}
}

func unsigned(name string) *x509.Certificate {
	now := time.Now()

	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certLifetime),
	}
}

// writeKeyPair writes a new key and its public half, with which the API server
// signs and checks the tokens of ServiceAccounts.
func writeKeyPair(private, public string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("cannot generate key: %w", err)
	}

	priv, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("cannot encode key: %w", err)
	}

	pub, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("cannot encode public key: %w", err)
	}

	if err := os.WriteFile(private, encode("EC PRIVATE KEY", priv), 0o600); err != nil {
		return fmt.Errorf("cannot write key: %w", err)
	}

	if err := os.WriteFile(public, encode("PUBLIC KEY", pub), 0o600); err != nil {
		return fmt.Errorf("cannot write public key: %w", err)
	}

	return nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// writeFiles into a new or existing directory.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make directory: %w", err)
	}

	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("cannot write %s: %w", name, err)
		}
	}

	return nil
}
