package nats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
)

func TestStoredReady(t *testing.T) {
	current := &jetstream.PeerInfo{Current: true, Active: time.Second}
	silent := &jetstream.PeerInfo{Current: true, Active: 7 * time.Second}
	lagging := &jetstream.PeerInfo{Active: time.Second, Lag: 10}
	offline := &jetstream.PeerInfo{Current: true, Offline: true}
	cluster := func(leader string, replicas ...*jetstream.PeerInfo) *jetstream.ClusterInfo {
		return &jetstream.ClusterInfo{Leader: leader, Replicas: replicas}
	}
	cases := map[string]struct {
		reason   string
		replicas int
		args     *jetstream.ClusterInfo
		want     string
	}{
		"NoCluster":  {"A server on its own needs nobody.", 1, nil, access.ReasonAvailable},
		"OneReplica": {"A stream with one replica has a leader or nothing.", 1, cluster("a"), access.ReasonAvailable},
		"All":        {"All are there.", 3, cluster("a", current, current), access.ReasonAvailable},
		"OneSilent":  {"Two of three are a majority.", 3, cluster("a", current, silent), access.ReasonAvailable},
		"OneOffline": {"So are they beside one that is known to be gone.", 3, cluster("a", offline, current), access.ReasonAvailable},
		"BothSilent": {"A leader that hears nobody still answers, but takes no message.", 3, cluster("a", silent, silent), access.ReasonNoQuorum},
		"Lagging":    {"A replica that has to catch up does not store what comes now.", 3, cluster("a", lagging, silent), access.ReasonNoQuorum},
		"NoLeader":   {"Without a leader nobody takes it.", 3, cluster("", current, current), v1alpha1.ReasonNoLeader},
		"FiveOfFive": {"Two of five are none.", 5, cluster("a", current, silent, offline, lagging), access.ReasonNoQuorum},
		"ThreeLeft":  {"Three of five are a majority.", 5, cluster("a", current, current, offline, lagging), access.ReasonAvailable},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := storedReady(&jetstream.StreamInfo{Config: jetstream.StreamConfig{Replicas: tc.replicas}, Cluster: tc.args})
			if diff := cmp.Diff(xpv2.ConditionReason(tc.want), c.Reason); diff != "" {
				t.Errorf("\n%s\nstoredReady(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
