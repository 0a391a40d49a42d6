package plan

import (
	"bytes"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/compose"
)

// An ownership says which parts of an object go when they are no longer applied: those that only we have applied.
type ownership struct {
	// everything is ours, as of a manifest that nobody else writes.
	everything bool

	// set of fields that are only ours, nil where nobody recorded it.
	set *fieldpath.Set
}

// ownedOf reads what is ours of an observed object.
func ownedOf(o *unstructured.Unstructured) (ownership, error) {
	entries := o.GetManagedFields()
	if len(entries) == 0 {
		return ownership{}, nil
	}
	ours, others := &fieldpath.Set{}, &fieldpath.Set{}
	for _, e := range entries {
		if e.FieldsV1 == nil {
			continue
		}
		s := &fieldpath.Set{}
		if err := s.FromJSON(bytes.NewReader(e.FieldsV1.Raw)); err != nil {
			return ownership{}, errors.Wrapf(err, "cannot read metadata.managedFields of %s %q", o.GetKind(), o.GetName())
		}
		if e.Operation == metav1.ManagedFieldsOperationApply && strings.HasPrefix(e.Manager, compose.ComposedManager) {
			ours = ours.Union(s)
		} else {
			others = others.Union(s)
		}
	}
	return ownership{set: ours.Difference(others)}, nil
}

// known reports whether it is known what is ours.
func (o ownership) known() bool { return o.everything || o.set != nil }

// has reports whether something is ours, all of it or in part. Where that is not known, the items of lists that have
// names are: no API server adds any.
func (o ownership) has(e fieldpath.PathElement) bool {
	switch {
	case o.everything:
		return true
	case o.set == nil:
		return e.Key != nil
	}
	_, parts := o.set.Children.Get(e)
	return parts || o.set.Members.Has(e)
}

// of is what is ours of a part.
func (o ownership) of(e fieldpath.PathElement) ownership {
	if !o.known() || o.everything {
		return o
	}
	return ownership{set: o.set.WithPrefix(e)}
}
