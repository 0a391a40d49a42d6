package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Monitoring says how metrics are collected.
type Monitoring struct {
	// Enabled composes a PodMonitor and alert rules where the InferenceCluster has the Prometheus operator.
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// Interval between two scrapes.
	// +optional
	// +kubebuilder:validation:Pattern=`^[0-9]+(ms|s|m|h)$`
	// +kubebuilder:default="5s"
	Interval string `json:"interval,omitempty"`

	// TTFT is the 95th percentile of the time to the first token above which an alert fires. Defaults to the shortest that
	// a component's scaling.slo keeps, and to no alert.
	// +optional
	TTFT *metav1.Duration `json:"ttft,omitempty"`

	// Labels of the PodMonitor and of the alert rules, by which a Prometheus selects them.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Labels map[string]string `json:"labels,omitempty"`
}
