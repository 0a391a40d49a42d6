// Package managed holds what the reconcilers of every kind share: how they are
// set up, when they run, and the pool of clients they use.
package managed

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// A Finalizer adds and removes a finalizer and leaves the status in memory
// alone. The runtime's own one updates the whole object, and the server's answer
// then overwrites the status that Observe has just set; nothing reconciles again
// until the next poll (crossplane-runtime#791).
type Finalizer struct {
	client client.Client
	name   string
}

// NewFinalizer returns a Finalizer of the given name.
func NewFinalizer(c client.Client, name string) *Finalizer {
	return &Finalizer{client: c, name: name}
}

// AddFinalizer to the object unless it has it.
func (f *Finalizer) AddFinalizer(ctx context.Context, obj resource.Object) error {
	if meta.FinalizerExists(obj, f.name) {
		return nil
	}
	return errors.Wrap(f.patch(ctx, obj, meta.AddFinalizer), "cannot add finalizer")
}

// RemoveFinalizer from the object if it has it.
func (f *Finalizer) RemoveFinalizer(ctx context.Context, obj resource.Object) error {
	if !meta.FinalizerExists(obj, f.name) {
		return nil
	}
	return errors.Wrap(resource.IgnoreNotFound(f.patch(ctx, obj, meta.RemoveFinalizer)), "cannot remove finalizer")
}

func (f *Finalizer) patch(ctx context.Context, obj resource.Object, change func(o metav1.Object, name string)) error {
	before, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return errors.Errorf("cannot copy a %T", obj)
	}
	after, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return errors.Errorf("cannot copy a %T", obj)
	}
	change(after, f.name)
	if err := f.client.Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	obj.SetFinalizers(after.GetFinalizers())
	obj.SetResourceVersion(after.GetResourceVersion())
	return nil
}
