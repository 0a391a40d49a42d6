package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
)

const serverName = "function.test"

// An authority signs the certificates of both sides, as Crossplane's does.
type authority struct {
	crt *x509.Certificate
	key *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &authority{key: key, crt: &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "authority"},
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.crt, a.crt, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	if a.crt, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return a
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.crt.Raw})
}

// issue a certificate and its key, both in PEM.
func (a *authority) issue(tb testing.TB, usage x509.ExtKeyUsage) (crt, key []byte) {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		DNSNames:     []string{serverName},
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.crt, k.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// files of a server whose clients have the same authority.
func (a *authority) files(tb testing.TB) map[string][]byte {
	tb.Helper()
	crt, key := a.issue(tb, x509.ExtKeyUsageServerAuth)
	return map[string][]byte{"tls.crt": crt, "tls.key": key, "ca.crt": a.pem()}
}

// client has a certificate of this authority and trusts servers of another.
func (a *authority) client(tb testing.TB, servers *authority) *tls.Config {
	tb.Helper()
	pair, err := tls.X509KeyPair(a.issue(tb, x509.ExtKeyUsageClientAuth))
	if err != nil {
		tb.Fatal(err)
	}
	c := servers.stranger()
	c.Certificates = []tls.Certificate{pair}
	return c
}

// stranger trusts servers of this authority and has no certificate.
func (a *authority) stranger() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.crt)
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: serverName, RootCAs: pool}
}

func (a *authority) clientCredentials(tb testing.TB) credentials.TransportCredentials {
	tb.Helper()
	return credentials.NewTLS(a.client(tb, a))
}

// A volume is a directory that changes as the kubelet changes that of a Secret:
// the files are links into ..data, itself a link that is replaced.
type volume struct {
	dir string
}

func newVolume(tb testing.TB, files map[string][]byte) *volume {
	tb.Helper()
	v := &volume{dir: tb.TempDir()}
	v.write(tb, files)
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(v.dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
	return v
}

func (v *volume) write(tb testing.TB, files map[string][]byte) {
	tb.Helper()
	dir, err := os.MkdirTemp(v.dir, "..") //nolint:usetesting // The link must stay within the volume.
	if err != nil {
		tb.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	link := filepath.Join(v.dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(dir), link); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(v.dir, "..data")); err != nil {
		tb.Fatal(err)
	}
}
