package controlplane

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// group makes a PodCliqueScalingGroup, and for each of its replicas a PodClique
// of every template. A replica with old pods is made anew, once all others are
// available.
func (s *cliqueSet) group(ctx context.Context, template map[string]any, cliques []string) error {
	api := s.cp.dynamic.Resource(groveResource("podcliquescalinggroups")).Namespace(s.object.GetNamespace())
	name := s.object.GetName() + "-0-" + text(template, "name")

	g, err := api.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		o := s.owned(groveVersion, "PodCliqueScalingGroup", s.object, name, map[string]any{groveComponent: "pcs-podcliquescalinggroup"})
		o.Object["spec"] = map[string]any{
			"replicas": template["replicas"], "minAvailable": template["minAvailable"], "cliqueNames": template["cliqueNames"],
		}
		g, err = api.Create(ctx, o, metav1.CreateOptions{})
	}

	if err != nil {
		return fmt.Errorf("cannot make PodCliqueScalingGroup: %w", err)
	}

	scale, _, _ := unstructured.NestedMap(template, "scaleConfig")
	if err := s.autoscaler(ctx, "PodCliqueScalingGroup", name, scale); err != nil {
		return err
	}

	replicas, _, _ := unstructured.NestedInt64(g.Object, "spec", "replicas")

	available, updated, err := s.replicas(ctx, g, replicas, cliques)
	if err != nil {
		return err
	}

	status := map[string]any{
		"observedGeneration": g.GetGeneration(), "replicas": replicas,
		"scheduledReplicas": available, "availableReplicas": available, "updatedReplicas": updated,
		"selector": groveSet + "=" + s.object.GetName() + "," + groveGroup + "=" + name,
	}
	if updated == replicas {
		status["currentPodCliqueSetGenerationHash"] = s.hash
	}

	s.settled = s.settled && available == replicas && updated == replicas

	return s.cp.setStatus(ctx, groveResource("podcliquescalinggroups"), g, status)
}

// replicas makes those of a scaling group, and counts those that are available,
// and of these those of the latest template.
func (s *cliqueSet) replicas(ctx context.Context, group *unstructured.Unstructured, n int64, cliques []string) (available, updated int64, err error) {
	api := s.cp.dynamic.Resource(groveResource("podcliques")).Namespace(group.GetNamespace())

	exist, err := api.List(ctx, metav1.ListOptions{LabelSelector: groveGroup + "=" + group.GetName()})
	if err != nil {
		return 0, 0, fmt.Errorf("cannot list PodCliques: %w", err)
	}

	old, gone := map[string]bool{}, false

	for _, c := range exist.Items {
		index, _ := strconv.ParseInt(c.GetLabels()[groveReplica], 10, 64)
		gone = gone || c.GetDeletionTimestamp() != nil

		if index >= n && c.GetDeletionTimestamp() == nil {
			if err := api.Delete(ctx, c.GetName(), metav1.DeleteOptions{}); err != nil {
				return 0, 0, fmt.Errorf("cannot delete PodClique: %w", err)
			}
		}

		if template := s.templates[text(c.Object, "spec", "roleName")]; c.GetLabels()[groveTemplate] != templateHash(template) {
			old[c.GetLabels()[groveReplica]] = true
		}
	}

	for i := range n {
		index := strconv.FormatInt(i, 10)
		ready := true

		for _, clique := range cliques {
			one, err := s.member(ctx, group, index, clique, old[index])
			if err != nil {
				return 0, 0, err
			}

			ready = ready && one
		}

		if ready {
			available++

			if !old[index] {
				updated++
			}
		}
	}

	if available == n && len(old) > 0 && !gone {
		return available, updated, s.renew(ctx, group, old)
	}

	return available, updated, nil
}

// member makes the PodClique of one template in a replica, and reports whether
// it is available. One with old pods stays as it is.
func (s *cliqueSet) member(ctx context.Context, group *unstructured.Unstructured, index, clique string, old bool) (bool, error) {
	name := group.GetName() + "-" + index + "-" + clique

	if old {
		c, err := s.cp.dynamic.Resource(groveResource("podcliques")).Namespace(group.GetNamespace()).Get(ctx, name, metav1.GetOptions{})
		if err != nil || c.GetDeletionTimestamp() != nil {
			return false, err
		}

		return s.pods(ctx, c, false)
	}

	c, err := s.clique(ctx, group, name, s.templates[clique], map[string]any{
		groveComponent: "pcsg-podclique", groveGroup: group.GetName(), groveReplica: index,
	})
	if err != nil || c == nil {
		return false, err
	}

	return s.pods(ctx, c, false)
}

// renew ends the first replica of a scaling group that has old pods.
func (s *cliqueSet) renew(ctx context.Context, group *unstructured.Unstructured, old map[string]bool) error {
	indexes := make([]string, 0, len(old))
	for i := range old {
		indexes = append(indexes, i)
	}

	slices.Sort(indexes)

	err := s.cp.dynamic.Resource(groveResource("podcliques")).Namespace(group.GetNamespace()).DeleteCollection(ctx,
		metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground)},
		metav1.ListOptions{LabelSelector: groveGroup + "=" + group.GetName() + "," + groveReplica + "=" + indexes[0]})
	if err != nil {
		return fmt.Errorf("cannot delete PodCliques: %w", err)
	}

	return nil
}
