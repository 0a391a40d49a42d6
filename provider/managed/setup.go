package managed

import (
	"context"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	xpevent "github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/providerconfig"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	"github.com/crossplane/crossplane-runtime/v2/pkg/statemetrics"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

const (
	// unreadyPoll is how soon a resource that is not Ready is looked at again.
	unreadyPoll = 10 * time.Second
	// timeout of one reconcile.
	timeout = 30 * time.Second
	// minPoll is the shortest poll a resource may ask for by annotation.
	minPoll = time.Second
)

// A Technology is what the kinds of one API group share.
type Technology struct {
	// Config and ClusterConfig are the kinds of config and their usages.
	Config, ClusterConfig resource.ProviderConfigKinds
	// Bus on which changes of a config's system are told.
	Bus *Bus
	// Secrets that a config refers to.
	Secrets References
}

// A Kind of managed resource.
type Kind struct {
	// GVK of the resource.
	GVK schema.GroupVersionKind
	// Secrets that a resource itself refers to; its connection Secret counts.
	Secrets References
	// Connector as an option of the reconciler.
	Connector managed.ReconcilerOption
	// Initializers that run before everything else.
	Initializers []managed.Initializer
	// Settles tells that resources follow a change of their system with a
	// delay, so that they are looked at a few times more.
	Settles bool
	// Pins tells that to create a resource is to pin it to what is there, so that nothing has to appear. One that is
	// deleted right after need not wait for it.
	Pins bool
	// Forget a resource that is gone; may be nil.
	Forget func(types.NamespacedName)
}

// creationGrace is how long what was created may not show yet.
const creationGrace = time.Second

func (k Kind) grace() time.Duration {
	if k.Pins {
		return 0
	}
	return creationGrace
}

// Setup adds a controller for a kind.
func Setup(mgr ctrl.Manager, o controller.Options, t *Technology, k Kind) error {
	of, list, err := objects(mgr, k.GVK)
	if err != nil {
		return err
	}
	if err := indexResource(context.Background(), mgr.GetFieldIndexer(), of, k.Secrets); err != nil {
		return err
	}
	w := &Watcher{client: mgr.GetClient(), settles: k.Settles, kind: k.GVK.GroupKind(), list: list, configs: t.lists(mgr)}
	config, clusterConfig, err := t.objects(mgr)
	if err != nil {
		return err
	}
	if err := stateMetrics(mgr, o, list); err != nil {
		return err
	}
	name := managed.ControllerName(k.GVK.GroupKind().String())
	quiet := QuietManager{Manager: mgr, Written: NewWritten()}
	r := managed.NewReconciler(quiet, resource.ManagedKind(k.GVK), options(quiet, o, name, k)...)
	return errors.Wrapf(ctrl.NewControllerManagedBy(mgr).
		Named(name).
		WithOptions(o.ForControllerRuntime()).
		For(of, builder.WithPredicates(resource.DesiredStateChanged())).
		Watches(of, forget(k, quiet.Written)).
		Watches(config, handler.EnqueueRequestsFromMapFunc(w.ConfigObject(t.Config.Config.Kind)), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(clusterConfig, handler.EnqueueRequestsFromMapFunc(w.ConfigObject(t.ClusterConfig.Config.Kind)), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(w.Secret), builder.WithPredicates(dataChanged())).
		WatchesRawSource(source.Channel(t.Bus.Subscribe(), handler.TypedEnqueueRequestsFromMapFunc(w.Change))).
		Complete(&Fresh{
			Client: mgr.GetClient(), Of: of, Written: quiet.Written,
			Reconciler: ratelimiter.NewReconciler(name, r, o.GlobalRateLimiter),
		}), "cannot set up the controller of %s", k.GVK.GroupKind())
}

func options(mgr QuietManager, o controller.Options, name string, k Kind) []managed.ReconcilerOption {
	opts := []managed.ReconcilerOption{
		k.Connector,
		managed.WithInitializers(k.Initializers...),
		managed.WithFinalizer(NewFinalizer(mgr.GetClient(), managed.FinalizerName)),
		managed.WithLogger(o.Logger.WithValues("controller", name)),
		managed.WithRecorder(xpevent.NewAPIRecorder(mgr.GetEventRecorderFor(name), o.EventFilterFunctions...)),
		managed.WithPollInterval(o.PollInterval),
		managed.WithMinPollInterval(minPoll),
		managed.WithPollIntervalHook(Poll),
		managed.WithTimeout(timeout),
		managed.WithCreationGracePeriod(k.grace()),
		// Every name is chosen by us or found, never drawn by the system.
		managed.WithDeterministicExternalName(true),
	}
	if o.Features.Enabled(feature.EnableBetaManagementPolicies) {
		opts = append(opts, managed.WithManagementPolicies())
	}
	if o.Features.Enabled(feature.EnableAlphaChangeLogs) {
		opts = append(opts, managed.WithChangeLogger(o.ChangeLogOptions.ChangeLogger))
	}
	if o.MetricOptions != nil {
		opts = append(opts, managed.WithMetricRecorder(o.MetricOptions.MRMetrics))
	}
	return opts
}

// Poll interval of a resource: sooner while it is not Ready, and never at the
// same moment as all the others.
func Poll(mg resource.Managed, interval time.Duration) time.Duration {
	if mg.GetCondition(xpv2.TypeReady).Status != corev1.ConditionTrue {
		interval = min(interval, unreadyPoll)
	}
	return interval + time.Duration((rand.Float64()-0.5)*0.2*float64(interval)) //nolint:gosec // Only jitter.
}

// SetupConfigs adds the controllers that keep a config while it is used, and
// lets the cache find configs by Secret. Call it once, before Setup. It may be
// called again after it failed because a kind is not served yet.
func SetupConfigs(mgr ctrl.Manager, o controller.Options, t *Technology) error {
	for _, of := range t.kinds() {
		obj, err := object(mgr, of.Config)
		if err != nil {
			return err
		}
		if err := indexSecrets(context.Background(), mgr.GetFieldIndexer(), obj, t.Secrets); err != nil {
			return errors.Wrap(err, "cannot index configs by Secret")
		}
	}
	for _, of := range t.kinds() {
		if err := setupConfig(mgr, o, of); err != nil {
			return errors.Wrapf(err, "cannot set up the controller of %s", of.Config.GroupKind())
		}
	}
	return nil
}

func setupConfig(mgr ctrl.Manager, o controller.Options, of resource.ProviderConfigKinds) error {
	obj, err := object(mgr, of.Config)
	if err != nil {
		return err
	}
	usage, err := object(mgr, of.Usage)
	if err != nil {
		return err
	}
	name := providerconfig.ControllerName(of.Config.GroupKind().String())
	r := providerconfig.NewReconciler(QuietManager{Manager: mgr}, of,
		providerconfig.WithLogger(o.Logger.WithValues("controller", name)),
		providerconfig.WithRecorder(xpevent.NewAPIRecorder(mgr.GetEventRecorderFor(name), o.EventFilterFunctions...)))
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		WithOptions(o.ForControllerRuntime()).
		For(obj).
		Watches(usage, &usages{kind: of.Config.Kind}).
		Complete(ratelimiter.NewReconciler(name, r, o.GlobalRateLimiter))
}

// usages enqueues the config of a usage. The runtime's own handler does not look
// at the kind and the namespace that a usage refers to.
type usages struct{ kind string }

func (u *usages) Create(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	u.add(e.Object, q)
}

func (u *usages) Update(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	u.add(e.ObjectOld, q)
	u.add(e.ObjectNew, q)
}

func (u *usages) Delete(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	u.add(e.Object, q)
}

func (u *usages) Generic(context.Context, event.GenericEvent, workqueue.TypedRateLimitingInterface[reconcile.Request]) {
}

func (u *usages) add(o client.Object, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	pcu, ok := o.(resource.TypedProviderConfigUsage)
	if !ok || pcu.GetProviderConfigReference().Kind != u.kind {
		return
	}
	c := ConfigOf(o.GetNamespace(), pcu.GetProviderConfigReference())
	// Many usages come at once: one look at the config does for all of them.
	q.AddAfter(reconcile.Request{NamespacedName: c.Key()}, time.Second)
}

// forget tells that a resource is gone, however it went.
func forget(k Kind, w *Written) handler.EventHandler {
	return handler.Funcs{DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		w.forget(client.ObjectKeyFromObject(e.Object))
		if k.Forget != nil {
			k.Forget(client.ObjectKeyFromObject(e.Object))
		}
	}}
}

func stateMetrics(mgr ctrl.Manager, o controller.Options, list func() resource.ManagedList) error {
	if o.MetricOptions == nil || o.MetricOptions.MRStateMetrics == nil {
		return nil
	}
	r := statemetrics.NewMRStateRecorder(mgr.GetClient(), o.Logger, o.MetricOptions.MRStateMetrics, list(), o.MetricOptions.PollStateMetricInterval)
	return errors.Wrap(mgr.Add(r), "cannot add the recorder of state metrics")
}

func objects(mgr ctrl.Manager, gvk schema.GroupVersionKind) (client.Object, func() resource.ManagedList, error) {
	of, err := object(mgr, gvk)
	if err != nil {
		return nil, nil, err
	}
	lgvk := gvk.GroupVersion().WithKind(gvk.Kind + "List")
	l, err := mgr.GetScheme().New(lgvk)
	if err != nil {
		return nil, nil, errors.Wrapf(err, "cannot make a %s", lgvk.Kind)
	}
	if _, ok := l.(resource.ManagedList); !ok {
		return nil, nil, errors.Errorf("%T is not a list of managed resources", l)
	}
	return of, func() resource.ManagedList { return l.DeepCopyObject().(resource.ManagedList) }, nil //nolint:forcetypeassert // Checked above.
}

func object(mgr ctrl.Manager, gvk schema.GroupVersionKind) (client.Object, error) {
	o, err := mgr.GetScheme().New(gvk)
	if err != nil {
		return nil, errors.Wrapf(err, "cannot make a %s", gvk.Kind)
	}
	c, ok := o.(client.Object)
	if !ok {
		return nil, errors.Errorf("%T is not an object", o)
	}
	return c, nil
}
