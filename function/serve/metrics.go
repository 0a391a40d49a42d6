package serve

import (
	"runtime/debug"
	"sync"
	"time"

	grpcprometheus "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const (
	namespace = "graphplane"
	subsystem = "function"

	// An installation composes a few dozen kinds. More than this come from
	// another function of the pipeline, and are counted together.
	maxKinds = 100
	other    = "other"
)

// metrics of a Server, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry

	rpc            *grpcprometheus.ServerMetrics
	calls          *prometheus.CounterVec
	duration       prometheus.Histogram
	inFlight       prometheus.Gauge
	results        *prometheus.CounterVec
	panics         prometheus.Counter
	reloadFailures prometheus.Counter
	composed       *kinds
}

func newMetrics() *metrics {
	composed := prometheus.NewCounterVec(counter("composed_resources_total",
		"Composed resources in the desired state of responses without a Fatal result, by their API version and kind. "+
			"A resource is counted again at every call. Kinds past the first 100 are counted as \"other\"."),
		[]string{"api_version", "kind"})
	m := &metrics{
		registry: prometheus.NewRegistry(),
		rpc:      grpcprometheus.NewServerMetrics(),
		calls: prometheus.NewCounterVec(counter("calls_total",
			"Calls of the function by outcome: success, fatal (a Fatal result, nothing was applied) or error (a gRPC error)."),
			[]string{"outcome"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "call_duration_seconds",
			Help:    "Time that the function took for one call, without reading the request and writing the response.",
			Buckets: prometheus.ExponentialBuckets(0.00025, 2, 16), // 250 µs to 8 s.
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "calls_in_flight",
			Help: "Calls of the function that have not returned yet.",
		}),
		results: prometheus.NewCounterVec(counter("results_total",
			"Results in responses by severity: normal, warning, fatal or unspecified. Crossplane makes each an event."),
			[]string{"severity"}),
		panics: prometheus.NewCounter(counter("panics_total",
			"Calls in which the function panicked and was answered for with a Fatal result.")),
		reloadFailures: prometheus.NewCounter(counter("certificate_reload_failures_total",
			"Times that the files of the TLS certificates were found unusable, so that the former certificates stayed.")),
		composed: &kinds{vec: composed, seen: map[kind]prometheus.Counter{}},
	}
	m.registry.MustRegister(
		m.rpc, m.calls, m.duration, m.inFlight, m.results, m.panics, m.reloadFailures, composed, buildInfo(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, o := range []string{outcomeSuccess, outcomeFatal, outcomeError} {
		m.calls.WithLabelValues(o)
	}
	return m
}

// watchExpiry reads when the server certificate ends at every scrape. That also
// has changed files noticed while no client connects.
func (m *metrics) watchExpiry(expiry func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "certificate_expiry_timestamp_seconds",
		Help: "When the TLS certificate that the function serves with ends, in seconds since 1970.",
	}, func() float64 { return float64(expiry().Unix()) }))
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
}

func buildInfo() prometheus.Collector {
	version, revision, goVersion := "unknown", "unknown", "unknown"
	if bi, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = bi.Main.Version, bi.GoVersion
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "build_info",
		Help:        "Always 1, labelled with the version and revision of the function and the version of Go it was built with.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go_version": goVersion},
	}, func() float64 { return 1 })
}

type kind struct {
	apiVersion, kind string
}

// kinds counts by kind, of which it tells only so many apart.
type kinds struct {
	vec *prometheus.CounterVec

	mu   sync.RWMutex
	seen map[kind]prometheus.Counter
}

func (k *kinds) inc(of kind) {
	k.mu.RLock()
	c, ok := k.seen[of]
	k.mu.RUnlock()
	if !ok {
		c = k.add(of)
	}
	c.Inc()
}

func (k *kinds) add(of kind) prometheus.Counter {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.seen) >= maxKinds {
		return k.vec.WithLabelValues(other, other)
	}
	c := k.vec.WithLabelValues(of.apiVersion, of.kind)
	k.seen[of] = c
	return c
}
