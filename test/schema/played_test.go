package schema

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// usable plays providers and controllers: what they manage is there, a Job has run, and what an Object brings is there.
func usable(t *testing.T, composed []unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	out := make([]unstructured.Unstructured, len(composed))
	for i := range composed {
		out[i] = *composed[i].DeepCopy()
		if manifest, ok, _ := unstructured.NestedMap(out[i].Object, "spec", "forProvider", "manifest"); ok {
			if err := unstructured.SetNestedMap(out[i].Object, manifest, "status", "atProvider", "manifest"); err != nil {
				t.Fatal(err)
			}
		}
		if status := played(out[i]); status != nil {
			out[i].Object["status"] = status
		}
	}
	return out
}

// played is the status of an object that something else waits for, nil for any other.
func played(o unstructured.Unstructured) map[string]any {
	condition := func(kind string) map[string]any {
		return map[string]any{"type": kind, "status": "True", "reason": "Available", "lastTransitionTime": "2026-01-01T00:00:00Z"}
	}
	group := o.GroupVersionKind().Group
	_, pooled, _ := unstructured.NestedString(o.Object, "spec", "template", "spec", "nodeSelector", v1alpha1.LabelNodePool)
	switch {
	case o.GetKind() == "Deployment" && pooled:
		// What keeps its nodes waits for it.
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return map[string]any{"replicas": n, "updatedReplicas": n, "readyReplicas": n, "availableReplicas": n}
	case o.GetKind() == "Job":
		return map[string]any{"succeeded": int64(1), "conditions": []any{condition("Complete")}}
	case o.GetKind() == "LaunchTemplate":
		return map[string]any{"conditions": []any{condition("Ready")}, "atProvider": map[string]any{"latestVersion": int64(1)}}
	case slices.Contains([]string{"etcd.graphplane.io", "nats.graphplane.io"}, group), strings.HasSuffix(group, ".m.upbound.io"):
		return map[string]any{"conditions": []any{condition("Ready")}}
	}
	return nil
}

// alike are objects without what is another each time: keys that are generated, and times.
func alike(objects []unstructured.Unstructured) []unstructured.Unstructured {
	out := make([]unstructured.Unstructured, len(objects))
	for i := range objects {
		out[i] = *objects[i].DeepCopy()
		if out[i].GetAnnotations()["crossplane.io/composition-resource-name"] == "secret.mpi" {
			delete(out[i].Object, "data")
		}
		conditions, _, _ := unstructured.NestedSlice(out[i].Object, "status", "conditions")
		for _, c := range conditions {
			if m, ok := c.(map[string]any); ok {
				delete(m, "lastTransitionTime")
			}
		}
		if len(conditions) > 0 {
			out[i].Object["status"].(map[string]any)["conditions"] = conditions
		}
	}
	return out
}
