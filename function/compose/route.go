package compose

import (
	"maps"
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Route leads to the frontend from outside. A route of another type is another resource, so that one takes the other's
// place.
func Route(g *graph.Graph) []Resource {
	if g.Expose == nil {
		return nil
	}
	switch g.Expose.Type {
	case v1alpha1.ExposeIngress:
		return []Resource{{Name: "ingress.frontend", Object: ingress(g), Ready: ready.Exists}}
	case v1alpha1.ExposeHTTPRoute, v1alpha1.ExposeInferencePool:
		return []Resource{{Name: "httproute.frontend", Object: httpRoute(g), Ready: ready.HTTPRoute}}
	case v1alpha1.ExposeVirtualService:
		return []Resource{{Name: "virtualservice.frontend", Object: virtualService(g), Ready: ready.Exists}}
	case v1alpha1.ExposeNone:
	}
	return nil
}

// URL is where the frontend of a graph is reached: by its route, or else inside the cluster. It is empty for a graph
// without a frontend.
func URL(g *graph.Graph) string {
	if e := g.Expose; e != nil {
		if e.TLSSecretName != "" {
			return "https://" + e.Host
		}
		return "http://" + e.Host
	}
	for _, c := range g.Components {
		if c.Type == v1alpha1.TypeFrontend {
			return "http://" + c.Object + "." + g.Namespace + ".svc:" + strconv.Itoa(portHTTP)
		}
	}
	return ""
}

// routeMeta has what the user wants on the route, with ours over it.
func routeMeta(g *graph.Graph) metav1.ObjectMeta {
	m := labelledMeta(g, g.Expose.Labels)
	m.Annotations = maps.Clone(g.Expose.Annotations)
	return m
}

func ingress(g *graph.Graph) *networkingv1.Ingress {
	e := g.Expose
	out := &networkingv1.Ingress{
		TypeMeta:   typeMeta(networkingv1.SchemeGroupVersion.String(), "Ingress"),
		ObjectMeta: routeMeta(g),
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: e.Host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: new(networkingv1.PathTypePrefix),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: e.Service, Port: networkingv1.ServiceBackendPort{Number: portHTTP},
				}},
			}}}},
		}}},
	}
	if e.ClassName != "" {
		out.Spec.IngressClassName = new(e.ClassName)
	}
	if e.TLSSecretName != "" {
		out.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{e.Host}, SecretName: e.TLSSecretName}}
	}
	return out
}

func httpRoute(g *graph.Graph) runtime.Object {
	e := g.Expose
	return &HTTPRoute{
		TypeMeta:   typeMeta("gateway.networking.k8s.io/v1", "HTTPRoute"),
		ObjectMeta: routeMeta(g),
		Spec: HTTPRouteSpec{
			ParentRefs: []ParentRef{{Namespace: e.Gateway.Namespace, Name: e.Gateway.Name}},
			Hostnames:  []string{e.Host},
			Rules: []HTTPRouteRule{{
				Matches:     []HTTPRouteMatch{{Path: HTTPPathMatch{Type: "PathPrefix", Value: "/"}}},
				BackendRefs: []BackendRef{backend(g)},
			}},
		},
	}
}

// backend is what a route of the Gateway API leads to: the frontend's Service, or the pool of workers.
func backend(g *graph.Graph) BackendRef {
	if g.Expose.Type == v1alpha1.ExposeInferencePool {
		return BackendRef{Group: inferencePoolGroup, Kind: "InferencePool", Name: names.Pool(g.Name), Port: portHTTP}
	}
	return BackendRef{Name: g.Expose.Service, Port: portHTTP}
}

// virtualService names the frontend's Service by its short name, which Istio completes by the route's own namespace,
// whatever the cluster's domain is.
func virtualService(g *graph.Graph) runtime.Object {
	e := g.Expose
	return &VirtualService{
		TypeMeta:   typeMeta("networking.istio.io/v1", "VirtualService"),
		ObjectMeta: routeMeta(g),
		Spec: VirtualServiceSpec{
			Hosts:    []string{e.Host},
			Gateways: []string{e.Gateway.Namespace + "/" + e.Gateway.Name},
			HTTP: []VirtualHTTPRoute{{
				Match: []HTTPMatch{{URI: StringMatch{Prefix: "/"}}},
				Route: []RouteDestination{{Destination: Destination{Host: e.Service, Port: DestinationPort{Number: portHTTP}}}},
			}},
		},
	}
}
