package etcd

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
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
		gvk(v1alpha1.EndpointKind): s.endpoint,
		gvk(v1alpha1.RoleKind):     s.role,
		gvk(v1alpha1.UserKind):     s.user,
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

func (s *Setup) role() error {
	return s.Setup(v1alpha1.RoleKind, func(c *connector) shared.Kind {
		return shared.Kind{
			Secrets:      shared.ConnectionSecret,
			Connector:    managed.WithTypedExternalConnector(connectRole(c)),
			Initializers: []managed.Initializer{shared.NewNamer(s.Manager.GetClient(), ".")},
		}
	})
}

func (s *Setup) user() error {
	return s.Setup(v1alpha1.UserKind, func(c *connector) shared.Kind {
		return shared.Kind{
			Secrets:      userSecrets,
			Connector:    managed.WithTypedExternalConnector(connectUser(c)),
			Initializers: []managed.Initializer{shared.NewNamer(s.Manager.GetClient(), ".")},
		}
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
	config, ok := o.(shared.Specified[v1alpha1.ProviderConfigSpec])
	if !ok {
		return nil
	}
	spec := config.GetSpec()
	refs := access.TLSRefs(spec.TLS)
	if spec.Credentials != nil {
		refs = append(refs, spec.Credentials.Basic.SecretRef)
	}
	return access.Reader{Namespace: o.GetNamespace()}.Names(refs...)
}
