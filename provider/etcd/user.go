package etcd

import (
	"context"
	"crypto/sha256"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/password"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

func connectUser(c *connector) shared.ConnectFn[*v1alpha1.User] {
	return func(ctx context.Context, mg *v1alpha1.User) (managed.TypedExternalClient[*v1alpha1.User], error) {
		if err := nameable(mg); err != nil {
			return nil, err
		}
		config, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		return &user{client: c.Client, config: config, lease: lease}, nil
	}
}

// A user of an etcd cluster.
type user struct {
	client client.Reader
	config *Config
	lease  *shared.Lease[*System]
}

// Observe the user. Its password cannot be read: signing in with it shows
// whether it is the right one.
func (u *user) Observe(ctx context.Context, mg *v1alpha1.User) (managed.ExternalObservation, error) {
	name := meta.GetExternalName(mg)
	have, found, err := u.get(ctx, name)
	if err != nil {
		return unavailable(mg, err)
	}
	if !found {
		return managed.ExternalObservation{}, nil
	}
	mg.Status.AtProvider.Roles = have
	if meta.WasDeleted(mg) {
		return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true}, nil
	}
	pw, err := u.password(ctx, mg)
	if err != nil {
		mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.False, access.ReasonInvalidConfig, shared.Sentence(err.Error())))
		return managed.ExternalObservation{}, err
	}
	auth, fits, err := u.verify(ctx, name, pw)
	if err != nil {
		return unavailable(mg, err)
	}
	mg.Status.AtProvider.AuthEnabled = auth
	o := managed.ExternalObservation{ResourceExists: true}
	if pw != "" {
		o.ConnectionDetails = u.details(name, pw)
	}
	if shared.LooksOnly(mg) {
		o.ResourceUpToDate = true
		mg.SetConditions(looked(auth, fits || pw == ""))
		return o, nil
	}
	grant, revoke := roles(have, mg.Spec.ForProvider.Roles)
	o.ResourceUpToDate = fits && len(grant)+len(revoke) == 0
	if o.ResourceUpToDate {
		mg.SetConditions(userReady(auth))
	}
	return o, nil
}

// looked is Ready of a user that is only looked at: who does need not know its
// password, but may not publish a wrong one.
func looked(auth, fits bool) xpv2.Condition {
	if !fits {
		return shared.Condition(xpv2.TypeReady, shared.False, access.ReasonInvalidConfig, "The user does not sign in with the password of spec.forProvider.passwordSecretRef: store the right one, or leave passwordSecretRef out")
	}
	return userReady(auth)
}

// userReady once a user is as it should be.
func userReady(auth bool) xpv2.Condition {
	if !auth {
		return shared.Condition(xpv2.TypeReady, shared.False, v1alpha1.ReasonAuthDisabled, "Authentication is off, so this user limits nobody: turn it on with etcdctl auth enable")
	}
	return shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, "")
}

// Create the user.
func (u *user) Create(ctx context.Context, mg *v1alpha1.User) (managed.ExternalCreation, error) {
	name := meta.GetExternalName(mg)
	pw, err := u.ensure(ctx, mg)
	if err != nil {
		return managed.ExternalCreation{}, err
	}
	err = u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
		_, err := c.UserAdd(ctx, &pb.AuthUserAddRequest{Name: name, Password: pw})
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrUserAlreadyExist) {
		return managed.ExternalCreation{}, explained(err, "cannot add user")
	}
	return managed.ExternalCreation{ConnectionDetails: u.details(name, pw)}, u.apply(ctx, mg)
}

// Update the roles and the password of the user.
func (u *user) Update(ctx context.Context, mg *v1alpha1.User) (managed.ExternalUpdate, error) {
	name := meta.GetExternalName(mg)
	pw, err := u.ensure(ctx, mg)
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	auth, fits, err := u.verify(ctx, name, pw)
	if err != nil {
		return managed.ExternalUpdate{}, explained(err, "cannot check password")
	}
	if !fits {
		err := u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
			_, err := c.UserChangePassword(ctx, &pb.AuthUserChangePasswordRequest{Name: name, Password: pw})
			return err
		})
		if err != nil {
			return managed.ExternalUpdate{}, explained(err, "cannot change password")
		}
	}
	err = u.apply(ctx, mg)
	mg.SetConditions(updated(err, userReady(auth)))
	return managed.ExternalUpdate{ConnectionDetails: u.details(name, pw)}, err
}

// Delete the user.
func (u *user) Delete(ctx context.Context, mg *v1alpha1.User) (managed.ExternalDelete, error) {
	err := u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
		_, err := c.UserDelete(ctx, &pb.AuthUserDeleteRequest{Name: meta.GetExternalName(mg)})
		return err
	})
	if errors.Is(err, rpctypes.ErrUserNotFound) {
		return managed.ExternalDelete{}, nil
	}
	return managed.ExternalDelete{}, explained(err, "cannot delete user")
}

// Disconnect gives the client back.
func (u *user) Disconnect(context.Context) error {
	u.lease.Release()
	return nil
}

