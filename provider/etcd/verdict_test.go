package etcd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
)

// member of a healthy cluster of three, by ID.
func answered(id uint64) Probe {
	return Probe{
		Address: "http://m" + hexID(id), Answered: true, Quorum: true,
		Status: &pb.StatusResponse{
			Header: &pb.ResponseHeader{ClusterId: 0xc, MemberId: id}, Version: "3.6.12", Leader: 1, RaftTerm: 7,
			DbSizeInUse: 10, DbSizeQuota: 100,
		},
	}
}

func dead(id uint64) Probe {
	return Probe{Address: "http://m" + hexID(id), Fault: access.Fault{Message: "nothing listens there"}}
}

// snapshot of a healthy cluster of three, changed.
func snapshot(change func(s *Snapshot)) *Snapshot {
	s := &Snapshot{Members: []Probe{answered(1), answered(2), answered(3)}, Quorum: true}
	for _, id := range []uint64{1, 2, 3} {
		s.Membership = append(s.Membership, &pb.Member{ID: id, Name: "m" + hexID(id), ClientURLs: []string{"http://m" + hexID(id)}})
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestVerdict(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	yes, three, old := true, int32(3), "3.7"
	cases := map[string]struct {
		reason  string
		view    View
		ready   string
		healthy string
	}{
		"Healthy":         {"All is well.", View{Snapshot: snapshot(nil), Pin: "c"}, "Available", "FullyRedundant"},
		"PlainText":       {"TLS was required.", View{Snapshot: snapshot(nil), Want: v1alpha1.EndpointParameters{RequireTLS: &yes}}, "TLSRequired", "Unavailable"},
		"AllDead":         {"Nobody answers.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members = []Probe{dead(1), dead(2), dead(3)}; s.Quorum = false })}, "Unreachable", "Unavailable"},
		"Refused":         {"They do not know us.", View{Snapshot: snapshot(func(s *Snapshot) { s.Refused, s.Quorum = "no", false })}, "Unauthenticated", "Unavailable"},
		"WrongCluster":    {"Another ID.", View{Snapshot: snapshot(nil), Pin: "d"}, "WrongCluster", "Unavailable"},
		"MixedClusters":   {"Two IDs at once.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[2].Status.Header.ClusterId = 0xd })}, "WrongCluster", "Unavailable"},
		"NoQuorum":        {"Two are dead.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[1], s.Members[2], s.Quorum = dead(2), dead(3), false })}, "NoQuorum", "Unavailable"},
		"NoLeader":        {"They name different leaders at one term.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[1].Status.Leader, s.Members[2].Status.Leader = 2, 0 })}, "NoAgreedLeader", "Unavailable"},
		"OldLeader":       {"One that was cut off believes in itself at an older term.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[2].Status.Leader, s.Members[2].Status.RaftTerm = 3, 6 })}, "Available", "FullyRedundant"},
		"Corrupt":         {"Before all that follows.", View{Snapshot: snapshot(func(s *Snapshot) { s.Alarms = []pb.AlarmType{pb.AlarmType_NOSPACE, pb.AlarmType_CORRUPT} })}, "Corrupt", "Unavailable"},
		"NoSpace":         {"Writes are refused.", View{Snapshot: snapshot(func(s *Snapshot) { s.Alarms = []pb.AlarmType{pb.AlarmType_NOSPACE} })}, "NoSpace", "Unavailable"},
		"Old":             {"Older than wanted.", View{Snapshot: snapshot(nil), Want: v1alpha1.EndpointParameters{MinVersion: &old}}, "VersionUnsupported", "Unavailable"},
		"OneDead":         {"Two of three serve.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[1] = dead(2) })}, "Available", "MembersDown"},
		"NotListed":       {"Nobody asks the third.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members = s.Members[:2] })}, "Available", "MembersUnlisted"},
		"FourExpected":    {"There are three.", View{Snapshot: snapshot(func(s *Snapshot) { s.Membership[2].IsLearner = true }), Want: v1alpha1.EndpointParameters{ExpectedMembers: &three}}, "Available", "MemberCount"},
		"ServerExpires":   {"In six days.", View{Snapshot: snapshot(func(s *Snapshot) { s.Expires = now.Add(6 * 24 * time.Hour) }), Now: now}, "Available", "CertificateExpiring"},
		"ServerExpiresIn": {"In eight days.", View{Snapshot: snapshot(func(s *Snapshot) { s.Expires = now.Add(8 * 24 * time.Hour) }), Now: now}, "Available", "FullyRedundant"},
		"ClientExpires":   {"Ours, tomorrow.", View{Snapshot: snapshot(nil), ClientExpires: now.Add(24 * time.Hour), Now: now}, "Available", "CertificateExpiring"},
		"NearQuota":       {"85 of 100.", View{Snapshot: snapshot(func(s *Snapshot) { s.Members[0].Status.DbSizeInUse = 85 })}, "Available", "NearQuota"},
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

func TestObserve(t *testing.T) {
	last := v1alpha1.EndpointObservation{
		ClusterID: "c", Version: "3.6.12", Leader: "m1", QuotaBytes: 100,
		Members: []v1alpha1.Member{{ID: "1", Name: "m1", Health: v1alpha1.MemberUp, Version: "3.6.12"}},
	}
	cases := map[string]struct {
		reason   string
		snapshot *Snapshot
		last     v1alpha1.EndpointObservation
		want     v1alpha1.EndpointObservation
	}{
		"Healthy": {
			reason:   "What holds still is shown, sorted.",
			snapshot: snapshot(func(s *Snapshot) { s.Membership[0], s.Membership[2] = s.Membership[2], s.Membership[0] }),
			want: v1alpha1.EndpointObservation{
				ClusterID: "c", Version: "3.6.12", Leader: "m1", Available: "3/3", QuotaBytes: 100, UsedPercent: 10,
				Members: []v1alpha1.Member{
					{ID: "1", Name: "m1", ClientURLs: []string{"http://m1"}, Health: v1alpha1.MemberUp, Version: "3.6.12"},
					{ID: "2", Name: "m2", ClientURLs: []string{"http://m2"}, Health: v1alpha1.MemberUp, Version: "3.6.12"},
					{ID: "3", Name: "m3", ClientURLs: []string{"http://m3"}, Health: v1alpha1.MemberUp, Version: "3.6.12"},
				},
			},
		},
		"AllDead": {
			reason: "What nobody can tell is kept.", last: last,
			snapshot: &Snapshot{Members: []Probe{dead(1)}},
			want: v1alpha1.EndpointObservation{
				ClusterID: "c", Version: "3.6.12", Available: "0/1", QuotaBytes: 100,
				Members: []v1alpha1.Member{{ID: "1", Name: "m1", Health: v1alpha1.MemberDown, Version: "3.6.12"}},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Observe(View{Snapshot: tc.snapshot}, tc.last)); diff != "" {
				t.Errorf("\n%s\nObserve(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
