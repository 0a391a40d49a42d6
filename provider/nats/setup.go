package nats

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	apiaccess "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// A Setup adds the controllers of this group to a manager.
type Setup struct {
	*shared.Group[*Config, *System]

	metrics *shared.Metrics
}

// NewSetup for a manager.
func NewSetup(mgr ctrl.Manager, o controller.Options, m *shared.Metrics) *Setup {
	return &Setup{metrics: m, Group: &shared.Group[*Config, *System]{
		Manager: mgr, Options: o, Version: v1alpha1.SchemeGroupVersion, Secrets: configSecrets, Resolve: Resolve,
		Open: func(c *Config, changed func(p shared.Phase)) *System { return Open(c, m, changed) },
	}}
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

func (s *Setup) endpoint() error {
	return s.Setup(v1alpha1.EndpointKind, func(c *connector) shared.Kind {
		return shared.Kind{
			Secrets:   shared.ConnectionSecret,
			Connector: managed.WithTypedExternalConnector(shared.ConnectEndpoint(c, endpointForm(s.metrics))),
			Pins:      true,
			Forget:    func(n types.NamespacedName) { s.metrics.Forget(technology, n) },
		}
	})
}

func (s *Setup) stream() error {
	return s.stored(v1alpha1.StreamKind, func(c *connector) managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(c, streamForm()))
	})
}

func (s *Setup) keyValue() error {
	return s.stored(v1alpha1.KeyValueKind, func(c *connector) managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(c, keyValueForm()))
	})
}

func (s *Setup) objectStore() error {
	return s.stored(v1alpha1.ObjectStoreKind, func(c *connector) managed.ReconcilerOption {
		return managed.WithTypedExternalConnector(connectStored(c, objectStoreForm()))
	})
}

func (s *Setup) stored(kind string, connect func(c *connector) managed.ReconcilerOption) error {
	return s.Setup(kind, func(c *connector) shared.Kind {
		return shared.Kind{
			Secrets:      shared.ConnectionSecret,
			Connector:    connect(c),
			Settles:      true,
			Initializers: []managed.Initializer{shared.NewNamer(s.Manager.GetClient(), "_")},
		}
	})
}

func (s *Setup) user() error {
	return s.Setup(v1alpha1.UserKind, func(c *connector) shared.Kind {
		return shared.Kind{
			Secrets:   shared.ConnectionSecret,
			Connector: managed.WithTypedExternalConnector(connectUser(c)),
		}
	})
}

// configSecrets are the Secrets that a config refers to. A reference that is not
// allowed is left out: resolving it says so.
func configSecrets(o client.Object) []types.NamespacedName {
	config, ok := o.(shared.Specified[v1alpha1.ProviderConfigSpec])
	if !ok {
		return nil
	}
	spec := config.GetSpec()
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
