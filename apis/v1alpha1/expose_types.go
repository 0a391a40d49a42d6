package v1alpha1

// ExposeType is a way to reach the frontend.
// +kubebuilder:validation:Enum=None;Ingress;HTTPRoute;VirtualService;InferencePool
type ExposeType string

// Ways to reach the frontend.
const (
	ExposeNone           ExposeType = "None"
	ExposeIngress        ExposeType = "Ingress"
	ExposeHTTPRoute      ExposeType = "HTTPRoute"
	ExposeVirtualService ExposeType = "VirtualService"
	ExposeInferencePool  ExposeType = "InferencePool"
)

// Expose says how the frontend is reached.
type Expose struct {
	// Type of the route. HTTPRoute needs the InferenceCluster's capability gatewayAPI, and VirtualService istio.
	// InferencePool is an HTTPRoute past the frontend, to the workers that the graph's component of type epp picks. It needs
	// gatewayAPI and inferenceExtension.
	// +kubebuilder:default=None
	Type ExposeType `json:"type"`

	// Host the frontend answers for. Defaults to the graph's name and the InferenceCluster's host suffix.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// TLSSecretName is a Secret with the host's certificate, and makes the graph's URL one of https. Defaults to the
	// InferenceCluster's. An Ingress reads it from the graph's namespace; the Gateway of another route must have it
	// itself.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	TLSSecretName string `json:"tlsSecretName,omitempty"`

	// ClassName of the Ingress. Defaults to the InferenceCluster's, or else to the cluster's.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`

	// GatewayRef is the Gateway of every route but an Ingress, which must let the route in. Defaults to the
	// InferenceCluster's.
	// +optional
	GatewayRef *GatewayReference `json:"gatewayRef,omitempty"`

	// Annotations of the route.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Annotations map[string]string `json:"annotations,omitempty"`

	// Labels of the route.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Labels map[string]string `json:"labels,omitempty"`
}

// GatewayReference names a Gateway.
type GatewayReference struct {
	// Name of the Gateway.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Namespace of the Gateway. Defaults to the graph's.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}
