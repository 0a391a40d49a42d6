package function

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// rolled reconciles once with a function that remembers nothing, and returns the Deployments whose pods that replaces.
// They are not ready until rollOut.
func rolled(s *simulation) ([]string, *fnv1.RunFunctionResponse) {
	before := maps.Clone(s.observed)
	s.fn = New(logging.NewNopLogger())
	rsp := s.apply()
	var out []string
	for n, o := range s.observed {
		if wire.String(o, "kind") == "Deployment" && !proto.Equal(wire.Get(o, "spec", "template"), wire.Get(before[n], "spec", "template")) {
			delete(o.GetFields(), "status")
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, rsp
}

func restartStatus(rsp *fnv1.RunFunctionResponse) (phase string, inProgress []any) {
	s := wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "restart").GetStructValue()
	return wire.String(s, "phase"), wire.Get(s, "inProgress").GetListValue().AsSlice()
}

func TestRestartSequential(t *testing.T) {
	s := running(t, examples(t)["disaggregated/vllm.yaml"])
	set(t, s.xr, map[string]any{"id": "r1", "order": []any{"decode", "frontend", "prefill"}}, "spec", "restart")
	for _, c := range []string{"decode", "frontend", "prefill"} {
		got, _ := rolled(s)
		if diff := cmp.Diff([]string{"deployment." + c}, got); diff != "" {
			t.Fatalf("%s should roll (-want, +got):\n%s", c, diff)
		}
		for range 3 {
			got, rsp := rolled(s)
			if len(got) > 0 {
				t.Fatalf("%v roll while %s is not ready", got, c)
			}
			phase, inProgress := restartStatus(rsp)
			if phase != v1alpha1.RestartRestarting || !cmp.Equal(inProgress, []any{c}) {
				t.Errorf("while %s rolls: phase %q in progress %v", c, phase, inProgress)
			}
		}
		s.rollOut()
	}
	got, rsp := rolled(s)
	if phase, inProgress := restartStatus(rsp); len(got) > 0 || phase != v1alpha1.RestartCompleted || len(inProgress) > 0 {
		t.Errorf("when all are ready: %v roll, phase %q in progress %v", got, phase, inProgress)
	}

	delete(s.observed["deployment.prefill"].GetFields(), "status")
	if _, rsp := rolled(s); true {
		if phase, _ := restartStatus(rsp); phase != v1alpha1.RestartCompleted {
			t.Errorf("what fails after a restart makes its phase %q", phase)
		}
	}
	s.rollOut()
	delete(wire.Get(s.xr, "spec").GetStructValue().GetFields(), "restart")
	got, rsp = rolled(s)
	if phase, _ := restartStatus(rsp); len(got) > 0 || phase != "" {
		t.Errorf("when restart is removed: %v roll, phase %q", got, phase)
	}
	if got, _ := rolled(s); len(got) > 0 {
		t.Errorf("after restart is removed: %v roll", got)
	}
}

func TestRestartParallel(t *testing.T) {
	s := running(t, examples(t)["disaggregated/vllm.yaml"])
	set(t, s.xr, map[string]any{"id": "r1", "strategy": "Parallel"}, "spec", "restart")
	got, rsp := rolled(s)
	if diff := cmp.Diff([]string{"deployment.decode", "deployment.frontend", "deployment.prefill"}, got); diff != "" {
		t.Errorf("all should roll (-want, +got):\n%s", diff)
	}
	if phase, _ := restartStatus(rsp); phase != v1alpha1.RestartRestarting {
		t.Errorf("phase %q", phase)
	}
	s.rollOut()
	if got, rsp := rolled(s); true {
		if phase, _ := restartStatus(rsp); len(got) > 0 || phase != v1alpha1.RestartCompleted {
			t.Errorf("when all are ready: %v roll, phase %q", got, phase)
		}
	}
}

// A newer ID takes over from the first component on, and those that the older one never reached roll once.
func TestRestartSuperseded(t *testing.T) {
	s := running(t, examples(t)["disaggregated/vllm.yaml"])
	set(t, s.xr, map[string]any{"id": "r1"}, "spec", "restart")
	rolled(s)
	set(t, s.xr, map[string]any{"id": "r2"}, "spec", "restart")
	count := map[string]int{}
	for range 10 {
		got, _ := rolled(s)
		for _, n := range got {
			count[n]++
		}
		s.rollOut()
	}
	if diff := cmp.Diff(map[string]int{"deployment.frontend": 1, "deployment.prefill": 1, "deployment.decode": 1}, count); diff != "" {
		t.Errorf("rolls of the second restart (-want, +got):\n%s", diff)
	}
}

// A component that is added during a restart starts with its annotation, and does not roll for it.
func TestRestartOfANewComponent(t *testing.T) {
	s := running(t, examples(t)["disaggregated/vllm.yaml"])
	components := wire.Get(s.xr, "spec", "components").GetListValue()
	components.Values = append(components.Values, structpb.NewStructValue(object(t, `{name: extra, type: decode}`)))
	set(t, s.xr, map[string]any{"id": "r1"}, "spec", "restart")
	extra := 0
	for range 10 {
		got, _ := rolled(s)
		if slices.Contains(got, "deployment.extra") {
			extra++
		}
		s.rollOut()
	}
	if extra != 1 {
		t.Errorf("the new component was rolled %d times, creation included", extra)
	}
}
