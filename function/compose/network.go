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
// that the runtime picks, and anybody on its metrics ports, since it cannot be known where Prometheus runs. So does a
// planner, which hears of its workers' load by their events. An endpoint picker answers gateways, and the workers that it
// picks do on their frontends' port: where gateways run cannot be known either. Custom components, whose traffic is not ours to know, are left alone. Nothing restricts what a pod connects to.
//
// All components of a role in one Dynamo namespace share a policy, since every object that Crossplane composes costs it a write a
// reconcile.
func NetworkPolicies(g *graph.Graph) []Resource {
	if !g.NetworkPolicy {
		return nil
	}
	engines := []int32{portSystem, portNIXL}
	if g.EPP != nil {
		engines = append(engines, portHTTP)
	}
	var out []Resource
	for _, r := range []role{
		{name: "frontends", types: []v1alpha1.ComponentType{v1alpha1.TypeFrontend}, ports: []int32{portHTTP}},
		{name: "engines", types: []v1alpha1.ComponentType{v1alpha1.TypeWorker, v1alpha1.TypePrefill, v1alpha1.TypeDecode}, ports: engines},
		{name: "planners", types: []v1alpha1.ComponentType{v1alpha1.TypePlanner}, ports: []int32{portSystem, portPlanner}},
		{name: "pickers", types: []v1alpha1.ComponentType{v1alpha1.TypeEPP}, ports: []int32{portPicker, portPickerHealth, portSystem}},
	} {
		out = append(out, networkPolicy(g, r, g.DynamoNamespace, r.name)...)
		out = append(out, networkPolicy(g, r, names.GlobalNamespace, r.name+".global")...)
	}
	return out
}

// A role is what components of some types do.
type role struct {
	name  string
	types []v1alpha1.ComponentType
	// ports are open to anybody.
	ports []int32
}

// networkPolicy is the policy of the components of a role in one Dynamo namespace, if there are any.
func networkPolicy(g *graph.Graph, r role, namespace, name string) []Resource {
	var types []string
	for _, c := range g.Components {
		if c.DynamoNamespace == namespace && slices.Contains(r.types, c.Type) {
			types = append(types, string(c.Type))
		}
	}
	if len(types) == 0 {
		return nil
	}
	slices.Sort(types)
	peers := &metav1.LabelSelector{MatchLabels: map[string]string{names.DynamoNamespace: namespace}}
	return []Resource{{
		Name: "networkpolicy." + name,
		Object: &networkingv1.NetworkPolicy{
			TypeMeta:   typeMeta(networkingv1.SchemeGroupVersion.String(), "NetworkPolicy"),
			ObjectMeta: objectMeta(g, ""),
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{
					MatchLabels: map[string]string{v1alpha1.LabelGraph: g.Name, names.DynamoNamespace: namespace},
					MatchExpressions: []metav1.LabelSelectorRequirement{{
						Key: v1alpha1.LabelType, Operator: metav1.LabelSelectorOpIn, Values: slices.Compact(types),
					}},
				},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress: []networkingv1.NetworkPolicyIngressRule{
					{Ports: tcp(r.ports)},
					{From: []networkingv1.NetworkPolicyPeer{{PodSelector: peers}}},
				},
			},
		},
		Ready: ready.Exists,
	}}
}

func tcp(ports []int32) []networkingv1.NetworkPolicyPort {
	out := make([]networkingv1.NetworkPolicyPort, 0, len(ports))
	for _, p := range ports {
		out = append(out, networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: new(intstr.FromInt32(p))})
	}
	return out
}
