package nats

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// checkSpan is how long the servers' acceptance of a user is believed.
const checkSpan = 10 * time.Minute

func connectUser(c *connector) shared.ConnectFn[*v1alpha1.User] {
	return func(ctx context.Context, mg *v1alpha1.User) (managed.TypedExternalClient[*v1alpha1.User], error) {
		if meta.WasDeleted(mg) {
			return shared.Gone[*v1alpha1.User]{}, nil
		}
		config, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		if config.SigningSeed == "" {
			lease.Release()
			err := errors.Errorf("spec.signingKey of %s %q: not set: a user cannot be minted without the account's signing key", mg.Spec.ProviderConfigReference.Kind, mg.Spec.ProviderConfigReference.Name)
			mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.False, v1alpha1.ReasonNoSigningKey, shared.Sentence(err.Error())))
			return nil, err
		}
		return &user{client: c.Client, config: config, lease: lease, now: time.Now}, nil
	}
}

// A user is minted, not created: it exists in its connection Secret.
type user struct {
	client client.Reader
	config *Config
	lease  *shared.Lease[*System]
	now    func() time.Time
}

// Observe the user in its Secret, and that the servers accept it.
func (u *user) Observe(ctx context.Context, mg *v1alpha1.User) (managed.ExternalObservation, error) {
	i, err := u.read(ctx, mg)
	if err != nil {
		return managed.ExternalObservation{}, err
	}
	if i == nil {
		return managed.ExternalObservation{}, nil
	}
	d, err := u.details(i)
	if err != nil {
		return managed.ExternalObservation{}, err
	}
	u.observe(mg, i)
	o := managed.ExternalObservation{ResourceExists: true, ConnectionDetails: d}
	o.Diff = Stale(i, u.config, ownerOf(mg), mg.Spec.ForProvider, u.now())
	o.ResourceUpToDate = o.Diff == ""
	mg.SetConditions(u.ready(i, d))
	return o, nil
}

// Create the user: a key of its own and a JWT for it.
func (u *user) Create(_ context.Context, mg *v1alpha1.User) (managed.ExternalCreation, error) {
	seed, err := NewSeed()
	if err != nil {
		return managed.ExternalCreation{}, err
	}
	i, err := Mint(u.config, seed, ownerOf(mg), mg.Spec.ForProvider, u.now())
	if err != nil {
		return managed.ExternalCreation{}, err
	}
	meta.SetExternalName(mg, i.Public)
	d, err := u.details(i)
	return managed.ExternalCreation{ConnectionDetails: d}, err
}

// Update mints a new JWT for the same key.
func (u *user) Update(ctx context.Context, mg *v1alpha1.User) (managed.ExternalUpdate, error) {
	i, err := u.read(ctx, mg)
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	if i == nil {
		return managed.ExternalUpdate{}, errors.New("the connection Secret has lost the user: it is minted anew at the next look")
	}
	if i, err = Mint(u.config, i.Seed, ownerOf(mg), mg.Spec.ForProvider, u.now()); err != nil {
		return managed.ExternalUpdate{}, err
	}
	d, err := u.details(i)
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	u.observe(mg, i)
	mg.SetConditions(u.ready(i, d))
	return managed.ExternalUpdate{ConnectionDetails: d}, nil
}

// Delete has nothing to do: the Secret goes with the resource, and a JWT cannot
// be revoked without the operator's key.
func (u *user) Delete(context.Context, *v1alpha1.User) (managed.ExternalDelete, error) {
	return managed.ExternalDelete{}, nil
}

// Disconnect gives the client back.
func (u *user) Disconnect(context.Context) error {
	u.lease.Release()
	return nil
}

// read the user from its Secret; nil if it is not there. A Secret of someone
// else's is not read: it is no place for a user of ours.
func (u *user) read(ctx context.Context, mg *v1alpha1.User) (*Identity, error) {
	ref := mg.GetWriteConnectionSecretToReference()
	if ref == nil {
		return nil, errors.New("spec.writeConnectionSecretToRef: not set: a minted user lives in its connection Secret")
	}
	s := &corev1.Secret{}
	err := u.client.Get(ctx, client.ObjectKey{Namespace: mg.GetNamespace(), Name: ref.Name}, s)
	if kerrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // Not there yet.
	}
	if err != nil {
		return nil, errors.Wrapf(err, "cannot get Secret %q", ref.Name)
	}
	if c := metav1.GetControllerOf(s); c == nil || c.UID != mg.GetUID() {
		return nil, errors.Errorf("spec.writeConnectionSecretToRef: Secret %q exists and is not ours: choose another name or delete it", ref.Name)
	}
	return Read(string(s.Data[access.KeyNKey]), string(s.Data[access.KeyJWT])), nil
}

func (u *user) details(i *Identity) (managed.ConnectionDetails, error) {
	creds, err := i.Creds()
	d := Details(u.config, &Auth{NKey: i.Seed, Creds: creds})
	d[access.KeyJWT] = []byte(i.JWT)
	return d, err
}

func (u *user) observe(mg *v1alpha1.User, i *Identity) {
	end := metav1.NewTime(time.Unix(i.Claims.Expires, 0).UTC())
	mg.Status.AtProvider = v1alpha1.UserObservation{
		PublicKey: i.Public, Account: u.config.Account, Issuer: i.Claims.Issuer, Expires: &end,
	}
}

// ready if the servers let the user in.
func (u *user) ready(i *Identity, d managed.ConnectionDetails) xpv2.Condition {
	f := u.lease.System.accepts(i.JWT, string(d[access.KeyCreds]), u.now())
	switch {
	case f == nil:
		return shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, "")
	case f.reason == access.ReasonUnauthenticated:
		return shared.Condition(xpv2.TypeReady, shared.False, v1alpha1.ReasonRefused, "The servers refuse the user: check that the account lists the signing key, and the source networks and connection types")
	}
	return shared.Condition(xpv2.TypeReady, shared.False, f.reason, f.message)
}

// checked users, by a digest of their JWT, and when they were.
type checked struct {
	mu sync.Mutex
	at map[[sha256.Size]byte]time.Time
}

func (c *checked) fresh(key [sha256.Size]byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, at := range c.at {
		if now.Sub(at) > checkSpan {
			delete(c.at, k)
		}
	}
	_, ok := c.at[key]
	return ok
}

func (c *checked) put(key [sha256.Size]byte, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[[sha256.Size]byte]time.Time{}
	}
	c.at[key] = now
}

// accepts tells whether the servers let a user in, by signing in as it, unless
// they did a short while ago; nil if so.
func (s *System) accepts(token, creds string, now time.Time) *fault {
	key := sha256.Sum256([]byte(token))
	if s.checked.fresh(key, now) {
		return nil
	}
	f := unusable("")
	for _, v := range s.preferred() {
		c, err := s.dial(v, nats.UserCredentialBytes([]byte(creds)))
		if err == nil {
			c.Close()
			s.checked.put(key, now)
			return nil
		}
		if explain(err).Refused {
			return &fault{reason: access.ReasonUnauthenticated, message: "The servers refuse the user"}
		}
	}
	return f
}
