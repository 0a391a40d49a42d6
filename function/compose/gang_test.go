package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
)

// The scheduler, the queue and the domain are on what KAI, Volcano and the controller of LeaderWorkerSet read them of.
func TestGang(t *testing.T) {
	type seen struct {
		Scheduler                      string
		SetLabel, PodLabel             string
		SetAnnotations, PodAnnotations map[string]string
	}
	cases := map[string]struct {
		reason string
		gang   *graph.Gang
		want   seen
	}{
		"None": {
			reason: "Nothing is said to Kubernetes' own scheduler",
		},
		"KAI": {
			reason: "KAI reads the queue of labels and the domain of the set",
			gang: &graph.Gang{
				Scheduler: v1alpha1.SchedulerKAI, Queue: "q",
				Topology: &graph.Topology{Name: "racks", Domain: "example.com/rack", Required: true},
			},
			want: seen{
				Scheduler: kaiScheduler, SetLabel: "q", PodLabel: "q",
				SetAnnotations: map[string]string{kaiTopology: "racks", kaiRequired: "example.com/rack"},
			},
		},
		"KAIPreferred": {
			reason: "A domain that is preferred keeps no pod waiting",
			gang: &graph.Gang{
				Scheduler: v1alpha1.SchedulerKAI, Queue: "q", Topology: &graph.Topology{Name: "racks", Domain: "example.com/rack"},
			},
			want: seen{
				Scheduler: kaiScheduler, SetLabel: "q", PodLabel: "q",
				SetAnnotations: map[string]string{kaiTopology: "racks", kaiPreferred: "example.com/rack"},
			},
		},
		"Volcano": {
			reason: "The controller of LeaderWorkerSet reads the queue of the set, Volcano that of other pods",
			gang:   &graph.Gang{Scheduler: v1alpha1.SchedulerVolcano, Queue: "q"},
			want: seen{
				Scheduler: volcanoScheduler, SetAnnotations: map[string]string{volcanoQueue: "q"}, PodAnnotations: map[string]string{volcanoQueue: "q"},
			},
		},
		"VolcanoDefaultQueue": {
			reason: "Volcano has a queue of its own",
			gang:   &graph.Gang{Scheduler: v1alpha1.SchedulerVolcano},
			want:   seen{Scheduler: volcanoScheduler},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g, c := group(t, &v1alpha1.Component{})
			g.Gang = tc.gang
			set, ok := LeaderWorkerSet(g, c).Object.(*lws.LeaderWorkerSet)
			if !ok {
				t.Fatal("no LeaderWorkerSet")
			}
			for _, pod := range []struct {
				meta      metav1.ObjectMeta
				scheduler string
			}{
				{set.Spec.LeaderWorkerTemplate.LeaderTemplate.ObjectMeta, set.Spec.LeaderWorkerTemplate.LeaderTemplate.Spec.SchedulerName},
				{set.Spec.LeaderWorkerTemplate.WorkerTemplate.ObjectMeta, set.Spec.LeaderWorkerTemplate.WorkerTemplate.Spec.SchedulerName},
			} {
				got := seen{
					Scheduler: pod.scheduler, SetLabel: set.Labels[kaiQueue], PodLabel: pod.meta.Labels[kaiQueue],
					SetAnnotations: set.Annotations, PodAnnotations: pod.meta.Annotations,
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
				}
			}
		})
	}
}
