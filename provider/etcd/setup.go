package etcd

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// A Setup adds the controllers of this group to a manager.
type Setup struct {
	mgr     ctrl.Manager
	options controller.Options
	metrics *shared.Metrics

	mu   sync.Mutex
	tech *shared.Technology
	conn *connector
}

// NewSetup for a manager.
func NewSetup(mgr ctrl.Manager, o controller.Options, m *shared.Metrics) *Setup {
	return &Setup{mgr: mgr, options: o, metrics: m}
}

// Kinds that can be set up, each on its own, and how.
func (s *Setup) Kinds() map[schema.GroupVersionKind]func() error {
	gvk := v1alpha1.SchemeGroupVersion.WithKind
	return map[schema.GroupVersionKind]func() error{
		gvk(v1alpha1.EndpointKind): s.endpoint,
		gvk(v1alpha1.RoleKind):     s.role,
		gvk(v1alpha1.UserKind):     s.user,
	}
}

// Configs are the kinds without which none of the others can be set up.
func (s *Setup) Configs() []schema.GroupVersionKind {
	gvk := v1alpha1.SchemeGroupVersion.WithKind
	return []schema.GroupVersionKind{gvk(v1alpha1.ProviderConfigKind), gvk(v1alpha1.ClusterProviderConfigKind), gvk(v1alpha1.ProviderConfigUsageKind)}
}

// Pool of clients, for tests and benchmarks; nil before a kind is set up.
func (s *Setup) Pool() *shared.Pool[*System] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	return s.conn.Pool
}

// shared sets up what the kinds have in common, once.
func (s *Setup) shared() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		return nil
	}
	return s.prepare()
}

func (s *Setup) prepare() error {
	gvk := v1alpha1.SchemeGroupVersion.WithKind
	kinds := func(config string) resource.ProviderConfigKinds {
		return resource.ProviderConfigKinds{
			Config:    gvk(config),
			Usage:     gvk(v1alpha1.ProviderConfigUsageKind),
			UsageList: gvk(v1alpha1.ProviderConfigUsageKind + "List"),
		}
	}
	s.tech = &shared.Technology{
		Config: kinds(v1alpha1.ProviderConfigKind), ClusterConfig: kinds(v1alpha1.ClusterProviderConfigKind),
		Bus: shared.NewBus(), Secrets: configSecrets,
	}
	if err := shared.SetupConfigs(s.mgr, s.options, s.tech); err != nil {
		return err
	}
	conn := &connector{
		Client: s.mgr.GetClient(),
		Usage:  resource.NewProviderConfigUsageTracker(s.mgr.GetClient(), &v1alpha1.ProviderConfigUsage{}),
		Pool:   shared.NewPool[*System](), Bus: s.tech.Bus, Resolve: Resolve,
		Open: func(c *Config, changed func()) *System { return Open(c, s.metrics, changed) },
	}
	k := &shared.Keeper[*System]{Pool: conn.Pool, Bus: s.tech.Bus, Client: s.mgr.GetClient(), Usages: &v1alpha1.ProviderConfigUsageList{}}
	if err := s.mgr.Add(k); err != nil {
		return errors.Wrap(err, "cannot add the keeper of clients")
	}
	s.conn = conn
	return nil
}

func (s *Setup) endpoint() error {
	if err := s.shared(); err != nil {
		return err
	}
	return shared.Setup(s.mgr, s.options, s.tech, shared.Kind{
		GVK:       v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.EndpointKind),
		Secrets:   shared.ConnectionSecret,
		Connector: managed.WithTypedExternalConnector(connectEndpoint(s.conn, s.metrics)),
		Forget:    func(n types.NamespacedName) { s.metrics.Forget(technology, n) },
	})
}

func (s *Setup) role() error {
	if err := s.shared(); err != nil {
		return err
	}
	return shared.Setup(s.mgr, s.options, s.tech, shared.Kind{
		GVK:          v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.RoleKind),
		Secrets:      shared.ConnectionSecret,
		Connector:    managed.WithTypedExternalConnector(connectRole(s.conn)),
		Initializers: []managed.Initializer{shared.NewNamer(s.mgr.GetClient(), ".")},
	})
}

func (s *Setup) user() error {
	if err := s.shared(); err != nil {
		return err
	}
	return shared.Setup(s.mgr, s.options, s.tech, shared.Kind{
		GVK:          v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.UserKind),
		Secrets:      userSecrets,
		Connector:    managed.WithTypedExternalConnector(connectUser(s.conn)),
		Initializers: []managed.Initializer{shared.NewNamer(s.mgr.GetClient(), ".")},
	})
}

// userSecrets are those that a User writes and reads.
func userSecrets(o client.Object) []types.NamespacedName {
	out := shared.ConnectionSecret(o)
	if u, ok := o.(*v1alpha1.User); ok && u.Spec.ForProvider.PasswordSecretRef != nil {
		out = append(out, types.NamespacedName{Namespace: u.GetNamespace(), Name: u.Spec.ForProvider.PasswordSecretRef.Name})
	}
	return out
}

// configSecrets are the Secrets that a config refers to. A reference that is not
// allowed is left out: resolving it says so.
func configSecrets(o client.Object) []types.NamespacedName {
	var spec *v1alpha1.ProviderConfigSpec
	switch c := o.(type) {
	case *v1alpha1.ProviderConfig:
		spec = &c.Spec
	case *v1alpha1.ClusterProviderConfig:
		spec = &c.Spec
	default:
		return nil
	}
	refs := access.TLSRefs(spec.TLS)
	if spec.Credentials != nil {
		refs = append(refs, spec.Credentials.Basic.SecretRef)
	}
	return access.Reader{Namespace: o.GetNamespace()}.Names(refs...)
}
