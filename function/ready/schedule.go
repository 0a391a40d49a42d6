package ready

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// maxCauses is how many of the scheduler's causes a message has.
const maxCauses = 5

// unschedulable tells a pod that waits for room from one that no node will ever fit. The scheduler gives, for each node,
// the first thing that keeps the pod off it, and then whether that could change if other pods went. A node without any GPU
// has too few of them, too, so a pod that fits no node and is kept off some by taints or labels is taken as wrong rather
// than early.
func unschedulable(pod, message string) Failure {
	causes := causes(message)
	capacity := slices.ContainsFunc(causes, wantsRoom)
	other := slices.ContainsFunc(causes, func(c string) bool { return !wantsRoom(c) && !everywhere(c) })
	full := strings.Contains(message, "No preemption victims found") || !strings.Contains(message, "Preemption is not helpful")
	if len(causes) > maxCauses {
		causes = append(causes[:maxCauses], "and others")
	}
	why := cmp.Or(strings.Join(causes, ", "), "there are no nodes")
	if !other || (capacity && full) {
		return Failure{v1alpha1.ReasonInsufficientCapacity, fmt.Sprintf("No node has room for pod %s: %s", pod, why)}
	}
	return Failure{v1alpha1.ReasonUnschedulable, fmt.Sprintf("No node fits pod %s: %s", pod, why)}
}

// causes are what the scheduler says keeps a pod off nodes, without the numbers of nodes, which move:
// "0/7 nodes are available: 3 Insufficient cpu, 4 node(s) were unschedulable. preemption: ..."
func causes(message string) []string {
	message, _, _ = strings.Cut(message, " preemption: ")
	_, list, found := strings.Cut(message, "nodes are available: ")
	if !found {
		return nil
	}
	var out []string
	for c := range strings.SplitSeq(strings.TrimRight(list, ". "), ", ") {
		out = append(out, strings.TrimLeft(c, "0123456789 "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wantsRoom reports whether a cause goes away with more nodes, or with nodes that become well again.
func wantsRoom(cause string) bool {
	return slices.ContainsFunc([]string{
		"Insufficient ", "Too many pods", "cannot allocate all claims", "node(s) were unschedulable", "free ports", "max volume count",
		"pod anti-affinity", "topology spread constraints", "taint {node.kubernetes.io/", "ToBeDeletedByClusterAutoscaler",
	}, func(s string) bool { return strings.Contains(cause, s) })
}

// everywhere reports whether a cause says nothing of the pod: no workload runs on control plane nodes.
func everywhere(cause string) bool {
	return strings.Contains(cause, "taint {node-role.kubernetes.io/")
}
