package simulator

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gpuNode has a label, a taint and eight GPUs.
func gpuNode() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "gpu", Labels: map[string]string{"pool": "a", "zone": "a"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
			gpu: resource.MustParse("8"), corev1.ResourcePods: resource.MustParse("10"),
		}},
	}
}

// fitting is a pod that fits gpuNode, as long as nothing is changed about it.
func fitting(changes ...func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: "default", Labels: map[string]string{"app": "x"}},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"pool": "a"},
			Tolerations:  []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}},
			Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{gpu: resource.MustParse("4")},
			}}},
		},
	}
	for _, c := range changes {
		c(&p)
	}

	return p
}

func on(node string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Name, p.Spec.NodeName = "on-"+node, node }
}

func near(anti bool) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		terms := []corev1.PodAffinityTerm{{
			TopologyKey: "zone", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}},
		}}

		p.Spec.Affinity = &corev1.Affinity{}
		if anti {
			p.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
			return
		}

		p.Spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
	}
}

func TestFits(t *testing.T) {
	other := gpuNode()
	other.Name, other.Labels["zone"] = "other", "b"

	cases := map[string]struct {
		reason string
		pod    corev1.Pod
		pods   []corev1.Pod
		want   string
	}{
		"Fits":     {"A pod that wants what the node has fits", fitting(), nil, ""},
		"Selector": {"Another label does not do", fitting(func(p *corev1.Pod) { p.Spec.NodeSelector["pool"] = "b" }), nil, "node(s) didn't match Pod's node affinity/selector"},
		"Taint":    {"A taint has to be tolerated", fitting(func(p *corev1.Pod) { p.Spec.Tolerations = nil }), nil, "node(s) had untolerated taint {gpu: yes}"},
		"Used":     {"What others use is not free", fitting(), []corev1.Pod{fitting(on("gpu")), fitting(on("gpu"))}, "Insufficient nvidia.com/gpu"},
		"Ended":    {"What has ended uses nothing", fitting(), []corev1.Pod{fitting(on("gpu")), fitting(on("gpu"), func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })}, ""},
		"Unknown": {"A resource the node does not offer is missing", fitting(func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Requests["vpc.amazonaws.com/efa"] = resource.MustParse("1")
		}), nil, "Insufficient vpc.amazonaws.com/efa"},
		"Claims":   {"Devices of a claim are known only of a node that is there", fitting(func(p *corev1.Pod) { p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu"}} }), nil, "node(s) cannot allocate all claims"},
		"First":    {"The first of pods that want to be together may be anywhere", fitting(near(false)), nil, ""},
		"Together": {"The next is near the first", fitting(near(false)), []corev1.Pod{fitting(on("gpu"))}, ""},
		"Apart":    {"And nowhere else", fitting(near(false)), []corev1.Pod{fitting(on("other"))}, "node(s) didn't match pod affinity rules"},
		"Anti":     {"Pods that want to be apart are", fitting(near(true)), []corev1.Pod{fitting(on("gpu"))}, "node(s) didn't match pod anti-affinity rules"},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := fits(tc.pod, gpuNode(), cluster{nodes: []corev1.Node{*gpuNode(), *other}, pods: tc.pods}); err != nil {
				got = err.Error()
			}

			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
