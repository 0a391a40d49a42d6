package main

import (
	"context"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	authv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	changelogsv1alpha1 "github.com/crossplane/crossplane-runtime/v2/apis/changelogs/proto/v1alpha1"
	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/gate"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/customresourcesgate"
	xpmanaged "github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/statemetrics"
	"github.com/crossplane/crossplane-runtime/v2/pkg/version"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider"
	"github.com/graphplane/graphplane/provider/managed"
)

// run the provider until ctx is done.
func run(ctx context.Context, cfg *rest.Config, log logging.Logger, o *Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := scheme()
	if err != nil {
		return err
	}
	// The API server warns at every write of the name of Crossplane's finalizer.
	cfg = rest.CopyConfig(cfg)
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	mgr, err := ctrl.NewManager(ratelimiter.LimitRESTConfig(cfg, o.MaxReconcileRate), manager(s, o))
	if err != nil {
		return errors.Wrap(err, "cannot create the manager")
	}
	if err := health(mgr); err != nil {
		return err
	}
	co, stop, err := options(log, o)
	if err != nil {
		return err
	}
	defer stop()
	m := managed.NewMetrics()
	collectors := []prometheus.Collector{m, co.MetricOptions.MRMetrics, co.MetricOptions.MRStateMetrics}
	for _, c := range collectors {
		if err := metrics.Registry.Register(c); err != nil {
			return errors.Wrap(err, "cannot register metrics")
		}
		defer metrics.Registry.Unregister(c) //nolint:gocritic // There are three, and all stay until the end.
	}
	fail := func(kind schema.GroupVersionKind, err error) {
		// A kind that cannot be set up must not look as if it were served.
		cancel(errors.Wrapf(err, "cannot set up %s", kind))
	}
	if err := setup(ctx, mgr, co, m, fail); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return errors.Wrap(err, "cannot run the manager")
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// rightsDelay is how long Crossplane's RBAC manager may take to give a provider
// that has just been installed the right to watch CRDs.
const rightsDelay = 20 * time.Second

// setup every kind once its CRD is there, or all at once where we may not watch
// CRDs.
func setup(ctx context.Context, mgr ctrl.Manager, o controller.Options, m *managed.Metrics, fail func(schema.GroupVersionKind, error)) error {
	s := provider.NewSetup(mgr, o, m)
	may := false
	err := wait.PollUntilContextTimeout(ctx, time.Second, rightsDelay, true, func(ctx context.Context) (bool, error) {
		var err error
		may, err = watchesCRDs(ctx, mgr)
		return may, err
	})
	if err != nil && !wait.Interrupted(err) {
		return err
	}
	if !may {
		o.Logger.Info("Not allowed to watch CRDs: every kind is set up at once, and all have to be active")
		return s.All()
	}
	o.Gate = new(gate.Gate[schema.GroupVersionKind])
	if err := customresourcesgate.Setup(mgr, o); err != nil {
		return errors.Wrap(err, "cannot watch CRDs")
	}
	s.Gated(o.Gate, fail)
	return nil
}

func watchesCRDs(ctx context.Context, mgr ctrl.Manager) (bool, error) {
	c, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return false, errors.Wrap(err, "cannot create a client")
	}
	for _, verb := range []string{"get", "list", "watch"} {
		r := &authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authv1.ResourceAttributes{
			Group: apiextensionsv1.GroupName, Resource: "customresourcedefinitions", Verb: verb,
		}}}
		if err := c.Create(ctx, r); err != nil {
			return false, errors.Wrap(err, "cannot ask what we may do")
		}
		if !r.Status.Allowed {
			return false, nil
		}
	}
	return true, nil
}

func scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, etcdv1alpha1.AddToScheme, natsv1alpha1.AddToScheme,
	} {
		if err := add(s); err != nil {
			return nil, errors.Wrap(err, "cannot build the scheme")
		}
	}
	return s, nil
}

func manager(s *runtime.Scheme, o *Options) ctrl.Options {
	return ctrl.Options{
		Scheme: s,
		Cache: cache.Options{
			SyncPeriod:       &o.Sync,
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&apiextensionsv1.CustomResourceDefinition{}: {Transform: customresourcesgate.TransformStripCRDSchema},
				// Helm's Secrets are large, many, and of no use to us.
				&corev1.Secret{}: {Field: fields.OneTermNotEqualSelector("type", "helm.sh/release.v1")},
			},
		},
		Controller:                 config.Controller{SkipNameValidation: &o.Again},
		Metrics:                    metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:     o.HealthAddress,
		PprofBindAddress:           o.PprofAddress,
		LeaderElection:             o.LeaderElection,
		LeaderElectionID:           "crossplane-leader-election-provider-graphplane",
		LeaderElectionNamespace:    os.Getenv("POD_NAMESPACE"),
		LeaderElectionResourceLock: resourcelock.LeasesResourceLock,
		// We are gone right after, so the next leader need not wait.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &o.GracePeriod,
	}
}

func health(mgr ctrl.Manager) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return errors.Wrap(err, "cannot add the health check")
	}
	return errors.Wrap(mgr.AddReadyzCheck("ping", healthz.Ping), "cannot add the readiness check")
}

// maxConcurrent reconciles of one kind. A reconcile mostly waits for the API
// server, so more of them do not end sooner, and each worker has a stack.
const maxConcurrent = 32

// options of every controller. The function ends what they have opened.
func options(log logging.Logger, o *Options) (controller.Options, func(), error) {
	out := controller.Options{
		Logger:                  log,
		MaxConcurrentReconciles: min(o.MaxReconcileRate, maxConcurrent),
		PollInterval:            o.Poll,
		GlobalRateLimiter:       ratelimiter.NewGlobal(o.MaxReconcileRate),
		Features:                &feature.Flags{},
		MetricOptions: &controller.MetricOptions{
			PollStateMetricInterval: o.PollState,
			MRMetrics:               xpmanaged.NewMRMetricRecorder(),
			MRStateMetrics:          statemetrics.NewMRStateMetrics(),
		},
	}
	if o.EnableManagementPolicies {
		out.Features.Enable(feature.EnableBetaManagementPolicies)
	}
	if !o.EnableChangelogs {
		return out, func() {}, nil
	}
	out.Features.Enable(feature.EnableAlphaChangeLogs)
	conn, err := grpc.NewClient("unix://"+o.ChangelogsSocketPath, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return out, nil, errors.Wrap(err, "cannot use the change log socket")
	}
	out.ChangeLogOptions = &controller.ChangeLogOptions{ChangeLogger: xpmanaged.NewGRPCChangeLogger(
		changelogsv1alpha1.NewChangeLogServiceClient(conn),
		xpmanaged.WithProviderVersion("provider-graphplane:"+version.New().GetVersionString()),
	)}
	return out, func() { conn.Close() }, nil //nolint:errcheck // The process ends.
}
