package etcd

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// disjoint refuses a Role that may write what an older Role of another
// namespace on the same config may write, unless both say that it is shared.
// So no namespace gets at the keys of a graph in another one.
func (r *role) disjoint(ctx context.Context, mg *v1alpha1.Role) error {
	ref := mg.GetProviderConfigReference()
	if ref == nil || ref.Kind != v1alpha1.ClusterProviderConfigKind {
		return nil
	}
	l := &v1alpha1.RoleList{}
	if err := r.client.List(ctx, l, shared.UsesConfig(shared.ConfigOf("", *ref))); err != nil {
		return errors.Wrap(err, "cannot list Roles")
	}
	for i := range l.Items {
		if err := overlap(mg, &l.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

func overlap(mg, other *v1alpha1.Role) error {
	if other.GetNamespace() == mg.GetNamespace() || !older(other, mg) {
		return nil
	}
	for i, p := range mg.Spec.ForProvider.Permissions {
		for _, o := range other.Spec.ForProvider.Permissions {
			mine, theirs := grant(p), grant(o)
			if !mine.Writes() || !theirs.Writes() || !mine.Overlaps(theirs) || (is(p.Shared) && is(o.Shared)) {
				continue
			}
			return errors.Errorf("spec.forProvider.permissions[%d]: %q overlaps what Role %q of another namespace may write: choose keys of your own, or set shared in both", i, mine, other.GetNamespace()+"/"+other.GetName())
		}
	}
	return nil
}

// older of two Roles; the name decides between two of the same second.
func older(a, b client.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if !at.Equal(&bt) {
		return at.Before(&bt)
	}
	return a.GetNamespace()+"/"+a.GetName() < b.GetNamespace()+"/"+b.GetName()
}

func is(b *bool) bool { return b != nil && *b }
