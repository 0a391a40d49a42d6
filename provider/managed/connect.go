package managed

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// Settings of a system, resolved from a config.
type Settings interface {
	// Digest tells settings apart and gives nothing away.
	Digest() (string, error)
}

// A Resolver reads a config and its Secrets. Its errors name the field.
type Resolver[C Settings] func(ctx context.Context, c client.Reader, ref Config) (C, error)

// An Opener makes a client for settings, which calls changed when what it sees of
// its system changes.
type Opener[C Settings, S System] func(settings C, changed func(p Phase)) S

// References of an object to Secrets.
type References func(o client.Object) []types.NamespacedName

// A Connector hands out clients for the config of a managed resource.
type Connector[C Settings, S System] struct {
	// Client that reads configs and Secrets.
	Client client.Reader
	// Usage of configs is recorded by it.
	Usage *resource.ProviderConfigUsageTracker
	// Pool of clients.
	Pool *Pool[S]
	// Bus to tell changes on.
	Bus *Bus
	// Resolve a config.
	Resolve Resolver[C]
	// Open a client. It must not block.
	Open Opener[C, S]
}

// Connect returns the settings and a client for a resource. A config that
// cannot be used makes the resource not Ready: what it said before may be wrong
// by now.
func (c *Connector[C, S]) Connect(ctx context.Context, mg resource.ModernManaged) (C, *Lease[S], error) {
	var none C
	ref := mg.GetProviderConfigReference()
	if ref == nil {
		return none, nil, errors.New("spec.providerConfigRef: not set: name a ProviderConfig or ClusterProviderConfig")
	}
	if !meta.WasDeleted(mg) {
		if err := c.Usage.Track(ctx, mg); err != nil {
			return none, nil, errors.Wrap(err, "cannot track the use of the config")
		}
	}
	config := ConfigOf(mg.GetNamespace(), *ref)
	settings, err := c.Resolve(ctx, c.Client, config)
	if err != nil {
		mg.SetConditions(Condition(xpv2.TypeReady, False, access.ReasonInvalidConfig, Sentence(err.Error())))
		return none, nil, err
	}
	lease, err := c.lease(config, settings)
	return settings, lease, err
}

func (c *Connector[C, S]) lease(config Config, settings C) (*Lease[S], error) {
	digest, err := settings.Digest()
	if err != nil {
		return nil, err
	}
	lease, ok := c.Pool.Acquire(config, digest, func() S {
		return c.Open(settings, func(p Phase) { c.Bus.Publish(p, c.Pool.Configs(digest)...) })
	})
	if !ok {
		return nil, errors.New("the provider is stopping")
	}
	return lease, nil
}

// ConnectFn is a connector of one type, as the runtime takes it.
type ConnectFn[T resource.Managed] func(ctx context.Context, mg T) (managed.TypedExternalClient[T], error)

// Connect calls the function.
func (f ConnectFn[T]) Connect(ctx context.Context, mg T) (managed.TypedExternalClient[T], error) {
	return f(ctx, mg)
}

// Gone is the client for a deleted resource that has nothing outside: deletion
// ends at once, whatever became of the system, the Secrets and the config.
type Gone[T resource.Managed] struct{}

// Observe that there is nothing.
func (Gone[T]) Observe(context.Context, T) (managed.ExternalObservation, error) {
	return managed.ExternalObservation{}, nil
}

// Create is never called for a deleted resource.
func (Gone[T]) Create(context.Context, T) (managed.ExternalCreation, error) {
	return managed.ExternalCreation{}, errors.New("cannot create what is being deleted")
}

// Update is never called for a deleted resource.
func (Gone[T]) Update(context.Context, T) (managed.ExternalUpdate, error) {
	return managed.ExternalUpdate{}, errors.New("cannot update what is being deleted")
}

// Delete has nothing to do.
func (Gone[T]) Delete(context.Context, T) (managed.ExternalDelete, error) {
	return managed.ExternalDelete{}, nil
}

// Disconnect has nothing to do.
func (Gone[T]) Disconnect(context.Context) error { return nil }
