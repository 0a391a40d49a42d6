package provider_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/test/apiserver"
)

// server is the one API server of this package's tests; nil without binaries.
var server *apiserver.Server

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if apiserver.Binaries() != "" {
		s, err := apiserver.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer s.Stop()
		server = s
	}
	return m.Run()
}

func scheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, etcdv1alpha1.AddToScheme, natsv1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatalf("cannot build scheme: %v", err)
		}
	}
	return s
}

// A plane is a control plane with the provider running in it.
type plane struct {
	client.Client

	namespace string
	// neighbour is another namespace that the provider looks at; empty if there
	// is none.
	neighbour string
	setup     *provider.Setup
	metrics   *managed.Metrics
}

// planeOptions change how the provider runs.
type planeOptions struct {
	poll time.Duration
	log  logging.Logger
	wrap func(*rest.Config) *rest.Config
	// neighbour has the provider look at another namespace, too.
	neighbour bool
}

// start the provider in a namespace of its own, until the test ends.
func start(t testing.TB, o planeOptions) *plane {
	t.Helper()
	if server == nil {
		t.Skip(apiserver.Missing)
	}
	if o.poll == 0 {
		o.poll = time.Minute
	}
	if o.log == nil {
		o.log = logging.NewNopLogger()
	}
	cfg := rest.CopyConfig(server.Config)
	if o.wrap != nil {
		cfg = o.wrap(cfg)
	}
	s := scheme(t)
	c, err := client.New(server.Config, client.Options{Scheme: s})
	if err != nil {
		t.Fatalf("cannot make client: %v", err)
	}
	p := &plane{Client: c, namespace: namespace(t, c)}
	if o.neighbour {
		p.neighbour = namespace(t, c)
	}
	p.run(t, cfg, s, o)
	return p
}

// namespace that is new.
func namespace(t testing.TB, c client.Client) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatalf("cannot create namespace: %v", err)
	}
	return ns.Name
}

// next is the same plane as its neighbour sees it.
func (p *plane) next() *plane {
	q := *p
	q.namespace, q.neighbour = p.neighbour, p.namespace
	return &q
}

func (p *plane) run(t testing.TB, cfg *rest.Config, s *runtime.Scheme, o planeOptions) {
	t.Helper()
	skip := true
	namespaces := map[string]cache.Config{p.namespace: {}}
	if p.neighbour != "" {
		namespaces[p.neighbour] = cache.Config{}
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:     s,
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Cache:      cache.Options{DefaultNamespaces: namespaces},
		Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		t.Fatalf("cannot make manager: %v", err)
	}
	f := &feature.Flags{}
	f.Enable(feature.EnableBetaManagementPolicies)
	p.metrics = managed.NewMetrics()
	p.setup = provider.NewSetup(mgr, controller.Options{
		Logger: o.log, GlobalRateLimiter: ratelimiter.NewGlobal(1000), PollInterval: o.poll,
		MaxConcurrentReconciles: 100, Features: f,
	}, p.metrics)
	if err := p.setup.All(); err != nil {
		t.Fatalf("cannot set up: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("manager: %v", err)
		}
	})
}

// make objects, and delete those of the cluster with the test.
func (p *plane) make(t testing.TB, os ...client.Object) {
	t.Helper()
	for _, o := range os {
		if err := p.Create(t.Context(), o); err != nil {
			t.Fatalf("cannot create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// secret of this namespace.
func (p *plane) secret(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: p.meta(name), StringData: data}
}

func (p *plane) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: p.namespace, Name: name}
}

// spec of a managed resource that uses the ProviderConfig "default".
func spec(secret string) xpv2.ManagedResourceSpec {
	s := xpv2.ManagedResourceSpec{ProviderConfigReference: &xpv2.ProviderConfigReference{Kind: "ProviderConfig", Name: "default"}}
	if secret != "" {
		s.WriteConnectionSecretToReference = &xpv2.LocalSecretReference{Name: secret}
	}
	return s
}

// until a check of an object holds; it fails the test if it does not in time.
func until[T client.Object](t testing.TB, p *plane, o T, within time.Duration, check func(o T) string) time.Duration {
	t.Helper()
	begun := time.Now()
	for {
		err := p.Get(t.Context(), client.ObjectKeyFromObject(o), o)
		var wrong string
		if err != nil {
			wrong = err.Error()
		} else {
			wrong = check(o)
		}
		if wrong == "" {
			return time.Since(begun)
		}
		if time.Since(begun) > within {
			t.Fatalf("after %s: %T %s: %s", within, o, o.GetName(), wrong)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// gone waits until an object is deleted.
func gone(t testing.TB, p *plane, o client.Object, within time.Duration) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		err := p.Get(t.Context(), client.ObjectKeyFromObject(o), o)
		if kerrors.IsNotFound(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%T %s is still there after %s: %v", o, o.GetName(), within, o.GetFinalizers())
		}
	}
}

type conditioned interface {
	client.Object
	GetCondition(ct xpv2.ConditionType) xpv2.Condition
}

// is checks for conditions such as Ready=True/Available; the reason is optional.
func is[T conditioned](want ...string) func(o T) string {
	return func(o T) string {
		for _, w := range want {
			ct, rest, _ := strings.Cut(w, "=")
			status, reason, _ := strings.Cut(rest, "/")
			c := o.GetCondition(xpv2.ConditionType(ct))
			if string(c.Status) != status || (reason != "" && string(c.Reason) != reason) {
				return fmt.Sprintf("want %s, have %s=%s/%s: %s (synced: %s)", w, ct, c.Status, c.Reason, c.Message, o.GetCondition(xpv2.TypeSynced).Message)
			}
		}
		return ""
	}
}
