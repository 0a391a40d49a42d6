package managed

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// Metrics of Endpoints: all that moves too much for a status.
type Metrics struct {
	up, members, healthy     *prometheus.GaugeVec
	size, quota, term        *prometheus.GaugeVec
	rtt, memory, storageUsed *prometheus.GaugeVec
	probe                    *prometheus.HistogramVec
}

// NewMetrics that are not registered yet.
func NewMetrics() *Metrics {
	labels := []string{"technology", "namespace", "name"}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "graphplane", Subsystem: "endpoint", Name: name, Help: help}, labels)
	}
	return &Metrics{
		up:          gauge("up", "Whether the system of an Endpoint is usable (1) or not (0)."),
		members:     gauge("members", "Members or servers that an Endpoint's system has."),
		healthy:     gauge("healthy_members", "Members or servers of an Endpoint's system that answer."),
		size:        gauge("etcd_db_size_bytes", "Largest database in use of the members of an etcd cluster."),
		quota:       gauge("etcd_db_quota_bytes", "Smallest database quota of the members of an etcd cluster."),
		term:        gauge("etcd_raft_term", "Raft term of an etcd cluster."),
		rtt:         gauge("nats_rtt_seconds", "Shortest round trip to a NATS server."),
		memory:      gauge("nats_jetstream_memory_bytes", "Memory that JetStream uses for the account."),
		storageUsed: gauge("nats_jetstream_used_bytes", "File storage that JetStream uses for the account."),
		probe: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "graphplane", Subsystem: "endpoint", Name: "probe_duration_seconds",
			Help:    "How long it took to probe all members of a system.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8},
		}, []string{"technology"}),
	}
}

func (m *Metrics) gauges() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.up, m.members, m.healthy, m.size, m.quota, m.term, m.rtt, m.memory, m.storageUsed}
}

// Describe the metrics.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range m.gauges() {
		g.Describe(ch)
	}
	m.probe.Describe(ch)
}

// Collect the metrics.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, g := range m.gauges() {
		g.Collect(ch)
	}
	m.probe.Collect(ch)
}

// Up sets what every technology has.
func (m *Metrics) Up(technology string, n types.NamespacedName, up, members, healthy float64) {
	m.up.WithLabelValues(technology, n.Namespace, n.Name).Set(up)
	m.members.WithLabelValues(technology, n.Namespace, n.Name).Set(members)
	m.healthy.WithLabelValues(technology, n.Namespace, n.Name).Set(healthy)
}

// Etcd sets what etcd has.
func (m *Metrics) Etcd(n types.NamespacedName, size, quota, term float64) {
	m.size.WithLabelValues("etcd", n.Namespace, n.Name).Set(size)
	m.quota.WithLabelValues("etcd", n.Namespace, n.Name).Set(quota)
	m.term.WithLabelValues("etcd", n.Namespace, n.Name).Set(term)
}

// NATS sets what NATS has.
func (m *Metrics) NATS(n types.NamespacedName, rtt time.Duration, memory, storage float64) {
	m.rtt.WithLabelValues("nats", n.Namespace, n.Name).Set(rtt.Seconds())
	m.memory.WithLabelValues("nats", n.Namespace, n.Name).Set(memory)
	m.storageUsed.WithLabelValues("nats", n.Namespace, n.Name).Set(storage)
}

// Probed a system.
func (m *Metrics) Probed(technology string, took time.Duration) {
	m.probe.WithLabelValues(technology).Observe(took.Seconds())
}

// Forget an Endpoint that is gone.
func (m *Metrics) Forget(technology string, n types.NamespacedName) {
	for _, g := range m.gauges() {
		g.DeleteLabelValues(technology, n.Namespace, n.Name)
	}
}
