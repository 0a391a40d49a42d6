package provider_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
)

// etcdConfig is the ProviderConfig "default" for a cluster, and its Secrets.
func etcdConfig(p *plane, c *etcdtest.Cluster, password string) []client.Object {
	pc := &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default"), Spec: v1alpha1.ProviderConfigSpec{Endpoints: c.URLs()}}
	out := []client.Object{}
	if c.Authority != nil {
		out = append(out, p.secret("etcd-tls", map[string]string{
			"ca.crt": string(c.Authority.PEM), "tls.crt": string(c.Client.Cert), "tls.key": string(c.Client.Key),
		}))
		pc.Spec.TLS = &access.TLS{
			CASecretRef:   &access.SecretKeyReference{SecretReference: access.SecretReference{Name: "etcd-tls"}, Key: "ca.crt"},
			CertSecretRef: &access.SecretReference{Name: "etcd-tls"},
		}
	}
	if password != "" {
		out = append(out, p.secret("etcd-root", map[string]string{"username": "root", "password": password}))
		pc.Spec.Credentials = &v1alpha1.Credentials{Basic: access.Basic{SecretRef: access.SecretReference{Name: "etcd-root"}}}
	}
	return append(out, pc)
}

func etcdEndpoint(p *plane) *v1alpha1.Endpoint {
	return &v1alpha1.Endpoint{ObjectMeta: p.meta("etcd"), Spec: v1alpha1.EndpointSpec{ManagedResourceSpec: spec("etcd-conn")}}
}

var etcdReady = is[*v1alpha1.Endpoint]("Ready=True/Available", "Healthy=True/FullyRedundant", "Synced=True")

func TestEtcdEndpointLife(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{})
	c := etcdtest.Start(t, etcdtest.Options{TLS: true, RootPassword: "s3cr3t-root"})
	p.make(t, etcdConfig(p, c, "s3cr3t-root")...)
	e := etcdEndpoint(p)
	p.make(t, e)

	took := until(t, p, e, 10*time.Second, etcdReady)
	t.Logf("Ready after %s", took)
	if diff := cmp.Diff("3/3", e.Status.AtProvider.Available); diff != "" {
		t.Errorf("available: -want, +got:\n%s", diff)
	}
	if got := meta.GetExternalName(e); got == "" || got != e.Status.AtProvider.ClusterID {
		t.Errorf("external name %q is not the cluster's ID %q", got, e.Status.AtProvider.ClusterID)
	}
	s := &corev1.Secret{ObjectMeta: p.meta("etcd-conn")}
	until(t, p, s, 5*time.Second, func(s *corev1.Secret) string {
		return cmp.Diff("root", string(s.Data["username"]))
	})

	c.Members[1].Kill()
	until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=True/Available", "Healthy=False/MembersDown"))
	c.Members[2].Kill()
	took = until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=False/NoQuorum", "Synced=True"))
	t.Logf("NoQuorum after %s", took)
	// Who belongs to the cluster is known without a quorum; the one that is left
	// has no leader, and so it is as good as down.
	states := map[v1alpha1.MemberHealth]int{}
	for _, m := range e.Status.AtProvider.Members {
		states[m.Health]++
	}
	if diff := cmp.Diff(map[v1alpha1.MemberHealth]int{v1alpha1.MemberDown: 3}, states); diff != "" {
		t.Errorf("members without a quorum: -want, +got:\n%s", diff)
	}
	c.StartAll(t)
	took = until(t, p, e, 15*time.Second, etcdReady)
	t.Logf("Ready again after %s", took)

	for _, m := range c.Members {
		m.Kill()
	}
	until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=False/Unreachable", "Synced=True"))
	if err := p.Delete(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	gone(t, p, e, 5*time.Second)
}
