package managed

import (
	"context"
	"reflect"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// cacheLag is how soon a resource is looked at again of which the cache does not
// know our own last write yet.
const cacheLag = 20 * time.Millisecond

// Written remembers the version of each resource that we wrote last, until the
// cache has it.
type Written struct {
	mu   sync.Mutex
	last map[types.NamespacedName]uint64
}

// NewWritten remembers nothing yet.
func NewWritten() *Written { return &Written{last: map[types.NamespacedName]uint64{}} }

// see an object as the API server has returned it from a write.
func (w *Written) see(o client.Object) {
	v, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[client.ObjectKeyFromObject(o)] = v
}

// behind tells whether an object in the cache is older than our last write. The
// versions of one resource can be compared as numbers:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
func (w *Written) behind(o client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.last[client.ObjectKeyFromObject(o)]
	if !ok {
		return false
	}
	v, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err == nil && v < last {
		return true
	}
	delete(w.last, client.ObjectKeyFromObject(o))
	return false
}

// forget a resource that is gone.
func (w *Written) forget(n types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, n)
}

// Fresh keeps a reconciler from a resource until the cache has what was last
// written of it. What is done from an older one is done twice at best, and
// refused as a conflict.
type Fresh struct {
	// Client that reads from the cache.
	Client client.Reader
	// Of is an empty resource of the kind.
	Of client.Object
	// Written by the reconciler.
	Written *Written
	// Reconciler to keep.
	Reconciler reconcile.Reconciler
}

// Reconcile a resource as soon as the cache is fresh, unless it is too late.
func (f *Fresh) Reconcile(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
	select {
	case <-ctx.Done():
		// The process is stopping. What is left in the queue has no time.
		return reconcile.Result{}, nil
	default:
	}
	o, ok := reflect.New(reflect.TypeOf(f.Of).Elem()).Interface().(client.Object)
	if ok && f.Client.Get(ctx, r.NamespacedName, o) == nil && f.Written.behind(o) {
		return reconcile.Result{RequeueAfter: cacheLag}, nil
	}
	return f.Reconciler.Reconcile(ctx, r)
}
