package compose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Roles of the pods of a group.
const (
	roleLeader = "leader"
	roleWorker = "worker"
)

// LeaderWorkerSet runs a component of several nodes. The engines of a group are one process: when a pod restarts, all
// of them do. Groups are replaced one at a time and before another is added, since nobody keeps idle GPUs for a surge.
func LeaderWorkerSet(g *graph.Graph, c *graph.Component) Resource {
	meta := componentMeta(g, c, c.Group.Object)
	meta.Labels[names.DynamoGraph] = g.Name
	meta.Labels[names.DynamoComponent] = c.Name
	meta.Labels[names.DynamoNamespace] = c.DynamoNamespace
	meta = packed(g, queued(g, meta))
	return scaled(c, Resource{
		Name: WorkloadResource(c),
		Object: &lws.LeaderWorkerSet{
			TypeMeta:   typeMeta(lws.APIVersion, lws.Kind),
			ObjectMeta: meta,
			Spec: lws.Spec{
				Replicas: c.Replicas,
				LeaderWorkerTemplate: lws.LeaderWorkerTemplate{
					LeaderTemplate: groupTemplate(g, c, roleLeader),
					WorkerTemplate: groupTemplate(g, c, roleWorker),
					Size:           c.Group.Nodes,
					RestartPolicy:  "RecreateGroupOnPodRestart",
				},
				RolloutStrategy: lws.RolloutStrategy{
					Type: "RollingUpdate",
					RollingUpdateConfiguration: lws.RollingConfiguration{
						MaxUnavailable: intstr.FromInt32(1), MaxSurge: intstr.FromInt32(0),
					},
				},
				StartupPolicy: "LeaderCreated",
				NetworkConfig: lws.NetworkConfig{SubdomainPolicy: "Shared"},
			},
		},
		Ready: ready.LeaderWorkerSet,
		Workloads: whole(c, lws.Kind, c.Group.Object,
			[]string{"spec", "leaderWorkerTemplate", "leaderTemplate"}, []string{"spec", "leaderWorkerTemplate", "workerTemplate"}),
	})
}

// groupTemplate is the pod of one role of a group. A worker whose engine is part of the leader's serves nothing, so it
// has no probes, and it starts when the leader's name resolves: an engine that asks too early ends, and the whole group
// starts again.
func groupTemplate(g *graph.Graph, c *graph.Component, role string) corev1.PodTemplateSpec {
	t := PodTemplate(g, c)
	t.Labels[v1alpha1.LabelRole] = role
	if c.Group.Join == graph.JoinNone {
		return t
	}
	main := &t.Spec.Containers[0]
	main.Command, main.Args = joined(c.Group, main.Command, main.Args, role)
	if role == roleWorker {
		main.LivenessProbe, main.ReadinessProbe, main.StartupProbe = nil, nil, nil
		if usesMPI(c) {
			// Here the leader waits for the others.
			main.ReadinessProbe = answersSSH()
			return t
		}
		t.Spec.InitContainers = append(waitForLeader(c.Group, main.Image, t.Spec.InitContainers), t.Spec.InitContainers...)
	}
	return t
}

// waitForLeader is an init container that ends when the leader has an address. A user's own of the same name is taken
// instead.
func waitForLeader(g *graph.Group, image string, others []corev1.Container) []corev1.Container {
	const name = "wait-for-leader"
	if slices.ContainsFunc(others, func(k corev1.Container) bool { return k.Name == name }) {
		return nil
	}
	k := corev1.Container{
		Name: name, Image: image,
		Command: []string{"/bin/sh", "-c", `until getent hosts "` + peersOf(g).shellLeader + `"; do sleep 2; done`},
	}
	harden(&k)
	return []corev1.Container{k}
}

// serving selects the pods of a component that answer requests: all of one node each, the leaders of those of several
// nodes, and all where each node has engines of its own.
func serving(g *graph.Graph, c *graph.Component) map[string]string {
	s := names.Selector(g.Name, c.Name)
	if c.Group != nil && c.Group.Join != graph.JoinDataParallel {
		s[v1alpha1.LabelRole] = roleLeader
	}
	return s
}

// available is how many pods of a component a disruption leaves. In a component of several nodes, a lost pod takes its
// replica along, and each of the next may take another, so as many pods may go as replicas.
func available(c *graph.Component) int32 {
	least := *c.MinAvailable
	switch {
	case c.Group == nil:
		return least
	case c.Replicas == nil:
		return least * c.Group.Nodes
	}
	return *c.Replicas*c.Group.Nodes - max(*c.Replicas-least, 0)
}
