package access

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// A Fault is why a server could not be used, in words that do not change from
// one attempt to the next and hold no secret.
type Fault struct {
	// Message is one clause, such as "nothing listens there".
	Message string
	// Refused is whether the server did not accept who we are, rather than
	// being out of reach.
	Refused bool
}

// Explain why a server could not be reached.
func Explain(err error) Fault {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		dns       *net.DNSError
		handshake *handshakeError
	)
	switch {
	case err == nil:
		return Fault{}
	case errors.As(err, &authority):
		return Fault{Message: "its certificate is signed by an unknown authority: check tls.caSecretRef"}
	case errors.As(err, &host):
		return Fault{Message: "its certificate is for another name: check the address or set tls.serverName"}
	case errors.As(err, &invalid):
		return certificate(invalid)
	case errors.As(err, &record):
		return Fault{Message: "it does not speak TLS: use a plain-text address or turn TLS on at the server"}
	case errors.As(err, &alert):
		return remote(alert.Error())
	case errors.As(err, &dns):
		return Fault{Message: "its name cannot be resolved: check the address"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return Fault{Message: "nothing listens there"}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return Fault{Message: "it does not answer in time"}
	case errors.As(err, &handshake) && errors.Is(err, io.EOF):
		return Fault{Message: "it ends the TLS handshake: check that it serves TLS"}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Fault{Message: "it closes the connection"}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return remote(op.Err.Error())
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Fault{Message: "it does not answer in time"}
	}
	return Fault{Message: "the connection fails"}
}

func certificate(err x509.CertificateInvalidError) Fault {
	if err.Reason == x509.Expired {
		return Fault{Message: "its certificate has expired or is not valid yet: renew it"}
	}
	return Fault{Message: "its certificate is not valid for a server: issue another one"}
}

// remote explains the alert by which a server ends a handshake.
func remote(alert string) Fault {
	switch {
	case strings.Contains(alert, "certificate required"):
		return Fault{Refused: true, Message: "it requires a client certificate: set tls.certSecretRef"}
	case strings.Contains(alert, "expired certificate"):
		return Fault{Refused: true, Message: "our client certificate has expired: renew the Secret of tls.certSecretRef"}
	case strings.Contains(alert, "unknown certificate authority"), strings.Contains(alert, "bad certificate"):
		return Fault{Refused: true, Message: "it does not accept our client certificate: check tls.certSecretRef"}
	}
	return Fault{Message: "it ends the TLS handshake: check the protocol versions of both sides"}
}

// A handshakeError is a failure of the TLS handshake.
type handshakeError struct{ error }

// Unwrap the failure.
func (e *handshakeError) Unwrap() error { return e.error }

// Dial connects to a server only to explain why a client could not. A server
// that asks for a client certificate tells so after the handshake, so a first
// byte is waited for. It returns nil where nothing is wrong.
func Dial(ctx context.Context, address string, c *tls.Config) error {
	d := net.Dialer{}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // Nothing was sent.
	if c == nil {
		return nil
	}
	c = c.Clone()
	if c.ServerName == "" {
		if c.ServerName, _, err = net.SplitHostPort(address); err != nil {
			return err
		}
	}
	// gRPC servers hang up on a client that does not offer HTTP/2.
	c.NextProtos = []string{"h2"}
	t := tls.Client(conn, c)
	if err := t.HandshakeContext(ctx); err != nil {
		return &handshakeError{error: err}
	}
	if err := t.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return err
	}
	_, err = t.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}
