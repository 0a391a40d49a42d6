package managed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// A Config names a ProviderConfig or, without a namespace, a
// ClusterProviderConfig.
type Config struct {
	Kind, Namespace, Name string
}

// ConfigOf the reference of a managed resource in a namespace.
func ConfigOf(namespace string, ref xpv2.ProviderConfigReference) Config {
	c := Config{Kind: ref.Kind, Name: ref.Name}
	if ref.Kind != ClusterProviderConfigKind {
		c.Namespace = namespace
	}
	return c
}

// String that serves as an index value.
func (c Config) String() string { return c.Kind + "/" + c.Namespace + "/" + c.Name }

// Key of the object.
func (c Config) Key() client.ObjectKey {
	return client.ObjectKey{Namespace: c.Namespace, Name: c.Name}
}

// A Specified config is of either kind.
type Specified[P any] interface {
	client.Object
	GetSpec() *P
}

// GetSpec reads the spec of a config, into an empty one of the kind that it is of.
func GetSpec[P any](ctx context.Context, c client.Reader, ref Config, config, clusterConfig Specified[P]) (*P, error) {
	into := config
	switch ref.Kind {
	case ProviderConfigKind:
	case ClusterProviderConfigKind:
		into = clusterConfig
	default:
		return nil, errors.Errorf("spec.providerConfigRef.kind: %q is neither %s nor %s", ref.Kind, ProviderConfigKind, ClusterProviderConfigKind)
	}
	err := c.Get(ctx, ref.Key(), into)
	if kerrors.IsNotFound(err) {
		return nil, errors.Errorf("spec.providerConfigRef: %s %q does not exist: create it or change the reference", ref.Kind, ref.Name)
	}
	return into.GetSpec(), errors.Wrapf(err, "cannot get %s %q", ref.Kind, ref.Name)
}

// Digest of settings. It gives nothing away.
func Digest(settings any) (string, error) {
	b, err := json.Marshal(settings)
	if err != nil {
		return "", errors.Wrap(err, "cannot encode settings")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Published says what of the settings goes into connection Secrets.
type Published struct {
	// Credentials of the config, and its client certificate.
	Credentials, Certificate bool
}

// PublishedBy a config whose spec may say so. One with a namespace publishes its
// credentials by default, and the certificate goes with the credentials.
func PublishedBy(ref Config, credentials, certificate *bool) Published {
	p := Published{Credentials: ref.Namespace != ""}
	if credentials != nil {
		p.Credentials = *credentials
	}
	p.Certificate = p.Credentials
	if certificate != nil {
		p.Certificate = *certificate
	}
	return p
}
