// Package etcd reconciles the managed resources for etcd.
package etcd

import (
	"context"
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
	// Publish in connection Secrets.
	Publish managed.Published `json:"-"`
}

// Digest tells configs apart. It gives nothing away.
func (c *Config) Digest() (string, error) { return managed.Digest(c) }

// Resolve a ProviderConfig or ClusterProviderConfig and its Secrets. Errors name
// the field.
func Resolve(ctx context.Context, c client.Reader, ref managed.Config) (*Config, error) {
	spec, err := spec(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	r := access.Reader{Client: c, Namespace: ref.Namespace}
	out := &Config{Endpoints: slices.Sorted(slices.Values(spec.Endpoints)), Publish: managed.PublishedBy(ref, spec.PublishCredentials, spec.PublishClientCertificate)}
	if out.TLS, err = r.TLS(ctx, "spec.tls", spec.TLS); err != nil {
		return nil, errors.Wrapf(err, "cannot use %s %q", ref.Kind, ref.Name)
	}
	if spec.Credentials != nil {
		out.Username, out.Password, err = r.Basic(ctx, "spec.credentials.basic", spec.Credentials.Basic)
	}
	return out, errors.Wrapf(err, "cannot use %s %q", ref.Kind, ref.Name)
}

func spec(ctx context.Context, c client.Reader, ref managed.Config) (*v1alpha1.ProviderConfigSpec, error) {
	return managed.GetSpec(ctx, c, ref, &v1alpha1.ProviderConfig{}, &v1alpha1.ClusterProviderConfig{})
}
