package etcd

import (
	"context"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

func connectRole(c *connector) shared.ConnectFn[*v1alpha1.Role] {
	return func(ctx context.Context, mg *v1alpha1.Role) (managed.TypedExternalClient[*v1alpha1.Role], error) {
		if err := nameable(mg); err != nil {
			return nil, err
		}
		_, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		return &role{client: c.Client, lease: lease}, nil
	}
}

// nameable refuses the names that are not ours to manage.
func nameable(mg client.Object) error {
	if meta.GetExternalName(mg) == "root" {
		return errors.New("metadata.annotations[crossplane.io/external-name]: root is etcd's own and is never managed: choose another name")
	}
	return nil
}

// A role of an etcd cluster.
type role struct {
	client client.Reader
	lease  *shared.Lease[*System]
}

// Observe the role.
func (r *role) Observe(ctx context.Context, mg *v1alpha1.Role) (managed.ExternalObservation, error) {
	have, found, err := r.get(ctx, meta.GetExternalName(mg))
	if err != nil {
		return unavailable(mg, err)
	}
	if !found {
		return managed.ExternalObservation{}, nil
	}
	mg.Status.AtProvider.Permissions = texts(have)
	if meta.WasDeleted(mg) {
		return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true}, nil
	}
	if shared.LooksOnly(mg) {
		mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, ""))
		return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true}, nil
	}
	if err := r.disjoint(ctx, mg); err != nil {
		mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.False, access.ReasonInvalidConfig, shared.Sentence(err.Error())))
		return managed.ExternalObservation{}, err
	}
	grant, revoke := Change(have, Grants(mg.Spec.ForProvider.Permissions))
	same := len(grant)+len(revoke) == 0
	if same {
		mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, ""))
	}
	return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: same, Diff: diff(grant, revoke)}, nil
}

// Create the role.
func (r *role) Create(ctx context.Context, mg *v1alpha1.Role) (managed.ExternalCreation, error) {
	if err := r.disjoint(ctx, mg); err != nil {
		return managed.ExternalCreation{}, err
	}
	err := r.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
		_, err := c.RoleAdd(ctx, &pb.AuthRoleAddRequest{Name: meta.GetExternalName(mg)})
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrRoleAlreadyExist) {
		return managed.ExternalCreation{}, explained(err, "cannot add role")
	}
	return managed.ExternalCreation{}, r.apply(ctx, mg)
}

// Update grants what is missing and revokes what is too much.
func (r *role) Update(ctx context.Context, mg *v1alpha1.Role) (managed.ExternalUpdate, error) {
	err := r.apply(ctx, mg)
	mg.SetConditions(updated(err, shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, "")))
	return managed.ExternalUpdate{}, err
}

// Delete the role, and its keys if that was asked for.
func (r *role) Delete(ctx context.Context, mg *v1alpha1.Role) (managed.ExternalDelete, error) {
	if mg.Spec.ForProvider.KeysOnDelete == v1alpha1.KeysDelete {
		for _, p := range mg.Spec.ForProvider.Permissions {
			if err := r.deleteKeys(ctx, p); err != nil {
				return managed.ExternalDelete{}, err
			}
		}
	}
	err := r.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
		_, err := c.RoleDelete(ctx, &pb.AuthRoleDeleteRequest{Role: meta.GetExternalName(mg)})
		return err
	})
	if errors.Is(err, rpctypes.ErrRoleNotFound) {
		return managed.ExternalDelete{}, nil
	}
	return managed.ExternalDelete{}, explained(err, "cannot delete role")
}

// Disconnect gives the client back.
func (r *role) Disconnect(context.Context) error {
	r.lease.Release()
	return nil
}

// deleteKeys under a prefix that the role alone may write. Single keys, ranges
// and what is shared stay: others may need them.
func (r *role) deleteKeys(ctx context.Context, p v1alpha1.Permission) error {
	g := grant(p)
	if p.Prefix == nil || !g.Writes() || (p.Shared != nil && *p.Shared) {
		return nil
	}
	return explained(r.lease.System.Call(ctx, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := pb.NewKVClient(conn).DeleteRange(ctx, &pb.DeleteRangeRequest{Key: []byte(g.Start), RangeEnd: []byte(g.End)})
		return err
	}), "cannot delete the keys of the role")
}

func (r *role) apply(ctx context.Context, mg *v1alpha1.Role) error {
	name := meta.GetExternalName(mg)
	have, _, err := r.get(ctx, name)
	if err != nil {
		return explained(err, "cannot get role")
	}
	grant, revoke := Change(have, Grants(mg.Spec.ForProvider.Permissions))
	for _, g := range grant {
		err := r.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
			_, err := c.RoleGrantPermission(ctx, &pb.AuthRoleGrantPermissionRequest{Name: name, Perm: &authpb.Permission{PermType: g.Type, Key: []byte(g.Start), RangeEnd: []byte(g.End)}})
			return err
		})
		if err != nil {
			return explained(err, "cannot grant permission")
		}
	}
	for _, g := range revoke {
		err := r.call(ctx, func(ctx context.Context, c pb.AuthClient) error {
			_, err := c.RoleRevokePermission(ctx, &pb.AuthRoleRevokePermissionRequest{Role: name, Key: []byte(g.Start), RangeEnd: []byte(g.End)})
			return err
		})
		if err != nil && !errors.Is(err, rpctypes.ErrPermissionNotGranted) {
			return explained(err, "cannot revoke permission")
		}
	}
	return nil
}

func (r *role) get(ctx context.Context, name string) ([]Grant, bool, error) {
	var rsp *pb.AuthRoleGetResponse
	err := r.call(ctx, func(ctx context.Context, c pb.AuthClient) (err error) {
		rsp, err = c.RoleGet(ctx, &pb.AuthRoleGetRequest{Role: name})
		return err
	})
	if errors.Is(err, rpctypes.ErrRoleNotFound) {
		return nil, false, nil
	}
	return granted(rsp.GetPerm()), err == nil, err
}

func (r *role) call(ctx context.Context, do func(ctx context.Context, c pb.AuthClient) error) error {
	return r.lease.System.Call(ctx, func(ctx context.Context, conn *grpc.ClientConn) error { return do(ctx, pb.NewAuthClient(conn)) })
}

func texts(gs []Grant) []string {
	out := make([]string, 0, len(gs))
	for _, g := range gs {
		out = append(out, g.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func diff(grant, revoke []Grant) string {
	var out strings.Builder
	for _, g := range grant {
		out.WriteString("+ " + g.String() + "\n")
	}
	for _, g := range revoke {
		out.WriteString("- " + g.String() + "\n")
	}
	return out.String()
}
