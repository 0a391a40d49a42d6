package serve

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
)

// serveCertificates for real handshakes, and say where.
func serveCertificates(t *testing.T, c *certificates) string {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.Creds(c.credentials()))
	grpc_health_v1.RegisterHealthServer(srv, newHealth())
	go func() { _ = srv.Serve(lis) }()
	t.Cleanup(srv.Stop)
	return lis.Addr().String()
}

// enters is whether a client gets an answer over a new connection.
func enters(t *testing.T, address string, client *tls.Config) bool {
	t.Helper()
	conn := dial(t, address, credentials.NewTLS(client))
	defer func() { _ = conn.Close() }()
	_, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	return err == nil
}

func TestClients(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	twelve := ours.client(t, ours)
	twelve.MaxVersion = tls.VersionTLS12
	pair, err := tls.X509KeyPair(ours.issue(t, x509.ExtKeyUsageServerAuth))
	if err != nil {
		t.Fatal(err)
	}
	server := ours.stranger()
	server.Certificates = []tls.Certificate{pair}

	cases := map[string]struct {
		reason string
		client *tls.Config
		want   bool
	}{
		"Known":       {reason: "A client with a certificate of the authority gets in", client: ours.client(t, ours), want: true},
		"Foreign":     {reason: "A certificate of another authority is refused", client: theirs.client(t, ours)},
		"Anonymous":   {reason: "A client without a certificate is refused", client: ours.stranger()},
		"Server":      {reason: "A certificate for servers does not identify a client", client: server},
		"OldProtocol": {reason: "TLS 1.2 is refused", client: twelve},
	}
	c, err := newCertificates(logging.NewNopLogger(), newVolume(t, ours.files(t)).dir, prometheus.NewCounter(prometheus.CounterOpts{}))
	if err != nil {
		t.Fatal(err)
	}
	address := serveCertificates(t, c)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, enters(t, address, tc.client)); diff != "" {
				t.Errorf("%s: enters(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	// A client that would resume its session, were it given a ticket.
	former := before.client(t, before)
	former.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	// It trusts the new server, so what refuses it is the server.
	former.RootCAs.AddCert(after.crt)
	renewed := after.client(t, after)

	mixed := after.files(t)
	mixed["tls.key"] = before.files(t)["tls.key"]
	truncated := after.files(t)
	truncated["tls.crt"] = truncated["tls.crt"][:len(truncated["tls.crt"])/2]
	keyless := after.files(t)
	delete(keyless, "tls.key")
	both := after.files(t)
	both["ca.crt"] = append(before.pem(), after.pem()...)

	type want struct {
		Former, Renewed bool
		Failures        float64
		Problems        int
	}
	steps := []struct {
		reason string
		files  map[string][]byte
		want   want
	}{
		{reason: "The first authority's client gets in", want: want{Former: true}},
		{reason: "A pair that does not match keeps the former one, and is logged once", files: mixed, want: want{Former: true, Failures: 2, Problems: 1}},
		{reason: "A half-written certificate keeps the former one", files: truncated, want: want{Former: true, Failures: 4, Problems: 2}},
		{reason: "A missing file keeps the former pair", files: keyless, want: want{Former: true, Failures: 6, Problems: 3}},
		{reason: "Both get in while the bundle holds both authorities", files: both, want: want{Former: true, Renewed: true, Failures: 6, Problems: 3}},
		{reason: "Only the new authority's client gets in when the former is gone", files: after.files(t), want: want{Renewed: true, Failures: 6, Problems: 3}},
		{reason: "The same problem is logged again after it was gone", files: keyless, want: want{Renewed: true, Failures: 8, Problems: 4}},
	}

	v := newVolume(t, before.files(t))
	rec := &recorder{}
	failures := prometheus.NewCounter(prometheus.CounterOpts{})
	c, err := newCertificates(rec.logger(), v.dir, failures)
	if err != nil {
		t.Fatal(err)
	}
	c.interval = 0
	address := serveCertificates(t, c)
	for _, s := range steps {
		if s.files != nil {
			v.write(t, s.files)
		}
		got := want{
			Former:   enters(t, address, former),
			Renewed:  enters(t, address, renewed),
			Failures: value(t, failures),
			Problems: rec.count("Cannot load changed TLS certificates"),
		}
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", s.reason, diff)
		}
	}
}

func TestInterval(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	v := newVolume(t, before.files(t))
	c, err := newCertificates(logging.NewNopLogger(), v.dir, prometheus.NewCounter(prometheus.CounterOpts{}))
	if err != nil {
		t.Fatal(err)
	}
	c.interval = time.Hour
	first := c.current()
	v.write(t, after.files(t))
	if c.current() != first {
		t.Errorf("current(): the files were read again before the interval ended")
	}
	c.interval = 0
	if c.current() == first {
		t.Errorf("current(): the files were not read again after the interval ended")
	}
}

func TestNewCertificates(t *testing.T) {
	a := newAuthority(t)
	with := func(name string, b []byte) map[string][]byte {
		files := maps.Clone(a.files(t))
		files[name] = b
		return files
	}
	without := func(name string) map[string][]byte {
		files := a.files(t)
		delete(files, name)
		return files
	}
	broken := append(a.pem(), []byte("-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n")...)
	twice := append(a.pem(), a.pem()...)

	cases := map[string]struct {
		reason string
		files  map[string][]byte
		want   bool
	}{
		"Complete":        {reason: "A pair and an authority load", files: a.files(t), want: true},
		"Comments":        {reason: "Text around certificates is no error", files: with("ca.crt", append(append([]byte("# ours\n"), a.pem()...), "# end\n"...)), want: true},
		"NoCertificate":   {reason: "tls.crt must be there", files: without("tls.crt")},
		"NoKey":           {reason: "tls.key must be there", files: without("tls.key")},
		"NoAuthority":     {reason: "ca.crt must be there", files: without("ca.crt")},
		"ForeignKey":      {reason: "The key must be that of the certificate", files: with("tls.key", a.files(t)["tls.key"])},
		"EmptyAuthority":  {reason: "An empty ca.crt would refuse every client", files: with("ca.crt", nil)},
		"BrokenAuthority": {reason: "Every certificate of a bundle must parse", files: with("ca.crt", broken)},
		"PartOfBundle":    {reason: "A bundle cut short is not taken in part", files: with("ca.crt", twice[:len(twice)-20])},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := newCertificates(logging.NewNopLogger(), newVolume(t, tc.files).dir, prometheus.NewCounter(prometheus.CounterOpts{}))
			if diff := cmp.Diff(tc.want, err == nil); diff != "" {
				t.Errorf("%s: newCertificates(...): %v: -want, +got:\n%s", tc.reason, err, diff)
			}
		})
	}
}
