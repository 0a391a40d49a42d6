package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
)

var (
	roleReady = is[*v1alpha1.Role]("Ready=True/Available", "Synced=True")
	userReady = is[*v1alpha1.User]("Ready=True/Available", "Synced=True")
)

func prefixRole(p *plane, name, prefix string) *v1alpha1.Role {
	return &v1alpha1.Role{ObjectMeta: p.meta(name), Spec: v1alpha1.RoleSpec{ManagedResourceSpec: spec(""), ForProvider: v1alpha1.RoleParameters{
		Permissions: []v1alpha1.Permission{{Type: v1alpha1.PermissionReadWrite, Prefix: &prefix}}, KeysOnDelete: v1alpha1.KeysDelete,
	}}}
}

func etcdUser(p *plane, name string, roles ...string) *v1alpha1.User {
	return &v1alpha1.User{ObjectMeta: p.meta(name), Spec: v1alpha1.UserSpec{
		ManagedResourceSpec: spec(name + "-conn"), ForProvider: v1alpha1.UserParameters{Roles: roles},
	}}
}

// credentials that a connection Secret holds, once it holds some.
func credentials(t *testing.T, p *plane, secret string) (user, password string) {
	t.Helper()
	s := &corev1.Secret{ObjectMeta: p.meta(secret)}
	until(t, p, s, 5*time.Second, func(s *corev1.Secret) string {
		if len(s.Data[xpv2.CredentialsSecretPasswordKey]) == 0 {
			return "no password yet"
		}
		return ""
	})
	return string(s.Data[xpv2.CredentialsSecretUserKey]), string(s.Data[xpv2.CredentialsSecretPasswordKey])
}

func TestEtcdIsolation(t *testing.T) {
	p := start(t, planeOptions{poll: time.Second})
	c := etcdtest.Start(t, etcdtest.Options{RootPassword: "s3cr3t-root"})
	p.make(t, etcdConfig(p, c, "s3cr3t-root")...)
	clients := map[string]*clientv3.Client{}
	for _, g := range []string{"a", "b"} {
		p.make(t, prefixRole(p, g, "v1/"+g+"/"), etcdUser(p, g, p.namespace+"."+g))
	}
	for _, g := range []string{"a", "b"} {
		r, u := &v1alpha1.Role{ObjectMeta: p.meta(g)}, &v1alpha1.User{ObjectMeta: p.meta(g)}
		until(t, p, r, 15*time.Second, roleReady)
		until(t, p, u, 15*time.Second, userReady)
		if diff := cmp.Diff([]string{"ReadWrite v1/" + g + "/*"}, r.Status.AtProvider.Permissions); diff != "" {
			t.Errorf("permissions of %s: -want, +got:\n%s", g, diff)
		}
		user, password := credentials(t, p, g+"-conn")
		clients[g] = c.Connect(t, user, password)
		if _, err := clients[g].Put(t.Context(), "v1/"+g+"/key", "value"); err != nil {
			t.Fatalf("%s cannot write its own key: %v", g, err)
		}
	}
	tries := map[string]func(ctx context.Context, cli *clientv3.Client, prefix string) error{
		"Get": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.Get(ctx, prefix+"key")
			return err
		},
		"List": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.Get(ctx, prefix, clientv3.WithPrefix())
			return err
		},
		"Put": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.Put(ctx, prefix+"key", "stolen")
			return err
		},
		"Delete": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.Delete(ctx, prefix, clientv3.WithPrefix())
			return err
		},
		"Watch": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			for {
				rsp := <-cli.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
				// A member may not have heard yet of a token that another one has
				// given out, and a watch asks for no other.
				if ctx.Err() != nil || !strings.Contains(fmt.Sprint(rsp.Err()), "invalid auth token") {
					return errors.Join(rsp.Err(), ctx.Err())
				}
			}
		},
		"Txn": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.Txn(ctx).Then(clientv3.OpPut(prefix+"key", "stolen")).Commit()
			return err
		},
		"GrantItself": func(ctx context.Context, cli *clientv3.Client, prefix string) error {
			_, err := cli.RoleGrantPermission(ctx, p.namespace+".a", prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
	}
	// A lease has no owner: to revoke one deletes its keys, whoever does.
	for name, try := range map[string]func(ctx context.Context, cli *clientv3.Client, l clientv3.LeaseID) error{
		"Revoke": func(ctx context.Context, cli *clientv3.Client, l clientv3.LeaseID) error {
			_, err := cli.Revoke(ctx, l)
			return err
		},
		"ListKeys": func(ctx context.Context, cli *clientv3.Client, l clientv3.LeaseID) error {
			_, err := cli.TimeToLive(ctx, l, clientv3.WithAttachedKeys())
			return err
		},
		"Attach": func(ctx context.Context, cli *clientv3.Client, l clientv3.LeaseID) error {
			_, err := cli.Put(ctx, "v1/a/key", "", clientv3.WithLease(l))
			return err
		},
	} {
		t.Run("Lease"+name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			l, err := clients["b"].Grant(ctx, 60)
			must(t, err)
			must(t, second(clients["b"].Put(ctx, "v1/b/leased", "", clientv3.WithLease(l.ID))))
			if err := try(ctx, clients["a"], l.ID); err == nil {
				t.Error("a gets at the keys of b")
			}
			if rsp, err := clients["b"].Get(ctx, "v1/b/leased"); err != nil || len(rsp.Kvs) != 1 {
				t.Errorf("the key of b is gone: %v", err)
			}
		})
	}
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := try(ctx, clients["a"], "v1/b/"); err == nil {
				t.Error("a gets at the keys of b")
			}
			if name == "GrantItself" {
				return
			}
			if err := try(ctx, clients["b"], "v1/b/"); err != nil {
				t.Errorf("b does not get at its own keys: %v", err)
			}
		})
	}
}

