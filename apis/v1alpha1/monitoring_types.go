package v1alpha1

// Monitoring says how metrics are collected.
type Monitoring struct {
	// Enabled composes a PodMonitor where the InferenceCluster has the Prometheus operator.
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// Interval between two scrapes.
	// +optional
	// +kubebuilder:validation:Pattern=`^[0-9]+(ms|s|m|h)$`
	// +kubebuilder:default="5s"
	Interval string `json:"interval,omitempty"`

	// Labels of the PodMonitor, by which a Prometheus selects it.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Labels map[string]string `json:"labels,omitempty"`
}
