package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestServicePorts(t *testing.T) {
	custom := func(ports ...corev1.ContainerPort) *graph.Component {
		return &graph.Component{Type: v1alpha1.TypeCustom, Template: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: v1alpha1.MainContainer, Ports: ports}},
		}}}
	}
	cases := map[string]struct {
		reason string
		args   *graph.Component
		want   []corev1.ServicePort
	}{
		"Frontend": {
			reason: "A frontend serves HTTP by the name of its port.",
			args:   &graph.Component{Type: v1alpha1.TypeFrontend, Template: &corev1.PodTemplateSpec{}},
			want:   []corev1.ServicePort{{Name: "http", Port: 8000, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP}},
		},
		"CustomWithoutPorts": {
			reason: "A custom component without ports has no Service.",
			args:   custom(),
			want:   []corev1.ServicePort{},
		},
		"CustomWithoutNames": {
			reason: "Ports without names get one each, without which the API server refuses a Service of several.",
			args:   custom(corev1.ContainerPort{ContainerPort: 53}, corev1.ContainerPort{ContainerPort: 53, Protocol: corev1.ProtocolUDP}, corev1.ContainerPort{Name: "admin", ContainerPort: 80}),
			want: []corev1.ServicePort{
				{Name: "tcp-53", Port: 53, TargetPort: intstr.FromInt32(53), Protocol: corev1.ProtocolTCP},
				{Name: "udp-53", Port: 53, TargetPort: intstr.FromInt32(53), Protocol: corev1.ProtocolUDP},
				{Name: "admin", Port: 80, TargetPort: intstr.FromInt32(80), Protocol: corev1.ProtocolTCP},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, servicePorts(tc.args)); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// An address of the cluster's range is taken only for what answers requests at whichever pod.
func TestServiceAddress(t *testing.T) {
	main := corev1.PodSpec{Containers: []corev1.Container{{Name: v1alpha1.MainContainer, Ports: []corev1.ContainerPort{{Name: "system", ContainerPort: 80}}}}}
	for typ, want := range map[v1alpha1.ComponentType]string{
		v1alpha1.TypeFrontend: "", v1alpha1.TypeEPP: "", v1alpha1.TypeCustom: "",
		v1alpha1.TypeWorker: corev1.ClusterIPNone, v1alpha1.TypePrefill: corev1.ClusterIPNone,
		v1alpha1.TypeDecode: corev1.ClusterIPNone, v1alpha1.TypePlanner: corev1.ClusterIPNone,
	} {
		r := Service(&graph.Graph{}, &graph.Component{Type: typ, Template: &corev1.PodTemplateSpec{Spec: main}})
		s, ok := r[0].Object.(*corev1.Service)
		if !ok {
			t.Fatalf("%s has no Service", typ)
		}
		if s.Spec.ClusterIP != want {
			t.Errorf("the Service of a %s has clusterIP %q, want %q", typ, s.Spec.ClusterIP, want)
		}
	}
}
