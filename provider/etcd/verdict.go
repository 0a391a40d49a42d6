package etcd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
)

// A View is all that a verdict depends on.
type View struct {
	// Snapshot of the cluster.
	Snapshot *Snapshot
	// Pin is the ID of the cluster we expect; empty without one.
	Pin string
	// Want is what the Endpoint expects.
	Want v1alpha1.EndpointParameters
	// ClientExpires is the end of our client certificate; zero without one.
	ClientExpires time.Time
	// Now is the time.
	Now time.Time
}

type check = managed.Check[View]

// verdict on a cluster.
func verdict() managed.Verdict[View] {
	return managed.Verdict[View]{
		Readiness:  []check{plainText, unreachable, refused, wrongCluster, noQuorum, noLeader, corrupt, noSpace, oldVersion},
		Redundancy: []check{membersDown, memberCount, expiring, nearQuota},
		Unknown:    unlisted,
	}
}

func plainText(v View) (string, string, bool) {
	if v.Want.RequireTLS == nil || !*v.Want.RequireTLS {
		return "", "", false
	}
	plain := slices.ContainsFunc(v.Snapshot.Members, func(p Probe) bool { return strings.HasPrefix(p.Address, "http://") })
	return access.ReasonTLSRequired, "requireTLS is set but the ProviderConfig has http:// endpoints: serve TLS and use https://", plain
}

func unreachable(v View) (string, string, bool) {
	if slices.ContainsFunc(v.Snapshot.Members, func(p Probe) bool { return p.Answered || p.Fault.Refused }) {
		return "", "", false
	}
	return access.ReasonUnreachable, "No member answers: " + faults(v.Snapshot), true
}

func refused(v View) (string, string, bool) {
	return access.ReasonUnauthenticated, "The cluster refuses us: " + v.Snapshot.Refused, v.Snapshot.Refused != ""
}

func wrongCluster(v View) (string, string, bool) {
	for _, id := range ids(v.Snapshot) {
		if v.Pin != "" && id != v.Pin {
			return access.ReasonWrongCluster, fmt.Sprintf("The members belong to cluster %s, this Endpoint to %s: it was restored or replaced and what it held is gone; delete the annotation crossplane.io/external-name to accept it", id, v.Pin), true
		}
	}
	if len(ids(v.Snapshot)) > 1 {
		return access.ReasonWrongCluster, "The endpoints belong to different clusters: " + strings.Join(ids(v.Snapshot), ", "), true
	}
	return "", "", false
}

func noQuorum(v View) (string, string, bool) {
	return access.ReasonNoQuorum, "The members that answer do not reach a majority: " + faults(v.Snapshot), !v.Snapshot.Quorum
}

func noLeader(v View) (string, string, bool) {
	_, ok := leader(v.Snapshot)
	return v1alpha1.ReasonNoAgreedLeader, "No majority of the members that answer names the same leader", !ok
}

func corrupt(v View) (string, string, bool) {
	return v1alpha1.ReasonCorrupt, "The CORRUPT alarm is raised: a member's data differs from the others'; replace it and disarm the alarm", slices.Contains(v.Snapshot.Alarms, pb.AlarmType_CORRUPT)
}

func noSpace(v View) (string, string, bool) {
	return v1alpha1.ReasonNoSpace, "The NOSPACE alarm is raised and writes are refused: compact, defragment and disarm the alarm, or raise the quota", slices.Contains(v.Snapshot.Alarms, pb.AlarmType_NOSPACE)
}

func oldVersion(v View) (string, string, bool) {
	return managed.Old("A member", version(v.Snapshot), v.Want.MinVersion)
}

func membersDown(v View) (string, string, bool) {
	down := named(v.Snapshot, v1alpha1.MemberDown)
	return access.ReasonMembersDown, "Down: " + strings.Join(down, ", "), len(down) > 0
}

func memberCount(v View) (string, string, bool) {
	if v.Want.ExpectedMembers == nil || len(v.Snapshot.Membership) == 0 {
		return "", "", false
	}
	voting := voters(v.Snapshot)
	return access.ReasonMemberCount, fmt.Sprintf("The cluster has %d voting members, expectedMembers is %d", voting, *v.Want.ExpectedMembers), voting != int(*v.Want.ExpectedMembers)
}

func expiring(v View) (string, string, bool) {
	if reason, message, failed := managed.Expiring("A server's certificate", v.Snapshot.Expires, v.Now); failed {
		return reason, message, true
	}
	return managed.Expiring("Our client certificate", v.ClientExpires, v.Now)
}

func nearQuota(v View) (string, string, bool) {
	_, used := quota(v.Snapshot)
	return v1alpha1.ReasonNearQuota, "A database uses more than 80 % of its quota: compact and defragment it, or raise the quota", used >= 80
}

func unlisted(v View) (string, string, bool) {
	names := named(v.Snapshot, v1alpha1.MemberUnknown)
	return v1alpha1.ReasonMembersUnlisted,
		fmt.Sprintf("Nobody asks %s: list every member in the endpoints of the ProviderConfig", strings.Join(names, ", ")), len(names) > 0
}

// faults of the members that did not answer, in the order of their addresses.
func faults(s *Snapshot) string {
	out := []string{}
	for _, p := range s.Members {
		if p.Fault.Message != "" {
			out = append(out, p.Address+": "+p.Fault.Message)
		}
	}
	if len(out) == 0 {
		return "they answer, but not to a linearizable read"
	}
	return strings.Join(out, "; ")
}
