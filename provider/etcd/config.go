// Package etcd reconciles the managed resources for etcd.
package etcd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	"github.com/graphplane/graphplane/provider/managed"
)

// A Config is everything needed to use an etcd cluster.
type Config struct {
	// Endpoints are URLs, sorted.
	Endpoints []string
	// TLS settings.
	TLS *access.TLS
	// Username and Password; empty without authentication.
	Username, Password string
	// Publish the credentials in connection Secrets.
	Publish bool `json:"-"`
	// PublishCert puts the client certificate in connection Secrets.
	PublishCert bool `json:"-"`
}

// Digest tells configs apart. It gives nothing away.
func (c *Config) Digest() (string, error) {
	b, err := json.Marshal(c) //nolint:musttag // Nobody reads it but the digest.
	if err != nil {
		return "", errors.Wrap(err, "cannot encode config")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Resolve a ProviderConfig or ClusterProviderConfig and its Secrets. Errors name
// the field.
func Resolve(ctx context.Context, c client.Reader, ref managed.Config) (*Config, error) {
	spec, err := spec(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	r := access.Reader{Client: c, Namespace: ref.Namespace}
	out := &Config{Endpoints: slices.Sorted(slices.Values(spec.Endpoints)), Publish: ref.Namespace != ""}
	if spec.PublishCredentials != nil {
		out.Publish = *spec.PublishCredentials
	}
	out.PublishCert = out.Publish
	if spec.PublishClientCertificate != nil {
		out.PublishCert = *spec.PublishClientCertificate
	}
	if out.TLS, err = r.TLS(ctx, "spec.tls", spec.TLS); err != nil {
		return nil, errors.Wrapf(err, "cannot use %s %q", ref.Kind, ref.Name)
	}
	if spec.Credentials != nil {
		out.Username, out.Password, err = r.Basic(ctx, "spec.credentials.basic", spec.Credentials.Basic)
	}
	return out, errors.Wrapf(err, "cannot use %s %q", ref.Kind, ref.Name)
}

func spec(ctx context.Context, c client.Reader, ref managed.Config) (*v1alpha1.ProviderConfigSpec, error) {
	switch ref.Kind {
	case v1alpha1.ProviderConfigKind:
		pc := &v1alpha1.ProviderConfig{}
		return &pc.Spec, managed.GetConfig(ctx, c, ref, pc)
	case v1alpha1.ClusterProviderConfigKind:
		pc := &v1alpha1.ClusterProviderConfig{}
		return &pc.Spec, managed.GetConfig(ctx, c, ref, pc)
	}
	return nil, errors.Errorf("spec.providerConfigRef.kind: %q is neither ProviderConfig nor ClusterProviderConfig", ref.Kind)
}
