package compose

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// NetworkPolicies admit only the traffic that the roles of a graph need. A frontend answers anybody on its HTTP port.
// An engine answers processes of its Dynamo namespace on every port, since requests and KV cache transfers use ports
// that the runtime picks, and anybody on its metrics ports, since it cannot be known where Prometheus runs. Custom
// components, whose traffic is not ours to know, are left alone. Nothing restricts what a pod connects to.
func NetworkPolicies(g *graph.Graph) []Resource {
	if !g.NetworkPolicy {
		return nil
	}
	var out []Resource
	for i := range g.Components {
		c := &g.Components[i]
		switch {
		case c.Type == v1alpha1.TypeFrontend:
			out = append(out, networkPolicy(g, c, ingressOn(portHTTP), ingressFrom(c)))
		case c.Worker():
			out = append(out, networkPolicy(g, c, ingressOn(portSystem, portNIXL), ingressFrom(c)))
		}
	}
	return out
}

func networkPolicy(g *graph.Graph, c *graph.Component, ingress ...networkingv1.NetworkPolicyIngressRule) Resource {
	return Resource{
		Name: "networkpolicy." + c.Key,
		Object: &networkingv1.NetworkPolicy{
			TypeMeta:   typeMeta(networkingv1.SchemeGroupVersion.String(), "NetworkPolicy"),
			ObjectMeta: componentMeta(g, c, ""),
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: names.Selector(g.Name, c.Name)},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress:     ingress,
			},
		},
		Ready: ready.Exists,
	}
}

// ingressOn admits anybody on some ports.
func ingressOn(ports ...int32) networkingv1.NetworkPolicyIngressRule {
	r := networkingv1.NetworkPolicyIngressRule{}
	for _, p := range ports {
		r.Ports = append(r.Ports, networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(p))})
	}
	return r
}

// ingressFrom admits processes of the component's Dynamo namespace on every port.
func ingressFrom(c *graph.Component) networkingv1.NetworkPolicyIngressRule {
	return networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{{
		PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{names.DynamoNamespace: c.DynamoNamespace}},
	}}}
}
