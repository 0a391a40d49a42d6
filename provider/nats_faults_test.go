package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/authority"
	"github.com/graphplane/graphplane/test/natstest"
	"github.com/graphplane/graphplane/test/proxy"
)

// TestNATSFaults breaks a real system in one way at a time and reads the
// verdict.
func TestNATSFaults(t *testing.T) {
	t.Parallel()
	noSystem := func(t *testing.T, p *plane, _ *natstest.System) {
		t.Helper()
		edit(t, p, &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *v1alpha1.ProviderConfig) { pc.Spec.SystemCredentials = nil })
	}
	cases := map[string]fault[natstest.Options, *natstest.System]{
		"LeaderKilled": {
			reason: "Two of three elect another leader.",
			fault:  func(_ *testing.T, _ *plane, s *natstest.System) { s.Servers[s.MetaLeader()].Kill() },
			want:   []string{"Ready=True/Available", "Healthy=False/MembersDown"}, message: "Down: n",
			mend:   func(t *testing.T, _ *plane, s *natstest.System) { s.StartAll(t) },
			serves: (*natstest.System).Makes,
		},
		"FollowersKilled": {
			reason: "The leader believes in itself for ten seconds more.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				l := s.MetaLeader()
				for i, v := range s.Servers {
					if i != l {
						v.Kill()
					}
				}
			},
			want: []string{"Ready=False/NoQuorum", "Healthy=False/Unavailable", "Synced=True"}, message: "Too few servers",
			mend:   func(t *testing.T, _ *plane, s *natstest.System) { s.StartAll(t) },
			serves: (*natstest.System).Makes,
		},
		"FollowersKilledLongAgo": {
			reason: "That JetStream itself has noticed, after ten seconds, is no news.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				l := s.MetaLeader()
				s.Servers[(l+1)%len(s.Servers)].Kill()
				s.Servers[(l+2)%len(s.Servers)].Kill()
				time.Sleep(25 * time.Second)
			},
			want: []string{"Ready=False/NoQuorum", "Healthy=False/Unavailable", "Synced=True"}, message: "Too few servers",
			mend:   func(t *testing.T, _ *plane, s *natstest.System) { s.StartAll(t) },
			serves: (*natstest.System).Makes,
		},
		"FollowerLeft": {
			reason: "A follower alone has no leader, and answers what it knows by itself.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				l := s.MetaLeader()
				s.Servers[l].Kill()
				s.Servers[(l+1)%len(s.Servers)].Kill()
			},
			want:   []string{"Ready=False", "Healthy=False/Unavailable", "Synced=True"},
			mend:   func(t *testing.T, _ *plane, s *natstest.System) { s.StartAll(t) },
			serves: (*natstest.System).Makes,
		},
		"AllCutOff": {
			reason: "All answer clients, none its peers.",
			fault:  func(_ *testing.T, _ *plane, s *natstest.System) { s.Cut(0); s.Cut(1) },
			want:   []string{"Ready=False/NoQuorum", "Synced=True"},
			mend:   func(_ *testing.T, _ *plane, s *natstest.System) { s.Mend(0); s.Mend(1) },
			serves: (*natstest.System).Makes,
		},
		"FirstCutOff": {
			reason: "The server that is asked first sees itself only, the others are a majority.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				urls := s.URLs()
				s.Cut(slices.Index(urls, slices.Min(urls)))
				time.Sleep(8 * time.Second)
			},
			want: []string{"Ready=True/Available", "Healthy=False/MembersDown", "Synced=True"},
			mend: func(_ *testing.T, _ *plane, s *natstest.System) {
				for i := range s.Servers {
					s.Mend(i)
				}
			},
			serves: (*natstest.System).Makes,
		},
		"OnePaused": {
			reason: "A stopped server keeps its connections open.",
			fault:  func(_ *testing.T, _ *plane, s *natstest.System) { s.Pause(1) },
			want:   []string{"Ready=True/Available", "Healthy=False/MembersDown"}, message: "n1",
			mend:   func(_ *testing.T, _ *plane, s *natstest.System) { s.Mend(1) },
			serves: (*natstest.System).Makes,
		},
		"BlackHole": {
			reason: "Clients reach nobody, the system is fine.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				for _, v := range s.Servers {
					v.Proxy.Set(proxy.Silent)
				}
			},
			want: []string{"Ready=False/Unreachable", "Synced=True"}, message: "does not answer in time",
			mend: func(_ *testing.T, _ *plane, s *natstest.System) {
				for _, v := range s.Servers {
					v.Proxy.Set(proxy.Pass)
				}
			},
		},
		"Slow": {
			reason: "A slow server is no dead one.",
			fault: func(_ *testing.T, _ *plane, s *natstest.System) {
				for _, v := range s.Servers {
					v.Proxy.Delay(100 * time.Millisecond)
				}
				time.Sleep(5 * time.Second)
			},
			want: []string{"Ready=True/Available", "Healthy=True/FullyRedundant"},
		},
		"NoSystemAccount": {
			reason: "Without the system account nobody can tell, and we say so.", prepare: noSystem,
			want: []string{"Ready=True/Available", "Healthy=Unknown/NoSystemAccount"}, message: "set systemCredentials",
		},
		"NoSystemAccountNoQuorum": {
			reason: "JetStream itself may take 20 seconds to notice; that most servers are down is seen sooner.", prepare: noSystem,
			fault: func(_ *testing.T, _ *plane, s *natstest.System) { s.Servers[0].Kill(); s.Servers[1].Kill() },
			want:  []string{"Ready=False/NoQuorum", "Synced=True"}, message: "n0, n1",
		},
		"JetStreamDisabled": {
			reason: "A graph needs JetStream unless it says otherwise.", options: natstest.Options{Servers: 1, NoJetStream: true},
			want: []string{"Ready=False/JetStreamDisabled"}, message: "or set jetStream to false",
			mend: func(t *testing.T, p *plane, _ *natstest.System) {
				edit(t, p, natsEndpoint(p), func(e *v1alpha1.Endpoint) { e.Spec.ForProvider.JetStream = new(false) })
			},
		},
		"AccountLimit": {
			reason: "An account that may make no stream is of no use.", options: natstest.Options{Servers: 1, MaxStreams: 1},
			fault: func(t *testing.T, _ *plane, s *natstest.System) {
				js, err := jetstream.New(s.App(t))
				must(t, err)
				must(t, second(js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})))
			},
			want: []string{"Ready=False/AccountLimitReached"}, message: "raise its limit",
			mend: func(t *testing.T, _ *plane, s *natstest.System) {
				js, err := jetstream.New(s.App(t))
				must(t, err)
				must(t, js.DeleteStream(t.Context(), "S"))
			},
		},
		"CertificateExpired": {
			reason:  "An expired certificate is told as such.",
			options: natstest.Options{Servers: 1, TLS: true, ServerCert: &authority.Options{NotAfter: time.Now().Add(-time.Hour)}},
			want:    []string{"Ready=False/Unreachable"}, message: "has expired",
		},
		"CertificateExpiring": {
			reason:  "One that expires soon is no outage yet.",
			options: natstest.Options{Servers: 1, TLS: true, ServerCert: &authority.Options{NotAfter: time.Now().Add(48 * time.Hour)}},
			want:    []string{"Ready=True/Available", "Healthy=False/CertificateExpiring"}, message: "renew it",
		},
		"CertificateName": {
			reason:  "One for another host is told as such.",
			options: natstest.Options{Servers: 1, TLS: true, ServerCert: &authority.Options{DNSNames: []string{"elsewhere"}}},
			want:    []string{"Ready=False/Unreachable"}, message: "for another name",
		},
		"NoClientCertificate": {
			reason: "A server that wants a certificate is told as such.", options: natstest.Options{Servers: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, _ *natstest.System) {
				edit(t, p, &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *v1alpha1.ProviderConfig) { pc.Spec.TLS.CertSecretRef = nil })
			},
			want: []string{"Ready=False/Unauthenticated"}, message: "set tls.certSecretRef",
		},
		"WrongAuthority": {
			reason: "So is a CA that signed nothing.", options: natstest.Options{Servers: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, _ *natstest.System) {
				rotate(t, p, "nats-tls", map[string]string{"ca.crt": string(authority.New(t).PEM)})
			},
			want: []string{"Ready=False/Unreachable"}, message: "unknown authority",
		},
		"OurCertificateExpired": {
			reason: "Our own certificate is told apart, and another one acts within seconds.", options: natstest.Options{Servers: 1, TLS: true},
			prepare: func(t *testing.T, p *plane, s *natstest.System) {
				old := s.Authority.Issue(t, authority.Options{NotAfter: time.Now().Add(-time.Hour)})
				rotate(t, p, "nats-tls", map[string]string{"tls.crt": string(old.Cert), "tls.key": string(old.Key)})
			},
			want: []string{"Ready=False/Unauthenticated"}, message: "client certificate",
			mend: func(t *testing.T, p *plane, s *natstest.System) {
				next := s.Authority.Issue(t, authority.Options{CommonName: "next"})
				rotate(t, p, "nats-tls", map[string]string{"tls.crt": string(next.Cert), "tls.key": string(next.Key)})
			},
		},
		"Replaced": {
			reason: "A system that took the place of another is not accepted.", options: natstest.Options{Name: "old"},
			fault: func(t *testing.T, p *plane, _ *natstest.System) {
				other := natstest.Start(t, natstest.Options{Name: "new"})
				edit(t, p, &v1alpha1.ProviderConfig{ObjectMeta: p.meta("default")}, func(pc *v1alpha1.ProviderConfig) { pc.Spec.Servers = other.URLs() })
			},
			want: []string{"Ready=False/WrongCluster"}, message: `belong to "new", this Endpoint to "old"`,
			mend: func(t *testing.T, p *plane, _ *natstest.System) {
				edit(t, p, natsEndpoint(p), func(e *v1alpha1.Endpoint) { meta.RemoveAnnotations(e, meta.AnnotationKeyExternalName) })
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, planeOptions{})
			s := natstest.Start(t, tc.options)
			p.make(t, natsConfig(t, p, s)...)
			tc.run(t, p, s, natsEndpoint(p))
		})
	}
}
