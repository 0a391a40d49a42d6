package controlplane

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// pods makes those of a PodClique, one for each index, and writes its status. If
// it rolls, one old pod goes at a time while all are ready. It reports whether
// every pod is ready, and of the clique's template.
func (s *cliqueSet) pods(ctx context.Context, clique *unstructured.Unstructured, rolls bool) (bool, error) {
	api := s.cp.dynamic.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(clique.GetNamespace())

	exist, err := api.List(ctx, metav1.ListOptions{LabelSelector: groveClique + "=" + clique.GetName()})
	if err != nil {
		return false, fmt.Errorf("cannot list pods: %w", err)
	}

	want, _, _ := unstructured.NestedInt64(clique.Object, "spec", "replicas")
	hash := clique.GetLabels()[groveTemplate]
	byIndex, n := map[int64]bool{}, count{}

	var old []string

	for i := range exist.Items {
		p := &exist.Items[i]
		index, _ := strconv.ParseInt(p.GetLabels()[groveIndex], 10, 64)

		switch {
		case p.GetDeletionTimestamp() != nil:
			n.ending++
			continue
		case index >= want || text(p.Object, "status", "phase") == string(corev1.PodFailed):
			if err := api.Delete(ctx, p.GetName(), metav1.DeleteOptions{}); err != nil {
				return false, fmt.Errorf("cannot delete pod: %w", err)
			}

			continue
		case p.GetLabels()[groveTemplate] == hash:
			n.updated++
		default:
			old = append(old, p.GetName())
		}

		byIndex[index] = true
		n.add(p)
	}

	for index := range want {
		if byIndex[index] {
			continue
		}

		p, err := s.pod(clique, index)
		if err != nil {
			return false, err
		}

		if _, err := api.Create(ctx, p, metav1.CreateOptions{}); err != nil {
			return false, fmt.Errorf("cannot create pod: %w", err)
		}
	}

	if rolls && len(old) > 0 && n.ready == want && n.ending == 0 {
		if err := api.Delete(ctx, old[0], metav1.DeleteOptions{}); err != nil {
			return false, fmt.Errorf("cannot delete pod: %w", err)
		}
	}

	status := n.status(clique)
	if n.updated == want && n.all == want {
		status["currentPodTemplateHash"] = hash
	}

	if rolls {
		status["hpaPodSelector"] = groveSet + "=" + s.object.GetName() + "," + groveClique + "=" + clique.GetName()
	}

	return n.ready == want && n.updated == want, s.cp.setStatus(ctx, groveResource("podcliques"), clique, status)
}

// A count of the pods of a clique.
type count struct {
	all, ready, scheduled, updated, ending int64
}

func (n *count) add(p *unstructured.Unstructured) {
	n.all++

	if text(p.Object, "spec", "nodeName") != "" {
		n.scheduled++
	}

	conditions, _, _ := unstructured.NestedSlice(p.Object, "status", "conditions")
	for _, v := range conditions {
		if c, _ := v.(map[string]any); c["type"] == "Ready" && c["status"] == "True" {
			n.ready++
		}
	}
}

func (n *count) status(clique *unstructured.Unstructured) map[string]any {
	return map[string]any{
		"observedGeneration": clique.GetGeneration(),
		"replicas":           n.all, "readyReplicas": n.ready, "scheduledReplicas": n.scheduled, "updatedReplicas": n.updated,
	}
}

// pod is the one of an index, with the name by which others find it, and with
// what Grove tells it.
func (s *cliqueSet) pod(clique *unstructured.Unstructured, index int64) (*unstructured.Unstructured, error) {
	o := s.owned("v1", "Pod", clique, "", nil)
	o.SetGenerateName(fmt.Sprintf("%s-%d-", clique.GetName(), index))

	labels := clique.GetLabels()
	labels[groveClique] = clique.GetName()
	labels[groveIndex] = strconv.FormatInt(index, 10)
	o.SetLabels(labels)
	o.SetAnnotations(clique.GetAnnotations())

	template, _, _ := unstructured.NestedMap(clique.Object, "spec", "podSpec")

	spec := corev1.PodSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &spec); err != nil {
		return nil, fmt.Errorf("cannot read pod of clique: %w", err)
	}

	spec.Hostname = fmt.Sprintf("%s-%d", clique.GetName(), index)
	spec.Subdomain = s.object.GetName() + "-0"

	env := s.env(clique)
	for i := range spec.Containers {
		spec.Containers[i].Env = append(spec.Containers[i].Env, env...)
	}

	for i := range spec.InitContainers {
		spec.InitContainers[i].Env = append(spec.InitContainers[i].Env, env...)
	}

	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&spec)
	if err != nil {
		return nil, fmt.Errorf("cannot write pod of clique: %w", err)
	}

	o.Object["spec"] = m

	return o, nil
}

// env is what Grove tells every container.
func (s *cliqueSet) env(clique *unstructured.Unstructured) []corev1.EnvVar {
	label := func(name, key string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{
			FieldPath: "metadata.labels['" + key + "']",
		}}}
	}

	out := []corev1.EnvVar{
		{Name: "GROVE_PCS_NAME", Value: s.object.GetName()},
		{Name: "GROVE_PCS_INDEX", Value: "0"},
		{Name: "GROVE_PCLQ_NAME", Value: clique.GetName()},
		{Name: "GROVE_HEADLESS_SERVICE", Value: s.object.GetName() + "-0." + clique.GetNamespace() + ".svc.cluster.local"},
		label("GROVE_PCLQ_POD_INDEX", groveIndex),
	}

	if _, member := clique.GetLabels()[groveGroup]; member {
		out = append(out, label("GROVE_PCSG_NAME", groveGroup), label("GROVE_PCSG_INDEX", groveReplica))
	}

	return out
}
