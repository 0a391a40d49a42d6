package etcd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

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

// A check reports whether it fails, and then with which reason and message.
type check func(v View) (reason, message string, failed bool)

// readiness is the chain whose first failure says why the cluster is not usable.
func readiness() []check {
	return []check{
		plainText, unreachable, refused, wrongCluster, noQuorum, noLeader, corrupt, noSpace, oldVersion,
	}
}

// redundancy is the chain whose first failure says what the cluster lacks.
func redundancy() []check {
	return []check{membersDown, memberCount, expiring, nearQuota}
}

// Ready says whether the cluster is usable now.
func Ready(v View) xpv2.Condition {
	if reason, message, failed := first(readiness(), v); failed {
		return managed.Condition(xpv2.TypeReady, managed.False, reason, message)
	}
	return managed.Condition(xpv2.TypeReady, managed.True, access.ReasonAvailable, "")
}

// Healthy says whether the cluster has its full redundancy.
func Healthy(v View) xpv2.Condition {
	if _, _, failed := first(readiness(), v); failed {
		return managed.Condition(access.TypeHealthy, managed.False, access.ReasonUnavailable, "The cluster is not usable, see Ready")
	}
	if reason, message, failed := first(redundancy(), v); failed {
		return managed.Condition(access.TypeHealthy, managed.False, reason, message)
	}
	if unlisted := named(v.Snapshot, v1alpha1.MemberUnknown); len(unlisted) > 0 {
		return managed.Condition(access.TypeHealthy, managed.Unknown, v1alpha1.ReasonMembersUnlisted,
			fmt.Sprintf("Nobody asks %s: list every member in the endpoints of the ProviderConfig", strings.Join(unlisted, ", ")))
	}
	return managed.Condition(access.TypeHealthy, managed.True, access.ReasonFullyRedundant, "")
}

func first(chain []check, v View) (reason, message string, failed bool) {
	for _, c := range chain {
		if reason, message, failed := c(v); failed {
			return reason, message, true
		}
	}
	return "", "", false
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
	low := version(v.Snapshot)
	if v.Want.MinVersion == nil || low == "" || managed.CompareVersions(low, *v.Want.MinVersion) >= 0 {
		return "", "", false
	}
	return access.ReasonVersionUnsupported, fmt.Sprintf("A member runs version %s, older than minVersion %s: upgrade it", low, *v.Want.MinVersion), true
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