func (u *user) apply(ctx context.Context, mg *v1alpha1.User) error {
	name := meta.GetExternalName(mg)
	have, _, err := u.get(ctx, name)
	if err != nil {
		return explained(err, "cannot get user")
	}
	grant, revoke := roles(have, mg.Spec.ForProvider.Roles)
	for _, r := range grant {
		err := u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
			_, err := c.UserGrantRole(ctx, &pb.AuthUserGrantRoleRequest{User: name, Role: r})
			return err
		})
		if errors.Is(err, rpctypes.ErrRoleNotFound) {
			return errors.Errorf("spec.forProvider.roles: role %q does not exist in etcd: create it or take it out", r)
		}
		if err != nil {
			return explained(err, "cannot grant role")
		}
	}
	for _, r := range revoke {
		err := u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
			_, err := c.UserRevokeRole(ctx, &pb.AuthUserRevokeRoleRequest{Name: name, Role: r})
			return err
		})
		if err != nil && !errors.Is(err, rpctypes.ErrRoleNotGranted) {
			return explained(err, "cannot revoke role")
		}
	}
	return nil
}

func (u *user) get(ctx context.Context, name string) ([]string, bool, error) {
	var rsp *pb.AuthUserGetResponse
	err := u.call(ctx, func(ctx context.Context, c pb.AuthClient) (err error) {
		rsp, err = c.UserGet(ctx, &pb.AuthUserGetRequest{Name: name})
		return err
	})
	if errors.Is(err, rpctypes.ErrUserNotFound) {
		return nil, false, nil
	}
	have := slices.Clone(rsp.GetRoles())
	slices.Sort(have)
	return have, err == nil, err
}

func (u *user) call(ctx context.Context, do func(ctx context.Context, c pb.AuthClient) error) error {
	return u.lease.System.Call(ctx, func(ctx context.Context, conn *grpc.ClientConn) error { return do(ctx, pb.NewAuthClient(conn)) })
}

// password of the user: from its Secret, or the one that was generated; empty
// if none was yet.
func (u *user) password(ctx context.Context, mg *v1alpha1.User) (string, error) {
	if ref := mg.Spec.ForProvider.PasswordSecretRef; ref != nil {
		pw, err := u.secret(ctx, types.NamespacedName{Namespace: mg.GetNamespace(), Name: ref.Name}, ref.Key)
		if err == nil && pw == "" {
			err = errors.Errorf("spec.forProvider.passwordSecretRef: Secret %q has no value under the key %q: add it, or leave passwordSecretRef out to have a password generated", ref.Name, ref.Key)
		}
		return pw, err
	}
	ref := mg.GetWriteConnectionSecretToReference()
	if ref == nil {
		return "", errors.New("spec.writeConnectionSecretToRef: not set: a generated password needs a place")
	}
	return u.secret(ctx, types.NamespacedName{Namespace: mg.GetNamespace(), Name: ref.Name}, xpv2.CredentialsSecretPasswordKey)
}

// ensure that there is a password. A generated one is not in the Secret before
// the user has it; if it gets lost in between, the next one replaces it.
func (u *user) ensure(ctx context.Context, mg *v1alpha1.User) (string, error) {
	pw, err := u.password(ctx, mg)
	if err != nil || pw != "" {
		return pw, err
	}
	pw, err = password.Generate()
	return pw, errors.Wrap(err, "cannot generate password")
}

func (u *user) secret(ctx context.Context, n types.NamespacedName, key string) (string, error) {
	s := &corev1.Secret{}
	err := u.client.Get(ctx, n, s)
	if kerrors.IsNotFound(err) {
		return "", nil
	}
	return string(s.Data[key]), errors.Wrapf(err, "cannot get Secret %q", n.Name)
}

// verify that the password signs in, unless it did since users last changed:
// etcd makes each attempt costly. Without authentication nobody can tell.
func (u *user) verify(ctx context.Context, name, pw string) (auth, fits bool, err error) {
	var status *pb.AuthStatusResponse
	err = u.call(ctx, func(ctx context.Context, c pb.AuthClient) (err error) {
		status, err = c.AuthStatus(ctx, &pb.AuthStatusRequest{})
		return err
	})
	if err != nil || pw == "" {
		return status.GetEnabled(), false, err
	}
	key := sha256.Sum256([]byte(name + "\x00" + pw))
	if !status.GetEnabled() {
		return false, true, nil
	}
	if u.lease.System.verified.fresh(key, status.GetAuthRevision()) {
		return true, true, nil
	}
	err = u.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
		_, err := c.Authenticate(ctx, &pb.AuthenticateRequest{Name: name, Password: pw})
		return err
	})
	if errors.Is(err, rpctypes.ErrAuthFailed) {
		return true, false, nil
	}
	if err == nil {
		u.lease.System.verified.put(key, status.GetAuthRevision())
	}
	return true, err == nil, err
}

func (u *user) details(name, pw string) managed.ConnectionDetails {
	d := Details(&Config{Endpoints: u.config.Endpoints, TLS: u.config.TLS, Publish: shared.Published{Certificate: u.config.Publish.Certificate}})
	d[xpv2.CredentialsSecretUserKey] = []byte(name)
	d[xpv2.CredentialsSecretPasswordKey] = []byte(pw)
	return d
}

// roles to grant and to revoke.
func roles(have, want []string) (grant, revoke []string) {
	for _, w := range want {
		if !slices.Contains(have, w) {
			grant = append(grant, w)
		}
	}
	for _, h := range have {
		if !slices.Contains(want, h) {
			revoke = append(revoke, h)
		}
	}
	slices.Sort(grant)
	slices.Sort(revoke)
	return grant, revoke
}
