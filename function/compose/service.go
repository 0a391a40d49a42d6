package compose

import (
	"cmp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Service gives a component a name, and its endpoints to discovery. A custom component gets one for the ports that its
// main container declares. Engines and planners are asked pod by pod, so theirs is headless: it takes no address of the
// cluster's range and no rules on its nodes.
func Service(g *graph.Graph, c *graph.Component) []Resource {
	ports := servicePorts(c)
	if len(ports) == 0 {
		return nil
	}
	meta := componentMeta(g, c, c.Object)
	meta.Labels[names.DynamoNamespace] = c.DynamoNamespace
	discoveryLabels(g, meta.Labels)
	spec := corev1.ServiceSpec{Selector: serving(g, c), Ports: ports}
	if askedByPod(c) {
		spec.ClusterIP = corev1.ClusterIPNone
	}
	return []Resource{{
		Name: "service." + c.Key,
		Object: &corev1.Service{
			TypeMeta:   typeMeta("v1", "Service"),
			ObjectMeta: meta,
			Spec:       spec,
		},
		Ready: ready.Exists,
	}}
}

// askedByPod reports whether nobody sends requests to whichever pod of a component.
func askedByPod(c *graph.Component) bool {
	return c.Worker() || c.Type == v1alpha1.TypePlanner
}

func servicePorts(c *graph.Component) []corev1.ServicePort {
	switch {
	case c.Type == v1alpha1.TypeFrontend:
		return []corev1.ServicePort{servicePort("http", portHTTP)}
	case c.Type == v1alpha1.TypeEPP:
		grpc := servicePort("grpc", portPicker)
		grpc.AppProtocol = new("http2")
		return []corev1.ServicePort{grpc}
	case askedByPod(c):
		return []corev1.ServicePort{servicePort("system", portSystem)}
	}
	main, _ := c.Main()
	out := make([]corev1.ServicePort, 0, len(main.Ports))
	for _, p := range main.Ports {
		protocol := cmp.Or(p.Protocol, corev1.ProtocolTCP)
		out = append(out, corev1.ServicePort{
			// A Service of several ports needs a name for each, a container does not.
			Name: cmp.Or(p.Name, strings.ToLower(string(protocol))+"-"+strconv.Itoa(int(p.ContainerPort))),
			Port: p.ContainerPort, TargetPort: intstr.FromInt32(p.ContainerPort), Protocol: protocol,
		})
	}
	return out
}

func servicePort(name string, port int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: port, TargetPort: intstr.FromString(name), Protocol: corev1.ProtocolTCP}
}

// discoveryLabels mark what takes part in discovery through Kubernetes: Services, by whose endpoints the runtime finds
// its peers, and their pods.
func discoveryLabels(g *graph.Graph, labels map[string]string) {
	if g.Discovery != v1alpha1.DiscoveryKubernetes {
		return
	}
	labels[names.DynamoDiscovery] = string(v1alpha1.DiscoveryKubernetes)
	labels[names.DynamoDiscoveryEnabled] = "true"
}

// DisruptionBudget keeps a component available while nodes are drained.
func DisruptionBudget(g *graph.Graph, c *graph.Component) []Resource {
	if c.MinAvailable == nil {
		return nil
	}
	return []Resource{{
		Name: "poddisruptionbudget." + c.Key,
		Object: &policyv1.PodDisruptionBudget{
			TypeMeta:   typeMeta(policyv1.SchemeGroupVersion.String(), "PodDisruptionBudget"),
			ObjectMeta: componentMeta(g, c, ""),
			Spec: policyv1.PodDisruptionBudgetSpec{
				MinAvailable: new(intstr.FromInt32(available(c))),
				Selector:     &metav1.LabelSelector{MatchLabels: names.Selector(g.Name, c.Name)},
			},
		},
		Ready: ready.Exists,
	}}
}
