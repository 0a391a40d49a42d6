// Package nats reconciles the managed resources for NATS.
package nats

import (
	"context"
	"slices"
	"strings"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	apiaccess "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	"github.com/graphplane/graphplane/provider/managed"
)

// A Config is everything needed to use a NATS system.
type Config struct {
	// Servers are URLs, sorted.
	Servers []string
	// TLS settings; nil without.
	TLS *access.TLS
	// Auth of the account; SystemAuth of the system account, nil without one.
	Auth, SystemAuth *Auth
	// SigningSeed of the account; empty without one.
	SigningSeed string
	// Account that the signing key belongs to.
	Account string
	// Publish in connection Secrets.
	Publish managed.Published `json:"-"`
}

// Auth is one way to sign in.
type Auth struct {
	Username, Password, Token, NKey, Creds string
}

// Digest tells configs apart. It gives nothing away.
func (c *Config) Digest() (string, error) { return managed.Digest(c) }

// Resolve a ProviderConfig or ClusterProviderConfig and its Secrets. Errors name
// the field.
func Resolve(ctx context.Context, c client.Reader, ref managed.Config) (*Config, error) {
	s, err := spec(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	out := &Config{Servers: slices.Sorted(slices.Values(s.Servers)), Publish: managed.PublishedBy(ref, s.PublishCredentials, s.PublishClientCertificate)}
	err = out.resolve(ctx, access.Reader{Client: c, Namespace: ref.Namespace}, s)
	return out, errors.Wrapf(err, "cannot use %s %q", ref.Kind, ref.Name)
}

func (c *Config) resolve(ctx context.Context, r access.Reader, s *v1alpha1.ProviderConfigSpec) (err error) {
	if s.TLS != nil || slices.ContainsFunc(s.Servers, func(u string) bool { return strings.HasPrefix(u, "tls://") }) {
		if c.TLS, err = r.TLS(ctx, "spec.tls", s.TLS); err != nil {
			return err
		}
	}
	if c.Auth, err = auth(ctx, r, "spec.credentials", s.Credentials); err != nil {
		return err
	}
	if c.SystemAuth, err = auth(ctx, r, "spec.systemCredentials", s.SystemCredentials); err != nil {
		return err
	}
	if s.SigningKey == nil {
		return nil
	}
	return c.signing(ctx, r, *s.SigningKey)
}

func (c *Config) signing(ctx context.Context, r access.Reader, k v1alpha1.SigningKey) error {
	f := "spec.signingKey.secretRef"
	seed, err := r.Value(ctx, f, k.SecretRef.SecretReference, k.SecretRef.Key)
	if err != nil {
		return err
	}
	public, err := publicOf(seed, nkeys.PrefixByteAccount)
	if err != nil {
		return errors.Errorf("%s: key %q does not hold the seed of an account's key: store one that starts with SA", f, k.SecretRef.Key)
	}
	c.SigningSeed, c.Account = seed, public
	if k.Account != nil {
		c.Account = *k.Account
	}
	return nil
}

// publicOf the seed of a key of a kind.
func publicOf(seed string, kind nkeys.PrefixByte) (string, error) {
	prefix, _, err := nkeys.DecodeSeed([]byte(seed))
	if err != nil || prefix != kind {
		return "", errors.New("not the seed of such a key")
	}
	kp, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", errors.New("not a seed")
	}
	defer kp.Wipe()
	return kp.PublicKey()
}

func auth(ctx context.Context, r access.Reader, field string, c *v1alpha1.Credentials) (*Auth, error) {
	value := func(name string, ref *apiaccess.SecretKeyReference) (string, error) {
		return r.Value(ctx, field+"."+name, ref.SecretReference, ref.Key)
	}
	a := &Auth{}
	var err error
	switch {
	case c == nil:
		return nil, nil //nolint:nilnil // No credentials are no fault.
	case c.Basic != nil:
		a.Username, a.Password, err = r.Basic(ctx, field+".basic", *c.Basic)
	case c.TokenSecretRef != nil:
		a.Token, err = value("tokenSecretRef", c.TokenSecretRef)
	case c.NKeySecretRef != nil:
		if a.NKey, err = value("nkeySecretRef", c.NKeySecretRef); err != nil {
			return nil, err
		}
		if _, bad := publicOf(a.NKey, nkeys.PrefixByteUser); bad != nil {
			return nil, errors.Errorf("%s.nkeySecretRef: key %q does not hold the seed of a user's NKey: store the seed, which starts with SU, not the public key", field, c.NKeySecretRef.Key)
		}
	case c.CredsSecretRef != nil:
		if a.Creds, err = value("credsSecretRef", c.CredsSecretRef); err != nil {
			return nil, err
		}
		err = checkCreds(field+".credsSecretRef", c.CredsSecretRef.Key, a.Creds)
	}
	return a, err
}

func checkCreds(field, key, creds string) error {
	token, err := jwt.ParseDecoratedJWT([]byte(creds))
	if err == nil {
		_, err = jwt.DecodeUserClaims(token)
	}
	if err != nil {
		return errors.Errorf("%s: key %q does not hold a credentials file: store the output of nsc generate creds", field, key)
	}
	if _, err := jwt.ParseDecoratedUserNKey([]byte(creds)); err != nil {
		return errors.Errorf("%s: the credentials file under key %q has no user seed: store the whole file", field, key)
	}
	return nil
}

// options to sign in. Secrets stay in memory.
func (a *Auth) options() []nats.Option {
	switch {
	case a == nil:
		return nil
	case a.Username != "":
		return []nats.Option{nats.UserInfo(a.Username, a.Password)}
	case a.Token != "":
		return []nats.Option{nats.Token(a.Token)}
	case a.NKey != "":
		return nkeyOption(a.NKey)
	case a.Creds != "":
		return []nats.Option{nats.UserCredentialBytes([]byte(a.Creds))}
	}
	return nil
}

func nkeyOption(seed string) []nats.Option {
	public, err := publicOf(seed, nkeys.PrefixByteUser)
	if err != nil {
		return nil // Resolve has refused it.
	}
	return []nats.Option{nats.Nkey(public, func(nonce []byte) ([]byte, error) {
		kp, err := nkeys.FromSeed([]byte(seed))
		if err != nil {
			return nil, errors.New("cannot use the NKey")
		}
		defer kp.Wipe()
		return kp.Sign(nonce)
	})}
}

func spec(ctx context.Context, c client.Reader, ref managed.Config) (*v1alpha1.ProviderConfigSpec, error) {
	return managed.GetSpec(ctx, c, ref, &v1alpha1.ProviderConfig{}, &v1alpha1.ClusterProviderConfig{})
}
