package nats

import (
	"fmt"
	"slices"
	"strings"
	"time"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
)

// A View is all that a verdict depends on.
type View struct {
	// Snapshot of the system.
	Snapshot *Snapshot
	// Pin is the name of the cluster we expect; empty without one.
	Pin string
	// Want is what the Endpoint expects.
	Want v1alpha1.EndpointParameters
	// ClientExpires is the end of our client certificate; zero without one.
	ClientExpires time.Time
	// Now is the time.
	Now time.Time
}

func (v View) jetStream() bool { return v.Want.JetStream == nil || *v.Want.JetStream }

type check = managed.Check[View]

// verdict on a system.
func verdict() managed.Verdict[View] {
	return managed.Verdict[View]{
		Readiness:  []check{unreachable, refused, plainText, wrongCluster, disabled, noQuorum, noMetaLeader, limited, oldVersion},
		Redundancy: []check{serversDown, lagging, serverCount, expiring},
		Unknown:    unseen,
	}
}

func unreachable(v View) (string, string, bool) {
	if slices.ContainsFunc(v.Snapshot.Servers, func(p Probe) bool { return p.Up || p.Fault.Refused }) {
		return "", "", false
	}
	return access.ReasonUnreachable, "No server answers: " + faults(v.Snapshot), true
}

func refused(v View) (string, string, bool) {
	return access.ReasonUnauthenticated, "The servers refuse us: " + v.Snapshot.Refused, v.Snapshot.Refused != ""
}

func plainText(v View) (string, string, bool) {
	plain := slices.ContainsFunc(v.Snapshot.Servers, func(p Probe) bool { return p.Up && !p.TLS })
	return access.ReasonTLSRequired, "requireTLS is set but a connection does not use TLS: serve TLS and set tls:// servers in the ProviderConfig", plain && v.Want.RequireTLS != nil && *v.Want.RequireTLS
}

func wrongCluster(v View) (string, string, bool) {
	for _, id := range identities(v.Snapshot) {
		if v.Pin != "" && id != v.Pin {
			return access.ReasonWrongCluster, fmt.Sprintf("The servers belong to %q, this Endpoint to %q: the system was replaced; delete the annotation crossplane.io/external-name to accept it", id, v.Pin), true
		}
	}
	if found := identities(v.Snapshot); len(found) > 1 {
		return access.ReasonWrongCluster, "The servers belong to different clusters: " + strings.Join(found, ", "), true
	}
	return "", "", false
}

func disabled(v View) (string, string, bool) {
	return v1alpha1.ReasonJetStreamDisabled, "The account has no JetStream: turn it on for the servers and the account, or set jetStream to false", v.jetStream() && v.Snapshot.JetStream.State == JetStreamDisabled
}

func noQuorum(v View) (string, string, bool) {
	return access.ReasonNoQuorum, "Too few servers of JetStream answer: " + down(v.Snapshot), v.jetStream() && v.Snapshot.lostQuorum()
}

func noMetaLeader(v View) (string, string, bool) {
	if !v.jetStream() {
		return "", "", false
	}
	if v.Snapshot.leaderless() {
		return v1alpha1.ReasonNoMetaLeader, "JetStream has no meta leader", true
	}
	return v1alpha1.ReasonNoMetaLeader, "JetStream does not answer: it has no meta leader, or the servers that answer do not reach it", v.Snapshot.JetStream.State == JetStreamUnavailable
}

func limited(v View) (string, string, bool) {
	i := v.Snapshot.JetStream.Info
	if !v.jetStream() || i == nil {
		return "", "", false
	}
	switch {
	case i.Limits.MaxStreams > 0 && i.Streams >= i.Limits.MaxStreams:
		return v1alpha1.ReasonAccountLimitReached, "The account has all the streams it may have: delete some or raise its limit", true
	case i.Limits.MaxStore > 0 && i.Store >= uint64(i.Limits.MaxStore):
		return v1alpha1.ReasonAccountLimitReached, "The account stores all the bytes it may store: delete some or raise its limit", true
	case i.Limits.MaxMemory > 0 && i.Memory >= uint64(i.Limits.MaxMemory):
		return v1alpha1.ReasonAccountLimitReached, "The account uses all the memory it may use: delete some or raise its limit", true
	}
	return "", "", false
}

func oldVersion(v View) (string, string, bool) {
	return managed.Old("A server", version(v.Snapshot), v.Want.MinVersion)
}

func serversDown(v View) (string, string, bool) {
	for _, s := range servers(v.Snapshot) {
		if !s.Healthy {
			return access.ReasonMembersDown, "Down: " + down(v.Snapshot), true
		}
	}
	return "", "", false
}

func lagging(v View) (string, string, bool) {
	if v.Snapshot.System == nil || len(v.Snapshot.System.Offline) == 0 {
		return "", "", false
	}
	return v1alpha1.ReasonReplicasLagging, "The meta leader does not see: " + strings.Join(v.Snapshot.System.Offline, ", "), true
}

func serverCount(v View) (string, string, bool) {
	n := len(servers(v.Snapshot))
	return access.ReasonMemberCount, fmt.Sprintf("The system has %d servers, expectedServers is %d", n, deref(v.Want.ExpectedServers)), v.Want.ExpectedServers != nil && n != int(*v.Want.ExpectedServers)
}

func expiring(v View) (string, string, bool) {
	if reason, message, failed := managed.Expiring("A server's certificate", v.Snapshot.Expires, v.Now); failed {
		return reason, message, true
	}
	return managed.Expiring("Our client certificate", v.ClientExpires, v.Now)
}

// unseen is what only the system account sees.
func unseen(v View) (string, string, bool) {
	message := "Nobody can tell without the system account: set systemCredentials in the ProviderConfig"
	if v.Snapshot.SystemFault != "" {
		message = "Nobody can tell without the system account: " + v.Snapshot.SystemFault
	}
	return v1alpha1.ReasonNoSystemAccount, message, v.Snapshot.System == nil
}

func deref(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// faults of the servers that did not answer, in the order of their addresses.
func faults(s *Snapshot) string {
	out := []string{}
	for _, p := range s.Servers {
		if p.Fault.Message != "" {
			out = append(out, p.URL+": "+p.Fault.Message)
		}
	}
	return strings.Join(out, "; ")
}

// down servers by name.
func down(s *Snapshot) string {
	out := []string{}
	for _, v := range servers(s) {
		if !v.Healthy {
			out = append(out, v.Name)
		}
	}
	if len(out) == 0 {
		return "those that are missing are not listed in the ProviderConfig"
	}
	return strings.Join(out, ", ")
}
