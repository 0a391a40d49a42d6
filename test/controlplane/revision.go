package controlplane

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	labelPackage  = "pkg.crossplane.io/package"
	labelRevision = "pkg.crossplane.io/revision"

	// conditionRuntimeHealthy is the half of a package's health that its
	// runtime answers for.
	conditionRuntimeHealthy = "RuntimeHealthy"
)

// revisionResources are the package revisions that have a runtime.
func revisionResources() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{
		{Group: "pkg.crossplane.io", Version: "v1", Resource: "functionrevisions"},
		{Group: "pkg.crossplane.io", Version: "v1", Resource: "providerrevisions"},
	}
}

// A revision of a package, of which we know only what concerns its runtime.
type revision struct {
	*unstructured.Unstructured
	resource schema.GroupVersionResource
}

func (r revision) pkg() string {
	return r.GetLabels()[labelPackage]
}

func (r revision) function() bool {
	return r.resource.Resource == "functionrevisions"
}

// active returns whether the revision is the one of its package to run.
func (r revision) active() bool {
	s, _, _ := unstructured.NestedString(r.Object, "spec", "desiredState")

	return s == "Active" && r.GetDeletionTimestamp() == nil
}

// image is where the package manager found the package, after all rewriting. It
// is empty until it has.
func (r revision) image() string {
	s, _, _ := unstructured.NestedString(r.Object, "status", "resolvedImage")
	return s
}

// A runtimeStatus is what the runtime tells Crossplane about a revision.
type runtimeStatus struct {
	endpoint  string
	tlsSecret string
	healthy   bool
	message   string
}

// report writes a status into the revision and returns whether it is news.
func (r revision) report(s runtimeStatus, now time.Time) bool {
	changed := r.setStatus("tlsServerSecretName", s.tlsSecret)
	if r.function() {
		changed = r.setStatus("endpoint", s.endpoint) || changed
	}

	return r.setHealth(s, now) || changed
}

func (r revision) setStatus(field, value string) bool {
	if was, _, _ := unstructured.NestedString(r.Object, "status", field); was == value {
		return false
	}

	// It fails only if status is not an object, which its schema excludes.
	_ = unstructured.SetNestedField(r.Object, value, "status", field)

	return true
}

func (r revision) setHealth(s runtimeStatus, now time.Time) bool {
	want := map[string]any{
		"type": conditionRuntimeHealthy, "status": "True", "reason": "HealthyPackageRevision",
	}
	if !s.healthy {
		want["status"] = "False"
		want["reason"] = "UnhealthyPackageRevision"
		want["message"] = s.message
	}

	conditions, _, _ := unstructured.NestedSlice(r.Object, "status", "conditions")

	i := slices.IndexFunc(conditions, func(c any) bool {
		m, ok := c.(map[string]any)
		return ok && m["type"] == conditionRuntimeHealthy
	})
	if i < 0 {
		conditions = append(conditions, map[string]any{})
		i = len(conditions) - 1
	}

	was, _ := conditions[i].(map[string]any)
	was = maps.Clone(was)
	delete(was, "lastTransitionTime")

	if maps.Equal(was, want) {
		return false
	}

	want["lastTransitionTime"] = now.UTC().Format(time.RFC3339)
	conditions[i] = want
	_ = unstructured.SetNestedSlice(r.Object, conditions, "status", "conditions")

	return true
}
