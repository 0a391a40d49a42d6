package graph

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// Technologies of the systems that a graph may use.
const (
	Etcd = "etcd"
	NATS = "nats"
)

// Auth is the kind of credentials of a system, as its provider config has them.
type Auth string

// Kinds of credentials.
const (
	AuthNone  Auth = ""
	AuthBasic Auth = "basic"
	AuthToken Auth = "token"
	AuthNKey  Auth = "nkey"
	AuthCreds Auth = "creds"
)

// A System is what a graph needs to know of an etcd or NATS system: what its provider config says, and its Endpoint where
// one exists.
type System struct {
	Config v1alpha1.ProviderConfigReference

	// Auth is the kind of credentials, Published whether Endpoints publish them.
	Auth      Auth
	Published bool

	// SigningKey says that users can be made in NATS.
	SigningKey bool

	// TLS says that the addresses are those of TLS, CA that there is a certificate to verify servers by, ClientCert that
	// Endpoints and Users publish a client certificate.
	TLS, CA, ClientCert bool

	// Secret of the existing Endpoint, with its address. Empty without an existing Endpoint.
	Secret string

	// Waits says why the existing Endpoint is not ready, empty when it is.
	Waits string
}

// A Backing is an etcd or NATS system that a graph uses.
type Backing struct {
	System

	// Endpoint is the name of the Endpoint, Existing whether it is not ours.
	Endpoint string
	Existing bool

	// Isolate says that the graph has a user of its own, SharedReads that it may read what graphs share.
	Isolate, SharedReads bool

	// Access is the Secret with addresses, credentials and certificates for pods.
	Access string
}

// Backings are the systems that a graph uses, as it or its InferenceCluster names them. Nil for those that it does not
// use, or does not name.
func Backings(in *Input) (etcd, nats *v1alpha1.Backing) {
	if discovery(in) == v1alpha1.DiscoveryEtcd {
		etcd = cmp.Or(in.Spec.Runtime.Etcd, in.Cluster.Defaults.Etcd)
	}
	if usesNATS(in) {
		nats = cmp.Or(in.Spec.Runtime.NATS, in.Cluster.Defaults.NATS)
	}
	return etcd, nats
}

// discovery is the graph's, or else the platform's.
func discovery(in *Input) v1alpha1.Discovery {
	return cmp.Or(in.Spec.Runtime.Discovery, in.Cluster.Defaults.Discovery, v1alpha1.DiscoveryKubernetes)
}

func usesNATS(in *Input) bool {
	return in.Spec.Runtime.RequestPlane == v1alpha1.RequestPlaneNATS || in.Spec.Runtime.EventPlane == v1alpha1.EventPlaneNATS
}

// isolated reports whether any system is the graph's alone to use in part.
func isolated(in *Input) bool {
	etcd, nats := Backings(in)
	return (etcd != nil && etcd.Isolate) || (nats != nil && nats.Isolate)
}

// dynamoNamespace is where a graph's processes are inside the Dynamo runtime.
func dynamoNamespace(in *Input) string {
	if isolated(in) {
		return names.Isolated(in.Namespace, in.Name)
	}
	return names.Dynamo(in.Namespace, in.Name)
}

// etcd resolves the system of the etcd discovery.
func (r *resolver) etcd() *Backing {
	b, _ := Backings(&r.in)
	at := r.spec.Child("runtime", "etcd")
	if discovery(&r.in) != v1alpha1.DiscoveryEtcd {
		if r.in.Spec.Runtime.Etcd != nil {
			r.Add(field.Forbidden(at, "is for discovery through etcd, which the graph does not use: set spec.runtime.discovery to etcd, or remove it"))
		}
		return nil
	}
	if b == nil {
		r.Add(field.Required(at, "discovery through etcd needs an etcd: name its provider config or Endpoint, set spec.defaults.etcd of "+r.clusterName()+", or set spec.runtime.discovery to kubernetes"))
		return nil
	}
	if s := r.in.Etcd; s != nil && b.Isolate && s.Auth == AuthNone {
		r.Add(field.Forbidden(at.Child("isolate"), config(s, Etcd)+" has no credentials, without which nobody can make a user in etcd: set credentials there, of a user with the role root, or remove isolate"))
	}
	return r.backing(b, r.in.Etcd, Etcd, at)
}

// nats resolves the system of the planes that use NATS.
func (r *resolver) nats() *Backing {
	_, b := Backings(&r.in)
	at := r.spec.Child("runtime", "nats")
	if !usesNATS(&r.in) {
		if r.in.Spec.Runtime.NATS != nil {
			r.Add(field.Forbidden(at, "is for planes that use NATS, and none does: set spec.runtime.eventPlane or spec.runtime.requestPlane to nats, or remove it"))
		}
		return nil
	}
	if b == nil {
		r.Add(field.Required(at, "a plane that uses NATS needs a NATS system: name its provider config or Endpoint, set spec.defaults.nats of "+r.clusterName()+", or set requestPlane to tcp and eventPlane to zmq"))
		return nil
	}
	if s := r.in.NATS; s != nil && b.Isolate && !s.SigningKey {
		r.Add(field.Forbidden(at.Child("isolate"), config(s, NATS)+" has no signingKey, without which nobody can make a user in NATS: set the account's signing key there, or remove isolate"))
	}
	return r.backing(b, r.in.NATS, NATS, at)
}

// backing resolves what both technologies have in common.
func (r *resolver) backing(in *v1alpha1.Backing, s *System, technology string, at *field.Path) *Backing {
	if (in.ProviderConfigRef == nil) == (in.EndpointRef == nil) {
		r.Add(field.Invalid(at, "", "set exactly one of providerConfigRef and endpointRef: the first to have an Endpoint made, the second to use one that exists"))
	}
	if in.SharedReads && !in.Isolate {
		r.Add(field.Forbidden(at.Child("sharedReads"), "widens what an isolated graph may read: set isolate too, or remove it"))
	}
	if in.Isolate {
		r.alone(technology)
	}
	out := &Backing{Endpoint: names.System(r.in.Name, technology), Isolate: in.Isolate, SharedReads: in.SharedReads}
	if s != nil {
		out.System = *s
	}
	if s != nil && !in.Isolate && s.Auth != AuthNone && !s.Published {
		r.Add(field.Forbidden(at, config(s, technology)+" keeps its credentials to itself, so pods could not sign in: set isolate for a user of the graph's own, or publishCredentials there"))
	}
	out.Access = out.Endpoint
	if in.EndpointRef != nil {
		out.Endpoint, out.Existing, out.Access = in.EndpointRef.Name, true, out.Secret
	}
	if in.Isolate {
		out.Access = names.SystemUser(r.in.Name, technology)
	}
	return out
}

// alone checks that no component of an isolated graph is in a namespace that graphs share.
func (r *resolver) alone(technology string) {
	for i, c := range r.in.Spec.Components {
		if c.GlobalNamespace {
			r.Add(field.Forbidden(r.spec.Child("components").Index(i).Child("globalNamespace"), fmt.Sprintf("the Dynamo namespace %q belongs to several graphs, and the graph's user in %s may reach its own only: remove it, or remove isolate from spec.runtime.%s", names.GlobalNamespace, technology, technology)))
		}
	}
}

// config is how messages call a provider config.
func config(s *System, technology string) string {
	return fmt.Sprintf("%s %q of %s.graphplane.io", cmp.Or(s.Config.Kind, "ClusterProviderConfig"), s.Config.Name, technology)
}
