package managed

import (
	"context"
	"reflect"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// A QuietManager hands out a client that does not write what is there already.
// The runtime updates the status of every resource at every poll; at rest none
// of these updates changes anything, but the API server has to take each.
type QuietManager struct {
	manager.Manager

	// Written gets every write of a managed resource; may be nil.
	Written *Written
}

// GetClient that skips updates which change nothing.
func (m QuietManager) GetClient() client.Client {
	return &quietClient{Client: m.Manager.GetClient(), written: m.Written}
}

type quietClient struct {
	client.Client

	written *Written
}

// wrote an object, unless it could not be written.
func (c *quietClient) wrote(obj client.Object, err error) error {
	if _, ok := obj.(resource.Managed); ok && err == nil && c.written != nil {
		c.written.see(obj)
	}
	return err
}

// Patch the object.
func (c *quietClient) Patch(ctx context.Context, obj client.Object, p client.Patch, opts ...client.PatchOption) error {
	return c.wrote(obj, c.Client.Patch(ctx, obj, p, opts...))
}

// Update the object unless the cache holds the same.
func (c *quietClient) Update(ctx context.Context, obj client.Object, opts ...client.UpdateOption) error {
	if c.same(ctx, obj) {
		return nil
	}
	return c.wrote(obj, c.Client.Update(ctx, obj, opts...))
}

// Status returns a writer that skips updates which change nothing.
func (c *quietClient) Status() client.SubResourceWriter {
	return &quietStatus{SubResourceWriter: c.Client.Status(), client: c}
}

// same tells whether the cache holds just this object at just this version. A
// cache that is behind has another version, and the update goes ahead.
func (c *quietClient) same(ctx context.Context, obj client.Object) bool {
	if obj.GetResourceVersion() == "" {
		return false
	}
	current, ok := reflect.New(reflect.TypeOf(obj).Elem()).Interface().(client.Object)
	if !ok || c.Get(ctx, client.ObjectKeyFromObject(obj), current) != nil {
		return false
	}
	current.GetObjectKind().SetGroupVersionKind(obj.GetObjectKind().GroupVersionKind())
	return equality.Semantic.DeepEqual(current, obj)
}

type quietStatus struct {
	client.SubResourceWriter

	client *quietClient
}

// Update the status unless the cache holds the same.
func (s *quietStatus) Update(ctx context.Context, obj client.Object, opts ...client.SubResourceUpdateOption) error {
	if s.client.same(ctx, obj) {
		return nil
	}
	return s.client.wrote(obj, s.SubResourceWriter.Update(ctx, obj, opts...))
}
