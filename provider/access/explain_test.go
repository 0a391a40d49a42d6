package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExplain holds each fault against the words that users read. None of them
// moves from one attempt to the next, as ports and addresses would.
func TestExplain(t *testing.T) {
	remote := func(s string) error { return &net.OpError{Op: "remote error", Err: errors.New("tls: " + s)} }
	cases := map[string]struct {
		reason string
		args   error
		want   Fault
	}{
		"Nothing":    {reason: "No error is no fault."},
		"Refused":    {"Nobody listens.", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, Fault{Message: "nothing listens there"}},
		"Deadline":   {"A silent server is not one that refuses.", fmt.Errorf("read tcp 127.0.0.1:1234: %w", context.DeadlineExceeded), Fault{Message: "it does not answer in time"}},
		"IOTimeout":  {"Nor is one that stops in between.", os.ErrDeadlineExceeded, Fault{Message: "it does not answer in time"}},
		"DNS":        {"A name that leads nowhere is told.", &net.DNSError{Name: "nowhere"}, Fault{Message: "its name cannot be resolved: check the address"}},
		"Handshake":  {"A server that hangs up on TLS speaks none.", &handshakeError{io.EOF}, Fault{Message: "it ends the TLS handshake: check that it serves TLS"}},
		"HangsUp":    {"One that hangs up later does not say why.", io.EOF, Fault{Message: "it closes the connection"}},
		"Reset":      {"Nor does one that resets.", os.NewSyscallError("read", syscall.ECONNRESET), Fault{Message: "it closes the connection"}},
		"Required":   {"A certificate is asked for.", remote("certificate required"), Fault{Refused: true, Message: "it requires a client certificate: set tls.certSecretRef"}},
		"OurExpired": {"Ours has expired.", remote("expired certificate"), Fault{Refused: true, Message: "our client certificate has expired: renew the Secret of tls.certSecretRef"}},
		"OurCA":      {"Ours is signed by somebody else.", remote("unknown certificate authority"), Fault{Refused: true, Message: "it does not accept our client certificate: check tls.certSecretRef"}},
		"OurBad":     {"Ours is no good.", remote("bad certificate"), Fault{Refused: true, Message: "it does not accept our client certificate: check tls.certSecretRef"}},
		"Protocol":   {"The two have no version in common.", remote("protocol version not supported"), Fault{Message: "it ends the TLS handshake: check the protocol versions of both sides"}},
		"Unknown":    {"What is not known is not quoted: it could hold anything.", errors.New("s3cr3t"), Fault{Message: "the connection fails"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Explain(tc.args)); diff != "" {
				t.Errorf("\n%s\nExplain(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
