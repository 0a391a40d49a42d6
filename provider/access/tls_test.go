package access

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/test/authority"
)

func TestReaderTLS(t *testing.T) {
	a := authority.New(t)
	one, two := a.Issue(t, authority.Options{}), a.Issue(t, authority.Options{})
	ca := &v1alpha1.SecretKeyReference{SecretReference: v1alpha1.SecretReference{Name: "s"}, Key: "ca.crt"}
	pair := &v1alpha1.SecretReference{Name: "s"}
	type args struct {
		data map[string]string
		tls  *v1alpha1.TLS
	}
	cases := map[string]struct {
		reason string
		args   args
		// want in the error; empty for none.
		want string
	}{
		"None":      {reason: "No settings are no fault."},
		"CA":        {reason: "A CA alone is enough.", args: args{map[string]string{"ca.crt": string(a.PEM)}, &v1alpha1.TLS{CASecretRef: ca}}},
		"Pair":      {reason: "So is a pair.", args: args{map[string]string{"tls.crt": string(one.Cert), "tls.key": string(one.Key)}, &v1alpha1.TLS{CertSecretRef: pair}}},
		"JunkCA":    {"A CA is PEM.", args{map[string]string{"ca.crt": "s3cr3t"}, &v1alpha1.TLS{CASecretRef: ca}}, `f.caSecretRef: key "ca.crt" holds no PEM certificate`},
		"NoCA":      {"A CA that is referred to is there.", args{nil, &v1alpha1.TLS{CASecretRef: ca}}, `has no value under the key "ca.crt"`},
		"HalfPair":  {"A certificate has its key.", args{map[string]string{"tls.crt": string(one.Cert)}, &v1alpha1.TLS{CertSecretRef: pair}}, "half a TLS pair"},
		"OtherHalf": {"And a key its certificate.", args{map[string]string{"tls.key": string(one.Key)}, &v1alpha1.TLS{CertSecretRef: pair}}, "half a TLS pair"},
		"MixedPair": {"The two belong together.", args{map[string]string{"tls.crt": string(one.Cert), "tls.key": string(two.Key)}, &v1alpha1.TLS{CertSecretRef: pair}}, "store a matching pair"},
		"JunkPair":  {"Both are PEM.", args{map[string]string{"tls.crt": "s3cr3t", "tls.key": "s3cr3t"}, &v1alpha1.TLS{CertSecretRef: pair}}, "store a matching pair"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := reader("ns", tc.args.data).TLS(t.Context(), "f", tc.args.tls)
			if tc.want == "" {
				if err != nil || got == nil {
					t.Fatalf("\n%s\nTLS(...): %v, %v", tc.reason, got, err)
				}
				return
			}
			if m := message(err); !strings.Contains(m, tc.want) || strings.Contains(m, "s3cr3t") {
				t.Errorf("\n%s\nTLS(...): want %q and no secret in: %s", tc.reason, tc.want, m)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	e := &Expiry{}
	if !e.Earliest().IsZero() {
		t.Error("Earliest(): want none before a server was seen")
	}
	now := time.Now()
	e.see("a", now.Add(time.Hour))
	e.see("b", now.Add(2*time.Hour))
	if diff := cmp.Diff(now.Add(time.Hour), e.Earliest()); diff != "" {
		t.Errorf("Earliest(): -want, +got:\n%s", diff)
	}
	// A renewed certificate takes the place of the old one.
	e.see("a", now.Add(3*time.Hour))
	if diff := cmp.Diff(now.Add(2*time.Hour), e.Earliest()); diff != "" {
		t.Errorf("Earliest(): -want, +got:\n%s", diff)
	}
}

// TestDialExplains dials real servers, each with another fault.
func TestDialExplains(t *testing.T) {
	a := authority.New(t)
	good := a.Issue(t, authority.Options{})
	cases := map[string]struct {
		reason string
		// server to listen with; nil for plain text.
		server func(c *tls.Config)
		pair   authority.Pair
		client *TLS
		want   Fault
	}{
		"Fine": {reason: "Nothing is wrong.", pair: good, client: &TLS{CA: a.PEM}},
		"UnknownAuthority": {
			reason: "A CA that signed nothing is told.", pair: good, client: &TLS{CA: authority.New(t).PEM},
			want: Fault{Message: "its certificate is signed by an unknown authority: check tls.caSecretRef"},
		},
		"OtherName": {
			reason: "So is a certificate for another name.", pair: a.Issue(t, authority.Options{DNSNames: []string{"elsewhere"}}), client: &TLS{CA: a.PEM},
			want: Fault{Message: "its certificate is for another name: check the address or set tls.serverName"},
		},
		"ServerName": {
			reason: "Unless that is the name that is expected.", pair: a.Issue(t, authority.Options{DNSNames: []string{"elsewhere"}}),
			client: &TLS{CA: a.PEM, ServerName: "elsewhere"},
		},
		"Expired": {
			reason: "So is one that has expired.", pair: a.Issue(t, authority.Options{NotAfter: time.Now().Add(-time.Hour)}), client: &TLS{CA: a.PEM},
			want: Fault{Message: "its certificate has expired or is not valid yet: renew it"},
		},
		"NoClientCertificate": {
			reason: "A server that wants a certificate is told, which it says after the handshake.", pair: good, client: &TLS{CA: a.PEM},
			server: func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert },
			want:   Fault{Refused: true, Message: "it requires a client certificate: set tls.certSecretRef"},
		},
		"ClientCertificate": {
			reason: "With one, all is well.", pair: good, client: &TLS{CA: a.PEM, Cert: good.Cert, Key: good.Key},
			server: func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			sc := a.Config(t, tc.pair)
			sc.NextProtos = []string{"h2"}
			if tc.server != nil {
				tc.server(sc)
			}
			addr := serve(t, sc)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			got := Explain(Dial(ctx, addr, tc.client.Config(addr, &Expiry{})))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nExplain(Dial(...)): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// serve TLS and keep every connection open until the test ends.
func serve(t *testing.T, c *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go keep(conn)
		}
	}()
	return l.Addr().String()
}

func keep(c net.Conn) {
	defer c.Close()
	for b := make([]byte, 1); ; {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}
