package simulator

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Conditions of upjet.
const (
	typeLastAsyncOperation xpv2.ConditionType = "LastAsyncOperation"
	typeAsyncOperation     xpv2.ConditionType = "AsyncOperation"

	reasonSuccess            xpv2.ConditionReason = "Success"
	reasonFinished           xpv2.ConditionReason = "Finished"
	reasonAsyncCreateFailure xpv2.ConditionReason = "AsyncCreateFailure"
	reasonAsyncUpdateFailure xpv2.ConditionReason = "AsyncUpdateFailure"
	reasonAsyncDeleteFailure xpv2.ConditionReason = "AsyncDeleteFailure"
)

// An operation of a cloud that takes longer than a reconcile.
type operation struct {
	mu sync.Mutex

	// running is the name of what runs, empty if nothing does.
	running string

	// deleted is set once the resource has been deleted.
	deleted bool

	// notBefore is when the resource may be observed again, so that an error is seen before it is cleared.
	notBefore time.Time
}

// operations by the UID of their managed resource.
type operations struct {
	mu  sync.Mutex
	all map[types.UID]*operation
}

func (o *operations) of(uid types.UID) *operation {
	o.mu.Lock()
	defer o.mu.Unlock()

	if o.all[uid] == nil {
		o.all[uid] = &operation{}
	}

	return o.all[uid]
}

// begin an operation unless one runs.
func (o *operation) begin(name string) (other string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()

	if o.running != "" {
		return o.running, false
	}

	o.running = name

	return "", true
}

func (o *operation) end(err error, linger time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()

	o.deleted = o.running == "delete" && err == nil
	o.running = ""

	if err != nil {
		o.notBefore = time.Now().Add(linger)
	}
}

func (o *operation) state() (busy, deleted bool) {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.running != "" || time.Now().Before(o.notBefore), o.deleted
}

// asyncExternal is upjet's client for what takes long: it starts a call and reports its end in conditions.
// https://github.com/crossplane/upjet/blob/main/pkg/controller/external_async_tfpluginsdk.go
type asyncExternal struct {
	external

	operation *operation
	linger    time.Duration

	// done writes how a call ended into the conditions of a managed resource.
	done func(ctx context.Context, name types.NamespacedName, c ...xpv2.Condition)
}

// Observe the resource, unless a call is under way.
func (e *asyncExternal) Observe(ctx context.Context, mg resource.Managed) (managed.ExternalObservation, error) {
	busy, deleted := e.operation.state()
	if busy {
		return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true}, nil
	}

	if deleted && meta.WasDeleted(mg) {
		return managed.ExternalObservation{}, nil
	}

	o, err := e.external.Observe(ctx, mg)
	if err == nil && o.ResourceExists && o.ResourceUpToDate && !meta.WasDeleted(mg) {
		mg.SetConditions(lastAsyncOperation("", nil), xpv2.ReconcileSuccess())
	}

	return o, err
}

// Create starts a creation.
func (e *asyncExternal) Create(ctx context.Context, mg resource.Managed) (managed.ExternalCreation, error) {
	return managed.ExternalCreation{}, e.start(ctx, "create", reasonAsyncCreateFailure, mg, func(ctx context.Context) error {
		_, err := e.create(ctx)
		return err
	})
}

// Update starts an update.
func (e *asyncExternal) Update(ctx context.Context, mg resource.Managed) (managed.ExternalUpdate, error) {
	return managed.ExternalUpdate{}, e.start(ctx, "update", reasonAsyncUpdateFailure, mg, e.update)
}

// Delete starts a deletion.
func (e *asyncExternal) Delete(ctx context.Context, mg resource.Managed) (managed.ExternalDelete, error) {
	if busy, _ := e.operation.state(); busy {
		return managed.ExternalDelete{}, nil
	}

	return managed.ExternalDelete{}, e.start(ctx, "delete", reasonAsyncDeleteFailure, mg, e.remove)
}

func (e *asyncExternal) start(ctx context.Context, name string, reason xpv2.ConditionReason, mg resource.Managed, call func(context.Context) error) error {
	other, ok := e.operation.begin(name)
	if !ok {
		return errors.Errorf("%s operation is still running", other)
	}

	key := types.NamespacedName{Namespace: mg.GetNamespace(), Name: mg.GetName()}

	go func() {
		// A call outlives the reconcile that made it. Upjet gives it an hour.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
		defer cancel()

		err := errors.Wrapf(call(ctx), "async %s failed", name)
		synced := xpv2.ReconcileSuccess()

		if err != nil {
			synced = xpv2.ReconcileError(errors.Wrapf(err, "%s failed", name))
		}

		e.operation.end(err, e.linger)
		e.done(ctx, key, lastAsyncOperation(reason, err), synced, xpv2.Condition{
			Type: typeAsyncOperation, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(), Reason: reasonFinished,
		})
	}()

	return nil
}

func lastAsyncOperation(reason xpv2.ConditionReason, err error) xpv2.Condition {
	c := xpv2.Condition{
		Type: typeLastAsyncOperation, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(), Reason: reasonSuccess,
	}

	if err != nil {
		c.Status, c.Reason, c.Message = corev1.ConditionFalse, reason, err.Error()
	}

	return c
}
