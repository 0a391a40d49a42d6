package controlplane

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

const (
	metricsService = "metrics"

	resourceMetrics = "metrics.k8s.io"
	externalMetrics = "external.metrics.k8s.io"
	metricsVersion  = "v1beta1"
)

// Metrics are what autoscalers read of pods and of the world outside, as a
// metrics server and an adapter serve them. All values are what a test set.
type Metrics struct {
	pods kubernetes.Interface

	mu       sync.Mutex
	cpu      map[string]resource.Quantity
	external map[[2]string]resource.Quantity
}

// SetCPU says how much CPU each pod of a namespace uses. Pods of a namespace that
// nothing was said of have no metrics.
func (m *Metrics) SetCPU(namespace, each string) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.cpu[namespace] = resource.MustParse(each)
}

// SetExternal sets an external metric of a namespace.
func (m *Metrics) SetExternal(namespace, name, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.external[[2]string{namespace, name}] = resource.MustParse(value)
}

// Metrics returns what autoscalers read. It is nil without Options.Metrics.
func (cp *ControlPlane) Metrics() *Metrics {
	return cp.metrics
}

// startMetrics serves metrics.k8s.io and external.metrics.k8s.io over TLS, and
// has the API server aggregate them.
func (cp *ControlPlane) startMetrics(ctx context.Context) error {
	cp.metrics = &Metrics{pods: cp.client, cpu: map[string]resource.Quantity{}, external: map[[2]string]resource.Quantity{}}

	ca, err := newAuthority("graphplane-metrics")
	if err != nil {
		return err
	}

	serving, err := ca.serve("metrics", metricsService+".kube-system.svc")
	if err != nil {
		return err
	}

	cert, err := tls.X509KeyPair(serving.cert, serving.key)
	if err != nil {
		return fmt.Errorf("cannot read certificate of metrics: %w", err)
	}

	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for metrics: %w", err)
	}

	cp.metricsServer = &http.Server{
		Handler: cp.metrics.handler(), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	}

	go func() { _ = cp.metricsServer.ServeTLS(l, "", "") }()

	return cp.aggregate(ctx, l.Addr(), serving.ca)
}

// aggregate registers the metrics at the API server. A Service of an external
// name is the only kind that leads to loopback.
func (cp *ControlPlane) aggregate(ctx context.Context, at net.Addr, ca []byte) error {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("cannot tell the port of %s", at)
	}

	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: metricsService, Namespace: metav1.NamespaceSystem},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: tcp.IP.String()},
	}
	if _, err := cp.client.CoreV1().Services(s.Namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create Service of metrics: %w", err)
	}

	for _, group := range []string{resourceMetrics, externalMetrics} {
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": map[string]any{"name": metricsVersion + "." + group},
			"spec": map[string]any{
				"group": group, "version": metricsVersion, "groupPriorityMinimum": int64(100), "versionPriority": int64(100),
				"service":  map[string]any{"name": s.Name, "namespace": s.Namespace, "port": int64(tcp.Port)},
				"caBundle": base64.StdEncoding.EncodeToString(ca),
			},
		}}
		if err := cp.Apply(ctx, "", o); err != nil {
			return err
		}

		if err := cp.Wait(ctx, o, "Available"); err != nil {
			return err
		}
	}

	return nil
}

func (m *Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/"+resourceMetrics+"/"+metricsVersion, resources(resourceMetrics, "pods", "PodMetrics"))
	mux.HandleFunc("GET /apis/"+externalMetrics+"/"+metricsVersion, resources(externalMetrics, "*", "ExternalMetricValueList"))
	mux.HandleFunc("GET /apis/"+resourceMetrics+"/"+metricsVersion+"/namespaces/{namespace}/pods", m.podMetrics)
	mux.HandleFunc("GET /apis/"+externalMetrics+"/"+metricsVersion+"/namespaces/{namespace}/{name}", m.externalMetric)

	return mux
}

// resources answers discovery, by which the API server sees that we are there.
func resources(group, name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		respond(w, metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
			GroupVersion: group + "/" + metricsVersion,
			APIResources: []metav1.APIResource{{Name: name, Namespaced: true, Kind: kind, Verbs: metav1.Verbs{"get", "list"}}},
		})
	}
}

// podMetrics is a PodMetricsList of metrics.k8s.io/v1beta1.
func (m *Metrics) podMetrics(w http.ResponseWriter, r *http.Request) {
	namespace := r.PathValue("namespace")

	m.mu.Lock()
	cpu, known := m.cpu[namespace]
	m.mu.Unlock()

	items := []any{}

	if known {
		pods, err := m.pods.CoreV1().Pods(namespace).List(r.Context(), metav1.ListOptions{LabelSelector: r.URL.Query().Get("labelSelector")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}

		for _, p := range pods.Items {
			if p.Status.Phase == corev1.PodRunning {
				items = append(items, podUsage(p, cpu))
			}
		}
	}

	respond(w, map[string]any{"apiVersion": resourceMetrics + "/" + metricsVersion, "kind": "PodMetricsList", "metadata": map[string]any{}, "items": items})
}

func podUsage(p corev1.Pod, cpu resource.Quantity) map[string]any {
	containers := make([]any, 0, len(p.Spec.Containers))
	for _, c := range p.Spec.Containers {
		containers = append(containers, map[string]any{"name": c.Name, "usage": map[string]any{"cpu": cpu, "memory": "1Gi"}})
	}

	return map[string]any{
		"metadata":  map[string]any{"name": p.Name, "namespace": p.Namespace, "labels": p.Labels},
		"timestamp": metav1.Now(), "window": metav1.Duration{Duration: time.Second}, "containers": containers,
	}
}

// externalMetric is an ExternalMetricValueList of external.metrics.k8s.io/v1beta1.
func (m *Metrics) externalMetric(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")

	m.mu.Lock()
	value, known := m.external[[2]string{r.PathValue("namespace"), name}]
	m.mu.Unlock()

	items := []any{}
	if known {
		items = append(items, map[string]any{"metricName": name, "metricLabels": map[string]any{}, "timestamp": metav1.Now(), "value": value})
	}

	respond(w, map[string]any{"apiVersion": externalMetrics + "/" + metricsVersion, "kind": "ExternalMetricValueList", "metadata": map[string]any{}, "items": items})
}

func respond(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
