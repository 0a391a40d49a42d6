package compose

import (
	"slices"

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
//
// A role has one policy for all of its components, since every object that Crossplane composes costs it a write a
// reconcile.
func NetworkPolicies(g *graph.Graph) []Resource {
	if !g.NetworkPolicy {
		return nil
	}
	var frontends, engines []*graph.Component
	for i := range g.Components {
		switch c := &g.Components[i]; {
		case c.Type == v1alpha1.TypeFrontend:
			frontends = append(frontends, c)
		case c.Worker():
			engines = append(engines, c)
		}
	}
	return slices.Concat(
		networkPolicy(g, "frontends", frontends, portHTTP),
		networkPolicy(g, "engines", engines, portSystem, portNIXL),
	)
}

// networkPolicy admits anybody to components on some ports, and processes of their Dynamo namespaces on every port.
func networkPolicy(g *graph.Graph, role string, components []*graph.Component, ports ...int32) []Resource {
	if len(components) == 0 {
		return nil
	}
	var types, namespaces []string
	for _, c := range components {
		types = append(types, string(c.Type))
		namespaces = append(namespaces, c.DynamoNamespace)
	}
	return []Resource{{
		Name: "networkpolicy." + role,
		Object: &networkingv1.NetworkPolicy{
			TypeMeta:   typeMeta(networkingv1.SchemeGroupVersion.String(), "NetworkPolicy"),
			ObjectMeta: objectMeta(g, ""),
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{
					MatchLabels:      map[string]string{v1alpha1.LabelGraph: g.Name},
					MatchExpressions: []metav1.LabelSelectorRequirement{in(v1alpha1.LabelType, types)},
				},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress: []networkingv1.NetworkPolicyIngressRule{
					{Ports: tcp(ports)},
					{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{
						MatchExpressions: []metav1.LabelSelectorRequirement{in(names.DynamoNamespace, namespaces)},
					}}}},
				},
			},
		},
		Ready: ready.Exists,
	}}
}

func in(label string, values []string) metav1.LabelSelectorRequirement {
	slices.Sort(values)
	return metav1.LabelSelectorRequirement{Key: label, Operator: metav1.LabelSelectorOpIn, Values: slices.Compact(values)}
}

func tcp(ports []int32) []networkingv1.NetworkPolicyPort {
	out := make([]networkingv1.NetworkPolicyPort, 0, len(ports))
	for _, p := range ports {
		out = append(out, networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(p))})
	}
	return out
}
