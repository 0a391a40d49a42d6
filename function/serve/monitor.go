package serve

import (
	"context"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
)

// A monitor serves /metrics, and /readyz because the kubelet's gRPC probe does
// not speak TLS. The function is served whether or not its monitor can be.
type monitor struct {
	log      logging.Logger
	server   *http.Server
	listener net.Listener // nil if there is nothing to serve.
}

func newMonitor(l logging.Logger, address string, g prometheus.Gatherer, h *health) *monitor {
	problems := log.New(lines{log: l}, "", 0)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{ErrorLog: problems}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if !h.serving(r.Context()) {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	m := &monitor{log: l, server: &http.Server{Handler: mux, ErrorLog: problems, ReadHeaderTimeout: 10 * time.Second}}
	if address == "" {
		return m
	}
	lc := &net.ListenConfig{}
	lis, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		l.Info("Cannot listen for metrics, serving without them", "address", address, "error", err)
		return m
	}
	m.listener = lis
	return m
}

// address is empty if there is nothing to serve.
func (m *monitor) address() string {
	if m.listener == nil {
		return ""
	}
	return m.listener.Addr().String()
}

func (m *monitor) serve() {
	if m.listener == nil {
		return
	}
	if err := m.server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
		m.log.Info("Cannot serve metrics any longer", "address", m.address(), "error", err)
	}
}

func (m *monitor) close() {
	if err := m.server.Close(); err != nil {
		m.log.Debug("Cannot close the metrics server", "error", err)
	}
}

// lines logs what the standard library would print.
type lines struct {
	log logging.Logger
}

func (l lines) Write(p []byte) (int, error) {
	l.log.Info("Metrics server", "message", strings.TrimSpace(string(p)))
	return len(p), nil
}
