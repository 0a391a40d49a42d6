package managed

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// sweepInterval is how soon the client of a config that nobody uses is closed.
const sweepInterval = time.Minute

func (t *Technology) kinds() []resource.ProviderConfigKinds {
	return []resource.ProviderConfigKinds{t.Config, t.ClusterConfig}
}

func (t *Technology) objects(mgr ctrl.Manager) (config, clusterConfig client.Object, err error) {
	if config, err = object(mgr, t.Config.Config); err != nil {
		return nil, nil, err
	}
	clusterConfig, err = object(mgr, t.ClusterConfig.Config)
	return config, clusterConfig, err
}

// lists returns a maker of empty lists of the kinds of config.
func (t *Technology) lists(mgr ctrl.Manager) func() []client.ObjectList {
	return func() []client.ObjectList {
		out := []client.ObjectList{}
		for _, k := range t.kinds() {
			o, err := mgr.GetScheme().New(k.Config.GroupVersion().WithKind(k.Config.Kind + "List"))
			if l, ok := o.(client.ObjectList); err == nil && ok {
				out = append(out, l)
			}
		}
		return out
	}
}

// configsIn a list.
func configsIn(l client.ObjectList) []Config {
	out := []Config{}
	_ = meta.EachListItem(l, func(o runtime.Object) error {
		if c, ok := o.(client.Object); ok {
			kind := "ProviderConfig"
			if c.GetNamespace() == "" {
				kind = ClusterProviderConfigKind
			}
			out = append(out, Config{Kind: kind, Namespace: c.GetNamespace(), Name: c.GetName()})
		}
		return nil
	})
	return out
}

// A Keeper closes the clients of configs that nobody uses any more, and all of
// them when the process ends.
type Keeper[S System] struct {
	// Pool to keep.
	Pool *Pool[S]
	// Bus to close in the end.
	Bus *Bus
	// Client that reads usages.
	Client client.Reader
	// Usages is an empty list of usages.
	Usages resource.ProviderConfigUsageList
}

// Start to keep the pool until ctx is done.
func (k *Keeper[S]) Start(ctx context.Context) error {
	t := time.NewTicker(sweepInterval)
	defer t.Stop()
	defer k.Pool.Close()
	defer k.Bus.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			// A cache that cannot be read is no reason to close anything.
			_ = k.Sweep(ctx)
		}
	}
}

// Sweep drops the configs that no usage names.
func (k *Keeper[S]) Sweep(ctx context.Context) error {
	bound := k.Pool.Bound()
	l, ok := k.Usages.DeepCopyObject().(resource.ProviderConfigUsageList)
	if !ok {
		return errors.Errorf("%T is not a list of usages", k.Usages)
	}
	if err := k.Client.List(ctx, l); err != nil {
		return errors.Wrap(err, "cannot list usages")
	}
	used := map[Config]bool{}
	for _, u := range l.GetItems() {
		if t, ok := u.(resource.TypedProviderConfigUsage); ok {
			used[ConfigOf(u.GetNamespace(), t.GetProviderConfigReference())] = true
		}
	}
	for _, c := range bound {
		if !used[c] {
			k.Pool.Drop(c)
		}
	}
	return nil
}
