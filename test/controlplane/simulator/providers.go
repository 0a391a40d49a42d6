package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	xpevent "github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

const (
	// pollInterval of the providers. Real ones poll every ten minutes.
	pollInterval = time.Second

	reconcileTimeout = 30 * time.Second
)

// A provider is the controller of one kind of managed resource.
type provider struct {
	kind    schema.GroupVersionKind
	object  func() resource.Managed
	cloud   string
	service service

	// async is set for what upjet does in the background, named for what it names by the resource's own name.
	async bool
	named bool
}

func providers(w *world) []provider {
	return []provider{
		{
			kind: nodeGroupKind(), object: func() resource.Managed { return &NodeGroup{} },
			cloud: amazon, service: &fleet{world: w, api: eks{}}, async: true, named: true,
		},
		{
			kind: launchTemplateKind(), object: func() resource.Managed { return &LaunchTemplate{} },
			cloud: amazon, service: &launchTemplates{world: w},
		},
		{
			kind: placementGroupKind(), object: func() resource.Managed { return &PlacementGroup{} },
			cloud: amazon, service: &placementGroups{world: w}, named: true,
		},
		{
			kind: nodePoolKind(), object: func() resource.Managed { return &NodePool{} },
			cloud: google, service: &fleet{world: w, api: gke{}}, async: true, named: true,
		},
		{
			kind: kubernetesClusterNodePoolKind(), object: func() resource.Managed { return &KubernetesClusterNodePool{} },
			cloud: azure, service: &fleet{world: w, api: aks{}}, async: true, named: true,
		},
	}
}

func (s *Simulator) runProviders(ctx context.Context, a accounts, ready func()) error {
	// What goes wrong is in conditions. A logger without a sink would be taken for none, and informers use the global one.
	silent := funcr.New(func(string, string) {}, funcr.Options{})
	ctrl.SetLogger(silent)

	mgr, err := ctrl.NewManager(s.options.Config, ctrl.Options{
		Scheme: newScheme(), Metrics: server.Options{BindAddress: "0"}, GracefulShutdownTimeout: new(time.Duration), Logger: silent,
	})
	if err != nil {
		return fmt.Errorf("cannot make manager: %w", err)
	}

	for _, p := range providers(s.world) {
		if err := p.setup(mgr, s.options, a); err != nil {
			return fmt.Errorf("cannot set up %s: %w", p.kind.Kind, err)
		}
	}

	err = mgr.Add(manager.RunnableFunc(func(context.Context) error {
		ready()
		return nil
	}))
	if err != nil {
		return fmt.Errorf("cannot add to manager: %w", err)
	}

	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("cannot run providers: %w", err)
	}

	return nil
}

// setup the controller of a kind. Its reconciler is the one that real providers have.
func (p provider) setup(mgr ctrl.Manager, o Options, a accounts) error {
	again := make(chan event.GenericEvent, 100)

	initializers := []managed.Initializer{}
	if p.named {
		initializers = append(initializers, managed.NewNameAsExternalName(mgr.GetClient()))
	}

	name := managed.ControllerName(p.kind.GroupKind().String())

	r := managed.NewReconciler(mgr, resource.ManagedKind(p.kind),
		managed.WithExternalConnector(&connector{
			provider: p, accounts: a, options: o, client: mgr.GetClient(), again: again,
			operations: &operations{all: map[types.UID]*operation{}},
		}),
		managed.WithInitializers(initializers...),
		managed.WithPollInterval(pollInterval),
		managed.WithMinPollInterval(pollInterval),
		managed.WithTimeout(reconcileTimeout),
		managed.WithCreationGracePeriod(time.Second),
		managed.WithManagementPolicies(),
		// A read that is behind may miss the end of a creation, after which the runtime would wait for somebody to look.
		managed.WithDeterministicExternalName(p.named),
		managed.WithRecorder(xpevent.NewAPIRecorder(mgr.GetEventRecorderFor(name))),
	)

	err := ctrl.NewControllerManagedBy(mgr).
		Named(name).
		// One process may run simulators one after another.
		WithOptions(controller.Options{SkipNameValidation: new(true), MaxConcurrentReconciles: 10}).
		For(p.object()).
		WatchesRawSource(source.Channel(again, &handler.EnqueueRequestForObject{})).
		Complete(r)
	if err != nil {
		return fmt.Errorf("cannot build controller: %w", err)
	}

	return nil
}

// A connector makes the client of a cloud for a managed resource.
type connector struct {
	provider   provider
	accounts   accounts
	options    Options
	client     client.Client
	again      chan<- event.GenericEvent
	operations *operations
}

// Connect to the cloud.
func (c *connector) Connect(ctx context.Context, mg resource.Managed) (managed.ExternalClient, error) {
	m, err := unwrap(mg)
	if err != nil {
		return nil, err
	}

	r, err := newRequest(m)
	if err != nil {
		return nil, err
	}

	what := "cannot initialize the Terraform plugin SDK external client"
	if c.provider.async {
		what = "cannot initialize the Terraform plugin SDK async external client"
	}

	if r.faults, err = c.accounts.faults(ctx, m, c.provider.cloud); err != nil {
		return nil, errors.Wrap(errors.Wrap(err, "cannot get terraform setup"), what)
	}

	c.provider.service.notice(r)

	e := external{service: c.provider.service, request: r}
	if !c.provider.async {
		return &e, nil
	}

	return &asyncExternal{external: e, operation: c.operations.of(mg.GetUID()), linger: c.options.Linger, done: c.done}, nil
}

// done writes conditions and looks at the resource again.
func (c *connector) done(ctx context.Context, name types.NamespacedName, conditions ...xpv2.Condition) {
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		mg := c.provider.object()
		if err := c.client.Get(ctx, name, mg); err != nil {
			return client.IgnoreNotFound(err)
		}

		mg.SetConditions(conditions...)

		return client.IgnoreNotFound(c.client.Status().Update(ctx, mg))
	})
	if err != nil {
		c.options.logf("cannot report the end of a call for %s: %v", name, err)
	}

	mg := c.provider.object()
	mg.SetName(name.Name)
	mg.SetNamespace(name.Namespace)

	select {
	case c.again <- event.GenericEvent{Object: mg}:
	case <-ctx.Done():
	}
}
