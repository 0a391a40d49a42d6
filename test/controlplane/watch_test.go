package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

func (r running) apply(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()

	if err := r.Apply(t.Context(), metav1.NamespaceDefault, o); err != nil {
		t.Fatal(err)
	}
}

func (r running) create(t *testing.T, p *corev1.Pod) {
	t.Helper()

	if _, err := r.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (r running) remove(t *testing.T, pod string) {
	t.Helper()

	if err := r.client.CoreV1().Pods(metav1.NamespaceDefault).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// eventually calls check until it has no error.
func (r running) eventually(t *testing.T, what string, check func() error) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), cloudTimeout)
	defer cancel()

	if err := r.super.wait(ctx, what, func(context.Context) error { return check() }); err != nil {
		t.Fatal(err)
	}
}

func (r running) await(t *testing.T, o *unstructured.Unstructured, conditions ...string) {
	t.Helper()
	r.eventually(t, o.GetName(), func() error { return r.check(t, o, conditions...) })
}

func (r running) check(t *testing.T, o *unstructured.Unstructured, conditions ...string) error {
	t.Helper()

	now, err := r.Get(t.Context(), o)
	if err != nil {
		return err
	}

	return Check(now, conditions...)
}

// says returns an error unless a condition of an object is false for a reason, with a message that has something in it.
func (r running) says(t *testing.T, o *unstructured.Unstructured, condition, reason, message string) error {
	t.Helper()

	now, err := r.Get(t.Context(), o)
	if err != nil {
		return err
	}

	err = Check(now, condition)
	if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), message) {
		return fmt.Errorf("want %s to say %q, it says: %w", condition, message, err)
	}

	return nil
}

func (r running) field(t *testing.T, o *unstructured.Unstructured, want string, path ...string) error {
	t.Helper()

	now, err := r.Get(t.Context(), o)
	if err != nil {
		return err
	}

	if got, _, _ := unstructured.NestedString(now.Object, path...); got != want {
		return fmt.Errorf("want %s in %v, got %q", want, path, got)
	}

	return nil
}

// annotate an object, or take the annotation from it if the value is empty.
func (r running) annotate(t *testing.T, o *unstructured.Unstructured, annotation, value string) {
	t.Helper()

	c, err := r.resource(o, o.GetNamespace())
	if err != nil {
		t.Fatal(err)
	}

	var v any
	if value != "" {
		v = value
	}

	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{annotation: v}}})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := c.Patch(t.Context(), o.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (r running) delete(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()

	c, err := r.resource(o, o.GetNamespace())
	if err != nil {
		t.Fatal(err)
	}

	if err := c.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	r.eventually(t, "the end of "+o.GetName(), func() error {
		_, err := c.Get(t.Context(), o.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}

		return fmt.Errorf("it is there: %w", err)
	})
}

// nodes of a pool.
func (r running) nodes(t *testing.T, pool string) []corev1.Node {
	t.Helper()

	l, err := r.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: "pool=" + pool})
	if err != nil {
		t.Fatal(err)
	}

	return l.Items
}

func (r running) has(t *testing.T, pool string, want int) error {
	t.Helper()

	if n := r.nodes(t, pool); len(n) != want {
		return fmt.Errorf("pool %s: want %d nodes, got %d", pool, want, len(n))
	}

	return nil
}

func (r running) runs(t *testing.T, pod string) error {
	t.Helper()

	p, err := r.client.CoreV1().Pods(metav1.NamespaceDefault).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		return err
	}

	if p.Status.Phase != corev1.PodRunning {
		return fmt.Errorf("pod %s is %s", pod, p.Status.Phase)
	}

	return nil
}

func (r running) event(t *testing.T, pod, reason, message string) error {
	t.Helper()

	l, err := r.client.CoreV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
	if err != nil {
		return err
	}

	for _, e := range l.Items {
		if e.Reason == reason && strings.Contains(e.Message, message) {
			return nil
		}
	}

	return fmt.Errorf("pod %s has no event %s among %d", pod, reason, len(l.Items))
}

func gpuPod(name, pool, gpus string, tolerates bool) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"pool": pool},
			Containers: []corev1.Container{{
				Name: "main", Image: "example.org/nothing",
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse(gpus)}},
			}},
		},
	}

	if tolerates {
		p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}

	return p
}
