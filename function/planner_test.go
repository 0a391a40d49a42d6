package function

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/wire"
)

// replicasOf is spec.replicas of a desired resource, -1 where it has none.
func replicasOf(s *simulation, name string) float64 {
	s.t.Helper()
	_, rsp := s.call(s.request())
	if msg := fatal(rsp); msg != "" {
		s.t.Fatal(msg)
	}
	v := wire.Get(rsp.GetDesired().GetResources()[name].GetResource(), "spec", "replicas")
	if v == nil {
		return -1
	}
	return v.GetNumberValue()
}

// What a planner asks for in the scale subresource of an adapter becomes the replicas of the component, and no reconcile
// takes it back.
func TestPlannerScales(t *testing.T) {
	s := simulate(t, examples(t)["planner/vllm.yaml"], object(t, local), object(t, namespace))
	const workload, adapter = "deployment.decode", "scalingadapter.decode"
	s.apply()
	if n := replicasOf(s, workload); n != 1 {
		t.Errorf("a component starts with %v replicas, not with the 1 that the API server gives the adapter", n)
	}
	s.apply()
	for range 3 {
		// The API server's default, which nobody owns.
		set(t, s.observed[adapter], 1, "spec", "replicas")
		if n := replicasOf(s, adapter); n != -1 {
			t.Fatalf("the adapter's replicas are the planner's, and %v are desired", n)
		}
		s.apply()
	}
	for _, asked := range []float64{4, 2, 0, 7} {
		set(t, s.observed[adapter], asked, "spec", "replicas")
		wire.Get(s.observed[adapter], "metadata").GetStructValue().Fields["managedFields"] = wire.Get(object(t, ownedByAutoscaler), "metadata", "managedFields")
		for range 5 {
			if n := replicasOf(s, workload); n != asked {
				t.Fatalf("the planner asked for %v, and %v are desired", asked, n)
			}
			if n := replicasOf(s, adapter); n != -1 {
				t.Fatalf("the adapter's replicas are the planner's, and %v are desired", n)
			}
		}
	}
}

// A planner that is added to a graph that runs starts from the replicas that run.
func TestPlannerTakesOver(t *testing.T) {
	planned := examples(t)["planner/vllm.yaml"]
	before := structpb.NewStructValue(planned).GetStructValue()
	s := simulate(t, before, object(t, local), object(t, namespace))
	components := wire.Get(s.xr, "spec", "components").GetListValue()
	all := components.GetValues()
	components.Values = []*structpb.Value{all[0], all[2], all[3]}
	s.apply()
	s.apply()
	set(t, s.observed["deployment.decode"], 3, "spec", "replicas")

	components.Values = all
	const workload, adapter = "deployment.decode", "scalingadapter.decode"
	if n := replicasOf(s, workload); n != 3 {
		t.Errorf("3 replicas run, and %v are desired", n)
	}
	if n := replicasOf(s, adapter); n != 3 {
		t.Errorf("3 replicas run, and the adapter starts with %v", n)
	}
	s.apply()
	wire.Get(s.observed[adapter], "metadata").GetStructValue().Fields["managedFields"] = wire.Get(object(t, ownedByUs), "metadata", "managedFields")
	for range 3 {
		if n := replicasOf(s, adapter); n != 3 {
			t.Fatalf("the adapter has 3 replicas that only we own, and %v are desired", n)
		}
	}
}

// A planner waits until every component but itself is rolled out, as the status of its DynamoGraphDeployment says. It
// reads v1beta1 or v1alpha1, and both must say the same.
func TestPlannerReads(t *testing.T) {
	s := simulate(t, examples(t)["planner/vllm.yaml"], object(t, local), object(t, namespace))
	s.apply()
	set(t, s.observed["scalingadapter.decode"], 2, "spec", "replicas")
	s.apply()
	s.rollOut()
	s.apply()
	dgd := s.observed["graphdeployment.graph"]

	for _, c := range wire.Get(dgd, "spec", "components").GetListValue().GetValues() {
		name := wire.String(c.GetStructValue(), "name")
		desired := wire.Get(c.GetStructValue(), "replicas").GetNumberValue()
		for _, form := range []string{"components", "services"} {
			want := map[string]any{"replicas": desired, "readyReplicas": desired, "updatedReplicas": desired, "availableReplicas": desired}
			if diff := cmp.Diff(want, wire.Get(dgd, "status", form, name).GetStructValue().AsMap()); diff != "" {
				t.Errorf("%s of status.%s (-want, +got):\n%s", name, form, diff)
			}
		}
		if old := wire.Get(dgd, "spec", "services", name, "replicas").GetNumberValue(); old != desired {
			t.Errorf("%s has %v replicas in v1beta1 and %v in v1alpha1", name, desired, old)
		}
	}
	if got := wire.Get(dgd, "spec", "services", "decode", "replicas").GetNumberValue(); got != 2 {
		t.Errorf("the planner asked for 2 of decode, and reads %v", got)
	}
	if c := wire.Get(dgd, "status", "conditions").GetListValue().GetValues()[0].GetStructValue(); wire.String(c, "status") != "True" {
		t.Errorf("everything is rolled out, and the condition says %v", c)
	}
	delete(s.observed["deployment.prefill"].GetFields(), "status")
	s.apply()
	if c := wire.Get(s.observed["graphdeployment.graph"], "status", "conditions").GetListValue().GetValues()[0].GetStructValue(); wire.String(c, "status") != "False" {
		t.Errorf("prefill is not rolled out, and the condition says %v", c)
	}
}
