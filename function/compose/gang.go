package compose

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// What KAI and Volcano read of a pod and of its workload.
// https://github.com/NVIDIA/KAI-Scheduler/blob/v0.12.0/pkg/podgrouper/podgrouper/plugins/defaultgrouper/default_grouper.go
// https://github.com/kubernetes-sigs/lws/blob/v0.9.0/pkg/schedulerprovider/volcano_provider.go
const (
	kaiScheduler = "kai-scheduler"
	kaiQueue     = "kai.scheduler/queue"
	kaiTopology  = "kai.scheduler/topology"
	kaiRequired  = "kai.scheduler/topology-required-placement"
	kaiPreferred = "kai.scheduler/topology-preferred-placement"

	volcanoScheduler = "volcano"
	volcanoQueue     = "scheduling.volcano.sh/queue-name"
)

// place hands a pod to the scheduler of its graph.
func place(g *graph.Graph, t *corev1.PodTemplateSpec) {
	if g.Gang == nil {
		return
	}
	switch g.Gang.Scheduler {
	case v1alpha1.SchedulerKAI:
		t.Spec.SchedulerName = kaiScheduler
	case v1alpha1.SchedulerVolcano:
		t.Spec.SchedulerName = volcanoScheduler
	case v1alpha1.SchedulerDefault:
	}
	t.ObjectMeta = queued(g, t.ObjectMeta)
}

// queued puts a pod or a workload into the queue of its graph. KAI reads a label and Volcano an annotation, each of the
// workload first.
func queued(g *graph.Graph, m metav1.ObjectMeta) metav1.ObjectMeta {
	if g.Gang == nil || g.Gang.Queue == "" {
		return m
	}
	if g.Gang.Scheduler == v1alpha1.SchedulerKAI {
		m.Labels = with(m.Labels, kaiQueue, g.Gang.Queue)
		return m
	}
	m.Annotations = with(m.Annotations, volcanoQueue, g.Gang.Queue)
	return m
}

// packed says of a LeaderWorkerSet which nodes of a topology each of its groups is packed into.
func packed(g *graph.Graph, m metav1.ObjectMeta) metav1.ObjectMeta {
	if g.Gang == nil || g.Gang.Topology == nil {
		return m
	}
	t := g.Gang.Topology
	placement := kaiPreferred
	if t.Required {
		placement = kaiRequired
	}
	m.Annotations = with(with(m.Annotations, kaiTopology, t.Name), placement, t.Domain)
	return m
}

// with returns a copy of labels or annotations that has one more.
func with(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}
