// Package serve serves a composition function to Crossplane: gRPC over mTLS,
// with certificates that may be renewed, panics that become Fatal results, a
// stop that lets calls finish, health, reflection and metrics.
//
// It stands in for function.Serve of function-sdk-go, which has none of the
// first three. What that registers and where it listens is kept.
package serve

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	sdk "github.com/crossplane/function-sdk-go"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/proto/v1beta1"
)

// Options of a Server.
type Options struct {
	// Network and Address to listen on for gRPC, as net.Listen takes them.
	Network, Address string

	// CertificatesDir holds tls.crt, tls.key and ca.crt, the authority that
	// signs the certificates of clients. Not read if Insecure.
	CertificatesDir string

	// Insecure serves without TLS, even if there is a CertificatesDir.
	Insecure bool

	// MaxRecvMessageSize is the largest request accepted, in bytes.
	MaxRecvMessageSize int

	// MetricsAddress is where /metrics and /readyz are served over plain HTTP.
	// Nothing is served if it is empty.
	MetricsAddress string

	// ShutdownTimeout is how long a stopping Server waits for calls in flight.
	ShutdownTimeout time.Duration
}

// A Server serves one composition function.
type Server struct {
	log      logging.Logger
	grpc     *grpc.Server
	listener net.Listener
	health   *health
	monitor  *monitor
	timeout  time.Duration
}

// New returns a Server of the supplied function that listens already. It
// returns an error if it cannot listen, if the certificates cannot be used, or
// if the options ask for neither TLS nor Insecure. A metrics address that
// cannot be listened on is only logged.
func New(log logging.Logger, fn fnv1.FunctionRunnerServiceServer, o Options) (*Server, error) {
	if o.MaxRecvMessageSize <= 0 {
		return nil, errors.Errorf("cannot accept messages of at most %d bytes: the maximum must be positive", o.MaxRecvMessageSize)
	}
	m := newMetrics()
	creds, err := transport(log, m, o)
	if err != nil {
		return nil, err
	}
	lc := &net.ListenConfig{}
	lis, err := lc.Listen(context.Background(), o.Network, o.Address)
	if err != nil {
		return nil, errors.Wrapf(err, "cannot listen for %s connections at address %q", o.Network, o.Address)
	}

	srv := grpc.NewServer(grpcOptions(creds, m, o.MaxRecvMessageSize)...)
	h := newHealth(fnv1.FunctionRunnerService_ServiceDesc.ServiceName, v1beta1.FunctionRunnerService_ServiceDesc.ServiceName)
	guarded := &measured{wrapped: &guard{wrapped: fn, log: log, panics: m.panics}, log: log, metrics: m}
	fnv1.RegisterFunctionRunnerServiceServer(srv, guarded)
	v1beta1.RegisterFunctionRunnerServiceServer(srv, sdk.ServeBeta(guarded))
	grpc_health_v1.RegisterHealthServer(srv, h)
	reflection.Register(srv)
	m.rpc.InitializeMetrics(srv)

	return &Server{
		log:      log,
		grpc:     srv,
		listener: lis,
		health:   h,
		monitor:  newMonitor(log, o.MetricsAddress, m.registry, h),
		timeout:  o.ShutdownTimeout,
	}, nil
}

// Addr is where the Server listens for gRPC.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve until the context is done, then stop: health turns NOT_SERVING, no new
// call is accepted, and the calls in flight finish or are cut off when the
// shutdown timeout ends. It returns an error only if it stops unasked. A Server
// serves once.
func (s *Server) Serve(ctx context.Context) error {
	go s.monitor.serve()
	// Closed last, so that probes and scrapes see the stop.
	defer s.monitor.close()

	failed := make(chan error, 1)
	go func() { failed <- s.grpc.Serve(s.listener) }()
	s.log.Info("Serving", "address", s.Addr().String(), "metrics-address", s.monitor.address())

	select {
	case err := <-failed:
		return errors.Wrap(err, "cannot serve gRPC connections")
	case <-ctx.Done():
		s.stop()
		return nil
	}
}

func (s *Server) stop() {
	s.log.Info("Stopping once the calls in flight are done", "timeout", s.timeout.String())
	s.health.Shutdown()

	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()

	timeout := time.NewTimer(s.timeout)
	defer timeout.Stop()
	select {
	case <-stopped:
		s.log.Info("Stopped")
	case <-timeout.C:
		// Stop cuts connections off but first waits for those that are still
		// shaking hands, and for nothing here: the process is about to end.
		go s.grpc.Stop()
		s.log.Info("Stopped before the calls in flight were done")
	}
}

func transport(log logging.Logger, m *metrics, o Options) (credentials.TransportCredentials, error) {
	if o.Insecure {
		return insecure.NewCredentials(), nil
	}
	if o.CertificatesDir == "" {
		return nil, errors.New("cannot serve without credentials: supply a directory of TLS certificates, or ask for insecure connections")
	}
	c, err := newCertificates(log, o.CertificatesDir, m.reloadFailures)
	if err != nil {
		return nil, errors.Wrapf(err, "cannot load TLS certificates from %q", o.CertificatesDir)
	}
	m.watchExpiry(c.expiry)
	return c.credentials(), nil
}
