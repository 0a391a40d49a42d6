package nats

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

	apiaccess "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
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
		gvk(v1alpha1.EndpointKind):    s.endpoint,
		gvk(v1alpha1.StreamKind):      s.stream,
		gvk(v1alpha1.KeyValueKind):    s.keyValue,
		gvk(v1alpha1.ObjectStoreKind): s.objectStore,
		gvk(v1alpha1.UserKind):        s.user,
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

func (s *Setup) stream() error {
	return s.stored(v1alpha1.StreamKind, func() managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(s.conn, streamForm()))
	})
}

func (s *Setup) keyValue() error {
	return s.stored(v1alpha1.KeyValueKind, func() managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(s.conn, keyValueForm()))
	})
}

func (s *Setup) objectStore() error {
	return s.stored(v1alpha1.ObjectStoreKind, func() managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(s.conn, objectStoreForm()))
	})
}

func (s *Setup) stored(kind string, connector func() managed.ReconcilerOption) error {
	if err := s.shared(); err != nil {
		return err
	}
	return shared.Setup(s.mgr, s.options, s.tech, shared.Kind{
		GVK:          v1alpha1.SchemeGroupVersion.WithKind(kind),
		Secrets:      shared.ConnectionSecret,
		Connector:    connector(),
		Initializers: []managed.Initializer{shared.NewNamer(s.mgr.GetClient(), "_")},
	})
}

func (s *Setup) user() error {
	if err := s.shared(); err != nil {
		return err
	}
	return shared.Setup(s.mgr, s.options, s.tech, shared.Kind{
		GVK:       v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.UserKind),
		Secrets:   shared.ConnectionSecret,
		Connector: managed.WithTypedExternalConnector(connectUser(s.conn)),
	})
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
	refs = append(refs, credentialRefs(spec.Credentials)...)
	refs = append(refs, credentialRefs(spec.SystemCredentials)...)
	if spec.SigningKey != nil {
		refs = append(refs, spec.SigningKey.SecretRef.SecretReference)
	}
	return access.Reader{Namespace: o.GetNamespace()}.Names(refs...)
}

func credentialRefs(c *v1alpha1.Credentials) []apiaccess.SecretReference {
	switch {
	case c == nil:
	case c.Basic != nil:
		return []apiaccess.SecretReference{c.Basic.SecretRef}
	case c.TokenSecretRef != nil:
		return []apiaccess.SecretReference{c.TokenSecretRef.SecretReference}
	case c.NKeySecretRef != nil:
		return []apiaccess.SecretReference{c.NKeySecretRef.SecretReference}
	case c.CredsSecretRef != nil:
		return []apiaccess.SecretReference{c.CredsSecretRef.SecretReference}
	}
	return nil
}
