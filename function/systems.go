package function

import (
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// A technology is how to read what a system's provider config says.
type technology struct {
	name  string
	group schema.GroupVersion
	read  func(config *structpb.Struct) (*graph.System, error)
}

// systems finds out about the etcd and NATS systems that a graph uses: by the provider config that it names, or by the
// Endpoint. It reports false while Crossplane has not looked for them.
func systems(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, in *graph.Input) (bool, error) {
	etcd, nats := graph.Backings(in)
	all := true
	for _, s := range []struct {
		technology

		use  *v1alpha1.Backing
		into **graph.System
	}{
		{technology{graph.Etcd, etcdv1alpha1.SchemeGroupVersion, readEtcd}, etcd, &in.Etcd},
		{technology{graph.NATS, natsv1alpha1.SchemeGroupVersion, readNATS}, nats, &in.NATS},
	} {
		if s.use == nil {
			continue
		}
		found, err := s.system(req, rsp, s.use, in.Namespace)
		if err != nil {
			return false, err
		}
		all = all && found != nil
		*s.into = found
	}
	return all, nil
}

// system finds out about one system. It returns nil while Crossplane has not looked.
func (t technology) system(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, use *v1alpha1.Backing, namespace string) (*graph.System, error) {
	existing := &graph.System{}
	ref, at := use.ProviderConfigRef, "spec.runtime."+t.name+".providerConfigRef"
	if use.EndpointRef != nil {
		at = "spec.runtime." + t.name + ".endpointRef"
		var err error
		if existing, err = t.endpoint(req, rsp, use.EndpointRef.Name, namespace); existing == nil || err != nil {
			return nil, err
		}
		ref = &existing.Config
	}
	if ref == nil {
		// Resolve refuses it, with every other problem.
		return existing, nil
	}
	kind := ref.Kind
	if kind == "" {
		kind = etcdv1alpha1.ClusterProviderConfigKind
	}
	where := ""
	switch {
	case kind == etcdv1alpha1.ProviderConfigKind:
		where = namespace
	case use.EndpointRef == nil:
		at += ", with kind ProviderConfig for one of namespace " + namespace
	}
	found := wire.Require(req, rsp, "config:"+t.name, t.group.String(), kind, where, ref.Name)
	if !found.Resolved {
		return nil, nil //nolint:nilnil // Not known yet is not an error.
	}
	if found.Object == nil {
		return nil, missing("%s %q of %s does not exist%s: create it, or mend %s. Until then nothing of this graph changes", kind, ref.Name, t.group.Group, in(where), at)
	}
	s, err := t.read(found.Object)
	if err != nil {
		return nil, errors.Wrapf(err, "cannot read %s %q of %s", kind, ref.Name, t.group.Group)
	}
	s.Config = v1alpha1.ProviderConfigReference{Kind: kind, Name: ref.Name}
	s.Secret, s.Waits = existing.Secret, existing.Waits
	return s, nil
}

// endpoint finds an Endpoint that exists. It returns nil while Crossplane has not looked.
func (t technology) endpoint(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, name, namespace string) (*graph.System, error) {
	found := wire.Require(req, rsp, "endpoint:"+t.name, t.group.String(), etcdv1alpha1.EndpointKind, namespace, name)
	if !found.Resolved {
		return nil, nil //nolint:nilnil // Not known yet is not an error.
	}
	if found.Object == nil {
		return nil, missing("Endpoint %q of %s does not exist%s: create it, or mend spec.runtime.%s.endpointRef. Until then nothing of this graph changes", name, t.group.Group, in(namespace), t.name)
	}
	spec := xpv2.ManagedResourceSpec{}
	if err := wire.Decode(found.Object, "spec", &spec); err != nil {
		return nil, errors.Wrapf(err, "cannot read Endpoint %q of %s", name, t.group.Group)
	}
	if spec.WriteConnectionSecretToReference == nil || spec.ProviderConfigReference == nil {
		return nil, missing("Endpoint %q of %s has no connection Secret, by which pods find the system: set spec.writeConnectionSecretToRef and spec.providerConfigRef of the Endpoint", name, t.group.Group)
	}
	return &graph.System{
		Config: v1alpha1.ProviderConfigReference{Kind: spec.ProviderConfigReference.Kind, Name: spec.ProviderConfigReference.Name},
		Secret: spec.WriteConnectionSecretToReference.Name,
		Waits:  ready.Managed(found.Object).Message,
	}, nil
}

// in says where something is, if it is in a namespace.
func in(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in namespace " + namespace
}

func readEtcd(config *structpb.Struct) (*graph.System, error) {
	spec := etcdv1alpha1.ProviderConfigSpec{}
	if err := wire.Decode(config, "spec", &spec); err != nil {
		return nil, err
	}
	s := &graph.System{Published: published(config, spec.PublishCredentials), TLS: has(spec.Endpoints, "https://")}
	if spec.Credentials != nil {
		s.Auth = graph.AuthBasic
	}
	certificates(s, spec.TLS, spec.PublishClientCertificate)
	return s, nil
}

func readNATS(config *structpb.Struct) (*graph.System, error) {
	spec := natsv1alpha1.ProviderConfigSpec{}
	if err := wire.Decode(config, "spec", &spec); err != nil {
		return nil, err
	}
	s := &graph.System{
		Published: published(config, spec.PublishCredentials), TLS: has(spec.Servers, "tls://"),
		SigningKey: spec.SigningKey != nil,
	}
	if c := spec.Credentials; c != nil {
		switch {
		case c.Basic != nil:
			s.Auth = graph.AuthBasic
		case c.TokenSecretRef != nil:
			s.Auth = graph.AuthToken
		case c.NKeySecretRef != nil:
			s.Auth = graph.AuthNKey
		case c.CredsSecretRef != nil:
			s.Auth = graph.AuthCreds
		}
	}
	certificates(s, spec.TLS, spec.PublishClientCertificate)
	return s, nil
}

// published says whether Endpoints publish the credentials of a config, as the provider decides it.
func published(config *structpb.Struct, set *bool) bool {
	return ptr.Deref(set, wire.String(config, "kind") == etcdv1alpha1.ProviderConfigKind)
}

func certificates(s *graph.System, t *access.TLS, publish *bool) {
	if t == nil {
		return
	}
	s.CA = t.CASecretRef != nil
	s.ClientCert = t.CertSecretRef != nil && ptr.Deref(publish, s.Published)
}

func has(addresses []string, scheme string) bool {
	return len(addresses) > 0 && strings.HasPrefix(addresses[0], scheme)
}
