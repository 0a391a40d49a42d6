package managed

import (
	"context"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// An EndpointForm is what the Endpoints of two technologies differ in.
type EndpointForm[T resource.ModernManaged, C Settings, S System] struct {
	// Look at the system and put what is seen into the status and the
	// conditions. It returns the identities of the systems that answered.
	Look func(ctx context.Context, settings C, system S, mg T) (identities []string, err error)
	// Details to publish.
	Details func(settings C) managed.ConnectionDetails
}

// ConnectEndpoint connects Endpoints. A deleted one is let go of at once.
func ConnectEndpoint[T resource.ModernManaged, C Settings, S System](c *Connector[C, S], f EndpointForm[T, C, S]) ConnectFn[T] {
	return func(ctx context.Context, mg T) (managed.TypedExternalClient[T], error) {
		if meta.WasDeleted(mg) {
			return Gone[T]{}, nil
		}
		settings, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		return &endpoint[T, C, S]{form: f, settings: settings, lease: lease}, nil
	}
}

// An endpoint observes a system. It never changes it: to create it is to pin its
// identity.
type endpoint[T resource.ModernManaged, C Settings, S System] struct {
	form     EndpointForm[T, C, S]
	settings C
	lease    *Lease[S]
}

// Observe the system. One that does not serve exists nevertheless: to say
// otherwise would create it, or end its deletion.
func (e *endpoint[T, C, S]) Observe(ctx context.Context, mg T) (managed.ExternalObservation, error) {
	found, err := e.form.Look(ctx, e.settings, e.lease.System, mg)
	if err != nil {
		return managed.ExternalObservation{}, err
	}
	o := managed.ExternalObservation{ConnectionDetails: e.form.Details(e.settings)}
	if len(found) == 1 && meta.GetExternalName(mg) == "" && May(mg, xpv2.ManagementActionCreate) {
		return o, nil
	}
	o.ResourceExists, o.ResourceUpToDate = true, true
	return o, nil
}

// Create pins the identity of the system.
func (e *endpoint[T, C, S]) Create(ctx context.Context, mg T) (managed.ExternalCreation, error) {
	found, err := e.form.Look(ctx, e.settings, e.lease.System, mg)
	if err != nil {
		return managed.ExternalCreation{}, err
	}
	if len(found) != 1 {
		return managed.ExternalCreation{}, errors.New("cannot tell the identity: no server, or servers of several clusters, answered")
	}
	meta.SetExternalName(mg, found[0])
	return managed.ExternalCreation{ConnectionDetails: e.form.Details(e.settings)}, nil
}

// Update has nothing to do.
func (e *endpoint[T, C, S]) Update(context.Context, T) (managed.ExternalUpdate, error) {
	return managed.ExternalUpdate{}, nil
}

// Delete has nothing to do.
func (e *endpoint[T, C, S]) Delete(context.Context, T) (managed.ExternalDelete, error) {
	return managed.ExternalDelete{}, nil
}

// Disconnect gives the client back.
func (e *endpoint[T, C, S]) Disconnect(context.Context) error {
	e.lease.Release()
	return nil
}
