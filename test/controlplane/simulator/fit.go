package simulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podresource "k8s.io/component-helpers/resource"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// A cluster is what an autoscaler sees: nodes, some of which may only be expected, and pods.
type cluster struct {
	nodes []corev1.Node
	pods  []corev1.Pod

	// placed are pods that would go to a node once it is there.
	placed map[string]string
}

// with more nodes.
func (c cluster) with(nodes []corev1.Node) cluster {
	placed := map[string]string{}
	maps.Copy(placed, c.placed)

	return cluster{nodes: append(slices.Clone(c.nodes), nodes...), pods: c.pods, placed: placed}
}

// pending are the pods that the scheduler found no node for, the oldest first.
func (c cluster) pending() []corev1.Pod {
	var out []corev1.Pod

	for _, p := range c.pods {
		if p.Spec.NodeName != "" || p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodPending {
			continue
		}

		if slices.ContainsFunc(p.Status.Conditions, func(s corev1.PodCondition) bool {
			return s.Type == corev1.PodScheduled && s.Reason == corev1.PodReasonUnschedulable
		}) {
			out = append(out, p)
		}
	}

	sort.SliceStable(out, func(i, j int) bool { return out[i].CreationTimestamp.Before(&out[j].CreationTimestamp) })

	return out
}

// place a pod on the first node it fits.
func (c cluster) place(pod corev1.Pod) bool {
	for i := range c.nodes {
		if fits(pod, &c.nodes[i], c) == nil {
			c.placed[key(pod)] = c.nodes[i].Name
			return true
		}
	}

	return false
}

func key(p corev1.Pod) string { return p.Namespace + "/" + p.Name }

// node that a pod is on, or would be on.
func (c cluster) node(p corev1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}

	return c.placed[key(p)]
}

// on returns the pods of a node that have not ended.
func (c cluster) on(node string) []corev1.Pod {
	var out []corev1.Pod

	for _, p := range c.pods {
		if c.node(p) == node && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			out = append(out, p)
		}
	}

	return out
}

// busy returns whether a node has pods other than those that every node has.
func (c cluster) busy(node string) bool {
	return slices.ContainsFunc(c.on(node), func(p corev1.Pod) bool {
		owner := metav1.GetControllerOf(&p)

		return owner == nil || owner.Kind != "DaemonSet"
	})
}

// fits returns why a pod does not fit a node, nil if it does.
func fits(pod corev1.Pod, node *corev1.Node, c cluster) error {
	if node.Spec.Unschedulable {
		return errors.New("node(s) were unschedulable")
	}

	if ok, err := nodeaffinity.GetRequiredNodeAffinity(&pod).Match(node); err != nil || !ok {
		return errors.New("node(s) didn't match Pod's node affinity/selector")
	}

	hard := func(t *corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }
	if t, found := corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, hard, false); found {
		return fmt.Errorf("node(s) had untolerated taint {%s: %s}", t.Key, t.Value)
	}

	if len(pod.Spec.ResourceClaims) > 0 {
		// Which devices a node will have is not known before its driver publishes them.
		return errors.New("node(s) cannot allocate all claims")
	}

	if err := c.enough(pod, node); err != nil {
		return err
	}

	return c.affine(pod, node)
}

// enough returns which resource of a node does not suffice.
func (c cluster) enough(pod corev1.Pod, node *corev1.Node) error {
	wants := podresource.PodRequests(&pod, podresource.PodResourcesOptions{})
	wants[corev1.ResourcePods] = resource.MustParse("1")

	used := corev1.ResourceList{}

	for _, p := range c.on(node.Name) {
		r := podresource.PodRequests(&p, podresource.PodResourcesOptions{})
		r[corev1.ResourcePods] = resource.MustParse("1")

		for name, q := range r {
			sum := used[name]
			sum.Add(q)
			used[name] = sum
		}
	}

	names := make([]string, 0, len(wants))
	for name := range wants {
		names = append(names, string(name))
	}

	slices.Sort(names)

	for _, name := range names {
		want, sum := wants[corev1.ResourceName(name)], used[corev1.ResourceName(name)]
		sum.Add(want)

		if has := node.Status.Allocatable[corev1.ResourceName(name)]; !want.IsZero() && has.Cmp(sum) < 0 {
			return fmt.Errorf("Insufficient %s", name) //nolint:staticcheck // As the scheduler says it.
		}
	}

	return nil
}

// affine returns which required affinity or anti-affinity to other pods a node does not satisfy.
func (c cluster) affine(pod corev1.Pod, node *corev1.Node) error {
	a := pod.Spec.Affinity
	if a == nil {
		return nil
	}

	if a.PodAffinity != nil {
		for _, t := range a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			near, somewhere := c.matching(pod, t, node)
			// The first of pods that want to be together may be anywhere.
			if !near && (somewhere || !selects(pod, t, pod)) {
				return errors.New("node(s) didn't match pod affinity rules")
			}
		}
	}

	if a.PodAntiAffinity != nil {
		for _, t := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if near, _ := c.matching(pod, t, node); near {
				return errors.New("node(s) didn't match pod anti-affinity rules")
			}
		}
	}

	return nil
}

// matching returns whether a term selects a pod in the node's part of the cluster, and whether it selects any at all.
func (c cluster) matching(pod corev1.Pod, t corev1.PodAffinityTerm, node *corev1.Node) (near, somewhere bool) {
	here := node.Labels[t.TopologyKey]

	for _, p := range c.pods {
		name := c.node(p)
		if name == "" || key(p) == key(pod) || !selects(pod, t, p) {
			continue
		}

		somewhere = true

		i := slices.IndexFunc(c.nodes, func(n corev1.Node) bool { return n.Name == name })
		near = near || i >= 0 && here != "" && c.nodes[i].Labels[t.TopologyKey] == here
	}

	return near, somewhere
}

func selects(owner corev1.Pod, t corev1.PodAffinityTerm, p corev1.Pod) bool {
	namespaces := t.Namespaces
	if len(namespaces) == 0 && t.NamespaceSelector == nil {
		namespaces = []string{owner.Namespace}
	}

	if len(namespaces) > 0 && !slices.Contains(namespaces, p.Namespace) {
		return false
	}

	s, err := metav1.LabelSelectorAsSelector(t.LabelSelector)

	return err == nil && s.Matches(labels.Set(p.Labels))
}