func TestEtcdTenantLife(t *testing.T) {
	p := start(t, planeOptions{poll: time.Second})
	c := etcdtest.Start(t, etcdtest.Options{RootPassword: "s3cr3t-root"})
	root := c.Connect(t, "", "")
	ctx := t.Context()
	p.make(t, etcdConfig(p, c, "s3cr3t-root")...)
	name := p.namespace + ".g"
	r, u := prefixRole(p, "g", "v1/g/"), etcdUser(p, "g", name)
	p.make(t, u) // Before its role: it waits for it.
	until(t, p, u, 10*time.Second, is[*v1alpha1.User]("Synced=False"))
	p.make(t, r)
	until(t, p, r, 10*time.Second, roleReady)
	until(t, p, u, 30*time.Second, userReady)
	_, password := credentials(t, p, "g-conn")

	// Drift of each kind is mended.
	must(t, second(root.RoleGrantPermission(ctx, name, "other", "", clientv3.PermissionType(clientv3.PermRead))))
	must(t, second(root.RoleRevokePermission(ctx, name, "v1/g/", clientv3.GetPrefixRangeEnd("v1/g/"))))
	must(t, second(root.UserChangePassword(ctx, name, "someone else's")))
	must(t, second(root.RoleAdd(ctx, "extra")))
	must(t, second(root.UserGrantRole(ctx, name, "extra")))
	until(t, p, r, 10*time.Second, func(_ *v1alpha1.Role) string {
		rsp, err := root.RoleGet(ctx, name)
		if err != nil || len(rsp.Perm) != 1 || string(rsp.Perm[0].Key) != "v1/g/" {
			return "permissions have drifted"
		}
		return ""
	})
	until(t, p, u, 10*time.Second, func(_ *v1alpha1.User) string {
		if rsp, err := root.UserGet(ctx, name); err != nil || cmp.Diff([]string{name}, rsp.Roles) != "" {
			return "roles have drifted"
		}
		cli, err := c.Dial(name, password, nil)
		if err != nil {
			return "the password has drifted"
		}
		must(t, cli.Close())
		return ""
	})

	// A rotated password comes from its Secret.
	p.make(t, p.secret("mine", map[string]string{"pw": "chosen by me"}))
	u.Spec.ForProvider.PasswordSecretRef = &xpv2.LocalSecretKeySelector{LocalSecretReference: xpv2.LocalSecretReference{Name: "mine"}, Key: "pw"}
	until(t, p, u, 5*time.Second, func(u *v1alpha1.User) string {
		u.Spec.ForProvider.PasswordSecretRef = &xpv2.LocalSecretKeySelector{LocalSecretReference: xpv2.LocalSecretReference{Name: "mine"}, Key: "pw"}
		if err := p.Update(ctx, u); err != nil {
			return err.Error()
		}
		return ""
	})
	until(t, p, u, 10*time.Second, func(*v1alpha1.User) string {
		cli, err := c.Dial(name, "chosen by me", nil)
		if err != nil {
			return "the password is not set yet"
		}
		must(t, cli.Close())
		return ""
	})

	// Deletion takes the role, the user and the keys of the prefix, no others.
	must(t, second(root.Put(ctx, "v1/g/key", "")))
	must(t, second(root.Put(ctx, "v1/other/key", "")))
	must(t, p.Delete(ctx, u))
	gone(t, p, u, 10*time.Second)
	must(t, p.Delete(ctx, r))
	gone(t, p, r, 10*time.Second)
	if _, err := root.RoleGet(ctx, name); err == nil {
		t.Error("the role is still there")
	}
	if _, err := root.UserGet(ctx, name); err == nil {
		t.Error("the user is still there")
	}
	rsp, err := root.Get(ctx, "v1/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	must(t, err)
	if len(rsp.Kvs) != 1 || string(rsp.Kvs[0].Key) != "v1/other/key" {
		t.Errorf("keys after deletion: %v", rsp.Kvs)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func second[A any](_ A, err error) error { return err }
