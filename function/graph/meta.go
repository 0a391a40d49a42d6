package graph

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/function/names"
)

// keys checks keys of labels or annotations that a user wants on one of our objects: what the API server would refuse
// only when the object is applied, and what is not the user's to set.
func (r *resolver) keys(of map[string]string, at *field.Path) {
	for _, k := range slices.Sorted(maps.Keys(of)) {
		if names.Reserved(k) || strings.HasPrefix(k, "crossplane.io/") {
			r.Add(field.Forbidden(at.Key(k), "is set by Graphplane or Crossplane: use another key"))
		}
		for _, msg := range validation.IsQualifiedName(strings.ToLower(k)) {
			r.Add(field.Invalid(at, k, "cannot be a key: "+msg))
		}
	}
}

// labels checks keys and values.
func (r *resolver) labels(of map[string]string, at *field.Path) {
	r.keys(of, at)
	for _, k := range slices.Sorted(maps.Keys(of)) {
		for _, msg := range validation.IsValidLabelValue(of[k]) {
			r.Add(field.Invalid(at.Key(k), of[k], msg))
		}
	}
}
