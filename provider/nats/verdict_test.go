package nats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
)

func answered(name string) Probe {
	return Probe{URL: "nats://" + name, Name: name, Version: "2.14.9", Cluster: "c", Up: true}
}

// snapshot of a healthy system of three, changed.
func snapshot(change func(s *Snapshot)) *Snapshot {
	s := &Snapshot{
		Servers:   []Probe{answered("n0"), answered("n1"), answered("n2")},
		JetStream: JetStream{State: JetStreamServes, Info: &jetstream.AccountInfo{}},
		System:    &SystemView{Leader: "n0", Size: 3},
	}
	for _, n := range []string{"n0", "n1", "n2"} {
		s.System.Servers = append(s.System.Servers, SystemServer{Name: n, Version: "2.14.9", Cluster: "c", Votes: true})
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestVerdict(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	yes, no, four, newer := true, false, int32(4), "2.15"
	unavailable := func(s *Snapshot) { s.JetStream = JetStream{State: JetStreamUnavailable} }
	cases := map[string]struct {
		reason  string
		view    View
		ready   string
		healthy string
	}{
		"Healthy":      {"All is well.", View{Snapshot: snapshot(nil), Pin: "c"}, "Available", "FullyRedundant"},
		"Unreachable":  {"Nobody answers.", View{Snapshot: &Snapshot{Servers: []Probe{{URL: "nats://n0", Fault: access.Fault{Message: "nothing listens there"}}}}}, "Unreachable", "Unavailable"},
		"Refused":      {"They do not know us.", View{Snapshot: &Snapshot{Servers: []Probe{{Fault: access.Fault{Refused: true}}}, Refused: "no"}}, "Unauthenticated", "Unavailable"},
		"PlainText":    {"TLS was required.", View{Snapshot: snapshot(nil), Want: v1alpha1.EndpointParameters{RequireTLS: &yes}}, "TLSRequired", "Unavailable"},
		"Wrong":        {"Another name.", View{Snapshot: snapshot(nil), Pin: "d"}, "WrongCluster", "Unavailable"},
		"Disabled":     {"No JetStream.", View{Snapshot: snapshot(func(s *Snapshot) { s.JetStream = JetStream{State: JetStreamDisabled} })}, "JetStreamDisabled", "Unavailable"},
		"NotWanted":    {"Nobody wants it.", View{Snapshot: snapshot(unavailable), Want: v1alpha1.EndpointParameters{JetStream: &no}}, "Available", "FullyRedundant"},
		"NoQuorum":     {"The leader that was believes in itself.", View{Snapshot: snapshot(func(s *Snapshot) { s.System.Servers = s.System.Servers[:1] })}, "NoQuorum", "Unavailable"},
		"NoMetaLeader": {"They elect one.", View{Snapshot: snapshot(func(s *Snapshot) { s.System.Leader = "" })}, "NoMetaLeader", "Unavailable"},
		"LostLeader": {"They have not noticed yet that it is gone.", View{Snapshot: snapshot(func(s *Snapshot) {
			s.System.Leader, s.System.Servers = "n2", s.System.Servers[:2]
		})}, "NoMetaLeader", "Unavailable"},
		"LeaderAlone": {"Without the system account, a leader that only one of three servers reaches is seen.", View{Snapshot: snapshot(func(s *Snapshot) {
			s.System, s.JetStream.Silent = nil, 2
		})}, "NoQuorum", "Unavailable"},
		"ServerAlone": {"A server that does not reach the leader that the others reach is not.", View{Snapshot: snapshot(func(s *Snapshot) {
			s.System, s.JetStream.Silent = nil, 1
		})}, "Available", "NoSystemAccount"},
		"NoAnswer": {"JetStream is silent.", View{Snapshot: snapshot(unavailable)}, "NoMetaLeader", "Unavailable"},
		"Streams": {"No more of them.", View{Snapshot: snapshot(func(s *Snapshot) {
			s.JetStream.Info = &jetstream.AccountInfo{Tier: jetstream.Tier{Streams: 3, Limits: jetstream.AccountLimits{MaxStreams: 3}}}
		})}, "AccountLimitReached", "Unavailable"},
		"Old":         {"Older than wanted.", View{Snapshot: snapshot(nil), Want: v1alpha1.EndpointParameters{MinVersion: &newer}}, "VersionUnsupported", "Unavailable"},
		"OneDown":     {"Two of three serve.", View{Snapshot: snapshot(func(s *Snapshot) { s.Servers[2].Up = false })}, "Available", "MembersDown"},
		"OneOffline":  {"The leader misses one.", View{Snapshot: snapshot(func(s *Snapshot) { s.System.Offline = []string{"n2"} })}, "Available", "ReplicasLagging"},
		"Count":       {"There are three.", View{Snapshot: snapshot(nil), Want: v1alpha1.EndpointParameters{ExpectedServers: &four}}, "Available", "MemberCount"},
		"Expires":     {"In six days.", View{Snapshot: snapshot(func(s *Snapshot) { s.Expires = now.Add(6 * 24 * time.Hour) }), Now: now}, "Available", "CertificateExpiring"},
		"NoSystem":    {"Nobody can tell.", View{Snapshot: snapshot(func(s *Snapshot) { s.System = nil })}, "Available", "NoSystemAccount"},
		"NoneSystem1": {"Without it a server that is down is still seen.", View{Snapshot: snapshot(func(s *Snapshot) { s.System, s.Servers[0].Up = nil, false })}, "Available", "MembersDown"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := []xpv2.ConditionReason{verdict().Ready(tc.view).Reason, verdict().Healthy(tc.view).Reason}
			if diff := cmp.Diff([]xpv2.ConditionReason{xpv2.ConditionReason(tc.ready), xpv2.ConditionReason(tc.healthy)}, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
