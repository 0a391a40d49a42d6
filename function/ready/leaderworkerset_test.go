package ready

import (
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestLeaderWorkerSet(t *testing.T) {
	type counts struct{ replicas, ready, updated, generation float64 }
	cases := map[string]struct {
		reason  string
		desired float64
		counts  counts
		want    string
	}{
		"Unseen":     {reason: "Nobody has looked at it", desired: 0, want: "Waiting for the controller of LeaderWorkerSet to see the latest change"},
		"Older":      {reason: "The counts are of an older generation", desired: 2, counts: counts{2, 2, 2, 2}, want: "Waiting for the controller of LeaderWorkerSet to see the latest change"},
		"OldGroups":  {reason: "Old groups are ready, new ones are not there", desired: 2, counts: counts{2, 2, 1, 3}, want: "Waiting for 1 of 2 replicas to be updated"},
		"Surplus":    {reason: "A surplus group still runs", desired: 2, counts: counts{3, 3, 3, 3}, want: "Waiting for 1 old replicas to stop"},
		"NotReady":   {reason: "A group misses a node", desired: 2, counts: counts{2, 1, 2, 3}, want: "Waiting for 1 of 2 replicas to be ready on all of their nodes"},
		"RolledOut":  {reason: "All groups are ready", desired: 2, counts: counts{2, 2, 2, 3}},
		"NoReplicas": {reason: "None are wanted, and none are there", counts: counts{0, 0, 0, 3}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o, err := structpb.NewStruct(map[string]any{
				"kind": "LeaderWorkerSet", "metadata": map[string]any{"generation": 3}, "spec": map[string]any{"replicas": tc.desired},
				"status": map[string]any{
					"observedGeneration": tc.counts.generation, "replicas": tc.counts.replicas,
					"readyReplicas": tc.counts.ready, "updatedReplicas": tc.counts.updated,
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := LeaderWorkerSet(o); got.Message != tc.want || got.Ready != (tc.want == "") {
				t.Errorf("%s: got %v, want %q", tc.reason, got, tc.want)
			}
			if n := Replicas(o); n.Available != n.Ready {
				t.Errorf("%s: %d available of %d ready", tc.reason, n.Available, n.Ready)
			}
		})
	}
	if got := LeaderWorkerSet(nil); got.Ready {
		t.Error("ready before it exists")
	}
}
