package capacity

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/graph"
)

// pool has a rung and two fallbacks, of a wait of three and of ten minutes.
func pool() *graph.Pool {
	rung := func(name, machine string, wait time.Duration) graph.Rung {
		m, _ := cloud.Find(cloud.EKS, machine)
		return graph.Rung{Nodes: cloud.Nodes{Name: name, Machine: m, Known: true, Max: 2, Capacity: v1alpha1.CapacityOnDemand}, Wait: wait}
	}
	return &graph.Pool{Name: "p", Rungs: []graph.Rung{
		rung("a", "p5.48xlarge", 0), rung("b", "p4de.24xlarge", 3*time.Minute), rung("c", "p4d.24xlarge", 10*time.Minute),
	}}
}

func TestDecide(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	ago := func(m int) time.Time { return now.Add(-time.Duration(m) * time.Minute) }
	nodes := func(name string) cloud.Nodes { return cloud.Nodes{Name: name} }
	short := func(name string) Seen {
		return Seen{Nodes: nodes(name), Failure: cloud.FailureCapacity, Code: "InsufficientInstanceCapacity", Message: "none"}
	}
	ready := func(name string, count int32) Seen { return Seen{Nodes: nodes(name), Ready: true, Count: &count} }
	type args struct {
		seen   []Seen
		before Before
		use    Use
		retry  string
	}
	cases := map[string]struct {
		reason string
		args   args
		want   Decision
	}{
		"New": {
			reason: "A pool starts on its first rung",
		},
		"NoCapacity": {
			reason: "From the first time that the cloud has none, it has the next rung's wait",
			args:   args{seen: []Seen{short("a")}, before: Before{Known: true}},
			want:   Decision{NoCapacitySince: now, Again: 3 * time.Minute},
		},
		"Waiting": {
			reason: "The wait goes on from when it began",
			args:   args{seen: []Seen{short("a")}, before: Before{Known: true, NoCapacitySince: ago(2)}},
			want:   Decision{NoCapacitySince: ago(2), Again: time.Minute},
		},
		"Falls": {
			reason: "After the wait it is on the next rung, and says why",
			args:   args{seen: []Seen{short("a")}, before: Before{Known: true, NoCapacitySince: ago(3)}},
			want:   Decision{Rung: 1, RungSince: now, RungReason: "InsufficientInstanceCapacity for p5.48xlarge OnDemand"},
		},
		"FallsAgain": {
			reason: "Each rung has a wait of its own",
			args:   args{seen: []Seen{short("b")}, before: Before{Known: true, Rung: 1, RungSince: ago(20), NoCapacitySince: ago(9)}},
			want:   Decision{Rung: 1, RungSince: ago(20), NoCapacitySince: ago(9), Again: time.Minute},
		},
		"Bottom": {
			reason: "After the last rung there is nothing to try",
			args:   args{seen: []Seen{short("c")}, before: Before{Known: true, Rung: 2, RungSince: ago(60), NoCapacitySince: ago(50)}},
			want:   Decision{Rung: 2, RungSince: ago(60), NoCapacitySince: ago(50)},
		},
		"Found": {
			reason: "Capacity that was found ends the wait",
			args:   args{seen: []Seen{ready("a", 1)}, before: Before{Known: true, NoCapacitySince: ago(2)}, use: Running},
		},
		"Tries": {
			reason: "Between two tries nothing is said, and the wait goes on",
			args:   args{seen: []Seen{ready("a", 1)}, before: Before{Known: true, NoCapacitySince: ago(2)}},
			want:   Decision{NoCapacitySince: ago(2)},
		},
		"TriesForLong": {
			reason: "Nodes may be on their way, so it falls only when the try has failed",
			args:   args{seen: []Seen{ready("a", 1)}, before: Before{Known: true, NoCapacitySince: ago(20)}},
			want:   Decision{NoCapacitySince: ago(20)},
		},
		"AsksAgain": {
			reason: "Though the last failure is still told of, it falls only when the try has failed",
			args: args{
				seen:   []Seen{{Nodes: nodes("a"), Ready: true, Failure: cloud.FailureCapacity, Again: true}},
				before: Before{Known: true, NoCapacitySince: ago(20)},
			},
			want: Decision{NoCapacitySince: ago(20)},
		},
		"CloudDown": {
			reason: "A cloud that does not answer says nothing of its capacity",
			args:   args{seen: []Seen{{Nodes: nodes("a"), Failure: cloud.FailureOther}}, before: Before{Known: true, NoCapacitySince: ago(20)}},
			want:   Decision{NoCapacitySince: ago(20)},
		},
		"FromZero": {
			reason: "A pool that exists and gets no node falls too",
			args: args{
				seen:   []Seen{{Nodes: nodes("a"), Ready: true, Count: new(int32(0)), Failure: cloud.FailureCapacity, Code: "placeholder-cannot-be-fulfilled"}},
				before: Before{Known: true, NoCapacitySince: ago(3)},
			},
			want: Decision{Rung: 1, RungSince: now, RungReason: "placeholder-cannot-be-fulfilled for p5.48xlarge OnDemand", Running: &cloud.Nodes{Name: "a"}},
		},
		"IdleWithoutFailure": {
			reason: "Nobody waits for an idle pool",
			args:   args{seen: []Seen{ready("a", 0)}, before: Before{Known: true, NoCapacitySince: ago(2)}, use: Idle},
		},
		"EditedWithoutCapacity": {
			reason: "Pods that run on older nodes do not keep the new ones from falling",
			args:   args{seen: []Seen{ready("old", 2), short("a")}, before: Before{Known: true, NoCapacitySince: ago(3)}},
			want:   Decision{Rung: 1, RungSince: now, RungReason: "InsufficientInstanceCapacity for p5.48xlarge OnDemand", Running: &cloud.Nodes{Name: "old"}},
		},
		"HasNodes": {
			reason: "A pool with pods stays where it is, though there are no more nodes",
			args: args{
				seen:   []Seen{{Nodes: nodes("a"), Ready: true, Count: new(int32(1)), Failure: cloud.FailureCapacity}},
				before: Before{Known: true, NoCapacitySince: ago(30)}, use: Running,
			},
		},
		"Quota": {
			reason: "A quota is no reason to try another machine of the same account",
			args:   args{seen: []Seen{{Nodes: nodes("a"), Failure: cloud.FailureQuota}}, before: Before{Known: true, NoCapacitySince: ago(30)}},
		},
		"Stays": {
			reason: "It does not go back by itself while something may run",
			args:   args{seen: []Seen{ready("b", 0)}, before: Before{Known: true, Rung: 1, RungSince: ago(60), RungReason: "r"}},
			want:   Decision{Rung: 1, RungSince: ago(60), RungReason: "r"},
		},
		"Idle": {
			reason: "An idle pool without nodes goes back to its first rung",
			args:   args{seen: []Seen{ready("b", 0)}, before: Before{Known: true, Rung: 1, RungSince: ago(60), RungReason: "r"}, use: Idle},
			want:   Decision{Running: &cloud.Nodes{Name: "b"}},
		},
		"IdleWithNodes": {
			reason: "Nodes may still have pods",
			args:   args{seen: []Seen{ready("b", 1)}, before: Before{Known: true, Rung: 1, RungSince: ago(60)}, use: Idle},
			want:   Decision{Rung: 1, RungSince: ago(60)},
		},
		"Asked": {
			reason: "A new retryID goes back at once, and pods stay on their nodes meanwhile",
			args:   args{seen: []Seen{ready("b", 2)}, before: Before{Known: true, Rung: 1, RungSince: ago(60)}, retry: "2"},
			want:   Decision{RetryID: "2", Running: &cloud.Nodes{Name: "b"}},
		},
		"Edited": {
			reason: "Pods stay on nodes of an older spec until the new ones can be used",
			args:   args{seen: []Seen{ready("old", 2), {Nodes: nodes("a")}}, before: Before{Known: true}},
			want:   Decision{Running: &cloud.Nodes{Name: "old"}},
		},
		"EditedAndReady": {
			reason: "Then they move",
			args:   args{seen: []Seen{ready("old", 2), ready("a", 0)}, before: Before{Known: true}},
		},
		"NeverReady": {
			reason: "Nobody runs on nodes that never were",
			args:   args{seen: []Seen{short("old")}, before: Before{Known: true}},
		},
		"LostStatus": {
			reason: "A graph without a status takes up the rung that exists",
			args:   args{seen: []Seen{ready("b", 2)}},
			want:   Decision{Rung: 1},
		},
		"ShorterLadder": {
			reason: "A rung that is no more is left for the first",
			args:   args{seen: []Seen{ready("z", 2)}, before: Before{Known: true, Rung: 3}},
			want:   Decision{Running: &cloud.Nodes{Name: "z"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := pool()
			p.RetryID = tc.args.retry
			got := Decide(p, tc.args.seen, tc.args.before, tc.args.use, now)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
