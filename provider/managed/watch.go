package managed

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// Fields by which the cache is indexed.
const (
	// configField of a managed resource is its Config.
	configField = "graphplane.config"
	// secretsField of an object are the Secrets that it refers to.
	secretsField = "graphplane.secrets"
)

// A Watcher finds the managed resources of one kind that a change of another
// object concerns.
type Watcher struct {
	client client.Client
	kind   schema.GroupKind
	list   func() resource.ManagedList
	// settles is whether a change that goes on concerns the kind.
	settles bool
	// configs are empty lists of the kinds of config.
	configs func() []client.ObjectList
}

// indexResource lets the cache find managed resources by config and Secret.
func indexResource(ctx context.Context, i client.FieldIndexer, of client.Object, secrets References) error {
	err := i.IndexField(ctx, of, configField, func(o client.Object) []string {
		mg, ok := o.(resource.ModernManaged)
		if !ok || mg.GetProviderConfigReference() == nil {
			return nil
		}
		return []string{ConfigOf(o.GetNamespace(), *mg.GetProviderConfigReference()).String()}
	})
	if err != nil {
		return errors.Wrap(err, "cannot index managed resources by config")
	}
	return errors.Wrap(indexSecrets(ctx, i, of, secrets), "cannot index managed resources by Secret")
}

func indexSecrets(ctx context.Context, i client.FieldIndexer, of client.Object, secrets References) error {
	return i.IndexField(ctx, of, secretsField, func(o client.Object) []string {
		out := []string{}
		for _, n := range secrets(o) {
			out = append(out, n.String())
		}
		return out
	})
}

// UsesConfig selects the managed resources that use a config.
func UsesConfig(c Config) client.MatchingFields {
	return client.MatchingFields{configField: c.String()}
}

// Config maps a config to the resources that use it.
func (w *Watcher) Config(ctx context.Context, c Config) []reconcile.Request {
	return w.requests(ctx, UsesConfig(c))
}

// Change maps a change of a system to the resources that it concerns.
func (w *Watcher) Change(ctx context.Context, c Change) []reconcile.Request {
	if c.Phase == Settling && !w.settles {
		return nil
	}
	return w.Config(ctx, c.Config)
}

// ConfigObject maps a config's object to the resources that use it.
func (w *Watcher) ConfigObject(kind string) func(ctx context.Context, o client.Object) []reconcile.Request {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return w.Config(ctx, Config{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()})
	}
}

// Secret maps a Secret to the resources that publish to it, refer to it, or use
// a config that refers to it.
func (w *Watcher) Secret(ctx context.Context, o client.Object) []reconcile.Request {
	out := []reconcile.Request{}
	if c := metav1.GetControllerOf(o); c != nil && schema.FromAPIVersionAndKind(c.APIVersion, c.Kind).GroupKind() == w.kind {
		out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: c.Name}})
	}
	refers := client.MatchingFields{secretsField: client.ObjectKeyFromObject(o).String()}
	out = append(out, w.requests(ctx, refers)...)
	for _, l := range w.configs() {
		if err := w.client.List(ctx, l, refers); err != nil {
			continue // The cache is not there yet: the start reconciles all.
		}
		for _, c := range configsIn(l) {
			out = append(out, w.Config(ctx, c)...)
		}
	}
	return out
}

func (w *Watcher) requests(ctx context.Context, f client.MatchingFields) []reconcile.Request {
	l := w.list()
	if err := w.client.List(ctx, l, f); err != nil {
		return nil // The cache is not there yet: the start reconciles all.
	}
	out := []reconcile.Request{}
	for _, mg := range l.GetItems() {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(mg)})
	}
	return out
}

// dataChanged admits a Secret only when its data is not what it was.
func dataChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		o, ok1 := e.ObjectOld.(*corev1.Secret)
		n, ok2 := e.ObjectNew.(*corev1.Secret)
		return !ok1 || !ok2 || !equality.Semantic.DeepEqual(o.Data, n.Data)
	}}
}

// ConnectionSecret that a managed resource writes.
func ConnectionSecret(o client.Object) []types.NamespacedName {
	mg, ok := o.(resource.ModernManaged)
	if !ok || mg.GetWriteConnectionSecretToReference() == nil {
		return nil
	}
	return []types.NamespacedName{{Namespace: o.GetNamespace(), Name: mg.GetWriteConnectionSecretToReference().Name}}
}
