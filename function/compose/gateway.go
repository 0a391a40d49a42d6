package compose

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// An HTTPRoute is what we set of the kind of gateway.networking.k8s.io/v1:
// https://github.com/kubernetes-sigs/gateway-api/blob/v1.6.1/apis/v1/httproute_types.go
type HTTPRoute struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec HTTPRouteSpec `json:"spec"`
}

// HTTPRouteSpec is which requests, by which Gateways, go where.
type HTTPRouteSpec struct {
	ParentRefs []ParentRef     `json:"parentRefs"`
	Hostnames  []string        `json:"hostnames"`
	Rules      []HTTPRouteRule `json:"rules"`
}

// A ParentRef names a Gateway.
type ParentRef struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// An HTTPRouteRule sends requests to backends.
type HTTPRouteRule struct {
	Matches     []HTTPRouteMatch `json:"matches"`
	BackendRefs []BackendRef     `json:"backendRefs"`
}

// An HTTPRouteMatch matches requests.
type HTTPRouteMatch struct {
	Path HTTPPathMatch `json:"path"`
}

// An HTTPPathMatch matches the path of a request.
type HTTPPathMatch struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// A BackendRef names a Service, or an object of another kind.
type BackendRef struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name"`
	Port  int32  `json:"port"`
}

// DeepCopyObject makes an HTTPRoute a runtime.Object. The lists of its spec are shared with the original.
func (r *HTTPRoute) DeepCopyObject() runtime.Object {
	out := *r
	r.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// A VirtualService is what we set of the kind of networking.istio.io/v1:
// https://istio.io/latest/docs/reference/config/networking/virtual-service/
type VirtualService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec VirtualServiceSpec `json:"spec"`
}

// VirtualServiceSpec is which requests, by which Gateways, go where.
type VirtualServiceSpec struct {
	Hosts    []string           `json:"hosts"`
	Gateways []string           `json:"gateways"`
	HTTP     []VirtualHTTPRoute `json:"http"`
}

// A VirtualHTTPRoute sends requests to destinations.
type VirtualHTTPRoute struct {
	Match []HTTPMatch        `json:"match"`
	Route []RouteDestination `json:"route"`
}

// An HTTPMatch matches requests.
type HTTPMatch struct {
	URI StringMatch `json:"uri"`
}

// A StringMatch matches strings.
type StringMatch struct {
	Prefix string `json:"prefix"`
}

// A RouteDestination is a destination of requests.
type RouteDestination struct {
	Destination Destination `json:"destination"`
}

// A Destination is a port of a Service.
type Destination struct {
	Host string          `json:"host"`
	Port DestinationPort `json:"port"`
}

// A DestinationPort is the number of a port.
type DestinationPort struct {
	Number int32 `json:"number"`
}

// DeepCopyObject makes a VirtualService a runtime.Object. The lists of its spec are shared with the original.
func (v *VirtualService) DeepCopyObject() runtime.Object {
	out := *v
	v.DeepCopyInto(&out.ObjectMeta)
	return &out
}
