package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/test/authority"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/proxy"
)

// TestEtcdFaults breaks a real cluster in one way at a time and reads the
// verdict.
func TestEtcdFaults(t *testing.T) {
	t.Parallel()
	cases := map[string]fault[etcdtest.Options, *etcdtest.Cluster]{
		"LeaderKilled": {
			reason: "Two of three elect another leader.",
			fault:  func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Members[c.Leader()].Kill() },
			want:   []string{"Ready=True/Available", "Healthy=False/MembersDown"}, message: "Down: m",
			mend: func(t *testing.T, _ *plane, c *etcdtest.Cluster) { c.StartAll(t) },
		},
		"LeaderCutOff": {
			reason: "The old leader still answers clients, but nobody follows it.",
			fault:  func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Cut(c.Leader()) },
			want:   []string{"Ready=True/Available", "Healthy=False/MembersDown"},
			mend: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) {
				for i := range c.Members {
					c.Mend(i)
				}
			},
		},
		"AllCutOff": {
			reason: "All answer, none reaches a majority.",
			fault:  func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Cut(0); c.Cut(1) },
			want:   []string{"Ready=False/NoQuorum", "Healthy=False/Unavailable", "Synced=True"},
			mend:   func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Mend(0); c.Mend(1) },
		},
		"TwoPaused": {
			reason:  "Stopped processes keep their connections open.",
			options: etcdtest.Options{RootPassword: "s3cr3t-root"},
			fault:   func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Pause(0); c.Pause(2) },
			want:    []string{"Ready=False/NoQuorum", "Synced=True"}, message: "does not answer in time",
			mend: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Resume(0); c.Resume(2) },
		},
		"BlackHole": {
			reason: "Clients reach nobody, the cluster is fine.",
			fault: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) {
				for _, m := range c.Members {
					m.Proxy.Set(proxy.Silent)
				}
			},
			want: []string{"Ready=False/Unreachable", "Synced=True"}, message: "does not answer in time",
			mend: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) {
				for _, m := range c.Members {
					m.Proxy.Set(proxy.Pass)
				}
			},
		},
		"Slow": {
			reason: "A slow server is no dead one.",
			fault: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) {
				for _, m := range c.Members {
					m.Proxy.Delay(150 * time.Millisecond)
				}
				time.Sleep(5 * time.Second)
			},
			want: []string{"Ready=True/Available", "Healthy=True/FullyRedundant"},
		},
		"NoSpace": {
			reason:  "A full database refuses writes.",
			options: etcdtest.Options{Members: 1, QuotaBytes: 64 << 10},
			fault: func(t *testing.T, _ *plane, c *etcdtest.Cluster) {
				cli := c.Connect(t, "", "")
				for range 200 {
					if _, err := cli.Put(t.Context(), "k", strings.Repeat("x", 64<<10)); err != nil {
						return
					}
				}
				t.Fatal("the quota is not enforced")
			},
			want: []string{"Ready=False/NoSpace"}, message: "disarm the alarm",
		},
		"Corrupt": {
			reason: "A member with other data must not be read.",
			fault: func(t *testing.T, _ *plane, c *etcdtest.Cluster) {
				must(t, alarm(t, c, pb.AlarmRequest_ACTIVATE))
			},
			want: []string{"Ready=False/Corrupt"}, message: "replace it and disarm the alarm",
			mend: func(t *testing.T, _ *plane, c *etcdtest.Cluster) {
				must(t, alarm(t, c, pb.AlarmRequest_DEACTIVATE))
			},
		},
		"CertificateExpired": {
			reason:  "An expired certificate is told as such.",
			options: etcdtest.Options{Members: 1, TLS: true, ServerCert: &authority.Options{NotAfter: time.Now().Add(-time.Hour)}},
			want:    []string{"Ready=False/Unreachable"}, message: "has expired",
		},
		"CertificateExpiring": {
			reason:  "One that expires soon is no outage yet.",
			options: etcdtest.Options{Members: 1, TLS: true, ServerCert: &authority.Options{NotAfter: time.Now().Add(48 * time.Hour)}},
			want:    []string{"Ready=True/Available", "Healthy=False/CertificateExpiring"}, message: "renew it",
		},
		"CertificateName": {
			reason:  "One for another host is told as such.",
			options: etcdtest.Options{Members: 1, TLS: true, ServerCert: &authority.Options{DNSNames: []string{"elsewhere"}}},
			want:    []string{"Ready=False/Unreachable"}, message: "for another name",
		},
		"NoClientCertificate": {
			reason: "A server that wants a certificate is told as such.", options: etcdtest.Options{Members: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, _ *etcdtest.Cluster) {
				edit(t, p, &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *v1alpha1.ProviderConfig) { pc.Spec.TLS.CertSecretRef = nil })
			},
			want: []string{"Ready=False/Unauthenticated"}, message: "set tls.certSecretRef",
		},
		"WrongAuthority": {
			reason: "So is a CA that signed nothing.", options: etcdtest.Options{Members: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, _ *etcdtest.Cluster) {
				rotate(t, p, "etcd-tls", map[string]string{"ca.crt": string(authority.New(t).PEM)})
			},
			want: []string{"Ready=False/Unreachable"}, message: "unknown authority",
		},
		"PasswordRotated": {
			reason: "A new password acts within seconds.", options: etcdtest.Options{Members: 1, RootPassword: "s3cr3t-root"},
			fault: func(t *testing.T, p *plane, c *etcdtest.Cluster) {
				must(t, second(c.Connect(t, "", "").UserChangePassword(t.Context(), "root", "n3w-s3cr3t")))
				rotate(t, p, "etcd-root", map[string]string{"password": "n3w-s3cr3t"})
				until(t, p, &corev1.Secret{ObjectMeta: p.meta("etcd-conn")}, 5*time.Second, func(s *corev1.Secret) string {
					if string(s.Data["password"]) != "n3w-s3cr3t" {
						return "the connection Secret has the old password"
					}
					return ""
				})
			},
			want: []string{"Ready=True/Available"},
		},
		"OrdinaryUser": {
			reason: "A user that may not read a key has reached a majority nevertheless.", options: etcdtest.Options{RootPassword: "s3cr3t-root"},
			prepare: func(t *testing.T, p *plane, c *etcdtest.Cluster) {
				root := c.Connect(t, "", "")
				must(t, second(root.UserAdd(t.Context(), "ordinary", "s3cr3t")))
				rotate(t, p, "etcd-root", map[string]string{"username": "ordinary", "password": "s3cr3t"})
			},
			fault: func(_ *testing.T, _ *plane, c *etcdtest.Cluster) { c.Members[0].Kill(); c.Members[1].Kill() },
			want:  []string{"Ready=False/NoQuorum", "Synced=True"},
			mend:  func(t *testing.T, _ *plane, c *etcdtest.Cluster) { c.StartAll(t) },
		},
		"OurCertificateExpired": {
			reason: "Our own certificate is told apart, and another one acts within seconds.", options: etcdtest.Options{Members: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, c *etcdtest.Cluster) {
				old := c.Authority.Issue(t, authority.Options{NotAfter: time.Now().Add(-time.Hour)})
				rotate(t, p, "etcd-tls", map[string]string{"tls.crt": string(old.Cert), "tls.key": string(old.Key)})
			},
			want: []string{"Ready=False/Unauthenticated"}, message: "our client certificate has expired",
			mend: func(t *testing.T, p *plane, c *etcdtest.Cluster) {
				next := c.Authority.Issue(t, authority.Options{CommonName: "next"})
				rotate(t, p, "etcd-tls", map[string]string{"tls.crt": string(next.Cert), "tls.key": string(next.Key)})
			},
		},
		"Restored": {
			reason: "A cluster that took the place of another is not accepted.", options: etcdtest.Options{Members: 1},
			fault: func(t *testing.T, p *plane, c *etcdtest.Cluster) {
				other := etcdtest.Start(t, etcdtest.Options{Members: 1, Token: "restored"})
				c.Members[0].Kill()
				edit(t, p, &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *v1alpha1.ProviderConfig) { pc.Spec.Endpoints = other.URLs() })
			},
			want: []string{"Ready=False/WrongCluster"}, message: "restored or replaced",
			mend: func(t *testing.T, p *plane, _ *etcdtest.Cluster) {
				edit(t, p, etcdEndpoint(p), func(e *v1alpha1.Endpoint) { meta.RemoveAnnotations(e, meta.AnnotationKeyExternalName) })
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, planeOptions{})
			c := etcdtest.Start(t, tc.options)
			p.make(t, etcdConfig(p, c, tc.options.RootPassword)...)
			tc.run(t, p, c, etcdEndpoint(p))
		})
	}
}

// rotate values of a Secret.
func rotate(t *testing.T, p *plane, name string, data map[string]string) {
	t.Helper()
	edit(t, p, client.Object(&corev1.Secret{ObjectMeta: p.meta(name)}), func(o client.Object) {
		if s, ok := o.(*corev1.Secret); ok {
			s.StringData = data
		}
	})
}

// alarm that a member's data is corrupt.
func alarm(t *testing.T, c *etcdtest.Cluster, a pb.AlarmRequest_AlarmAction) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	cli := c.Connect(t, "", "")
	_, err := pb.NewMaintenanceClient(cli.ActiveConnection()).Alarm(ctx, &pb.AlarmRequest{
		Action: a, Alarm: pb.AlarmType_CORRUPT, MemberID: uint64(c.Members[0].Server().Server.MemberID()),
	})
	return err
}
