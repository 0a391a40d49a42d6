package function

import (
	"testing"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// owners of spec.replicas of a Deployment, as the API server tells of them.
const (
	ownedByUs         = `{metadata: {managedFields: [{manager: apiextensions.crossplane.io/composed/0a, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}]}}`
	ownedByAutoscaler = `{metadata: {managedFields: [{manager: kube-controller-manager, operation: Update, subresource: scale, fieldsV1: {f:spec: {f:replicas: {}}}}]}}`
)

// A component that runs keeps its replicas when scaling is added, until the autoscaler owns them, and no reconcile takes
// them back.
func TestScalingTakesOver(t *testing.T) {
	xr := examples(t)["disaggregated/vllm.yaml"]
	s := running(t, xr)
	const name = "deployment.decode"
	own := func(managers string, replicas float64) {
		o := s.observed[name]
		set(t, o, replicas, "spec", "replicas")
		wire.Get(o, "metadata").GetStructValue().Fields["managedFields"] = wire.Get(object(t, managers), "metadata", "managedFields")
	}
	reconcile := func() (*float64, *fnv1.RunFunctionResponse) {
		_, rsp := s.call(s.request())
		if msg := fatal(rsp); msg != "" {
			t.Fatal(msg)
		}
		v := wire.Get(rsp.GetDesired().GetResources()[name].GetResource(), "spec", "replicas")
		if v == nil {
			return nil, rsp
		}
		return new(v.GetNumberValue()), rsp
	}

	components := wire.Get(s.xr, "spec", "components").GetListValue().GetValues()
	decode := components[len(components)-1].GetStructValue()
	delete(decode.GetFields(), "replicas")
	set(t, decode, map[string]any{"max": 8, "metrics": []any{map[string]any{"type": "Resource", "resource": map[string]any{
		"name": "cpu", "target": map[string]any{"type": "Utilization", "averageUtilization": 50},
	}}}}, "scaling")

	own(ownedByUs, 2)
	for range 3 {
		if n, _ := reconcile(); n == nil || *n != 2 {
			t.Fatalf("want the 2 replicas that run, got %v", n)
		}
	}
	s.apply()
	own(ownedByAutoscaler, 5)
	s.rollOut()
	for range 50 {
		n, rsp := reconcile()
		if n != nil {
			t.Fatalf("the autoscaler owns the replicas, and %v are desired", *n)
		}
		if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
			t.Fatalf("ComponentsReady: %s", got)
		}
	}
}

// A component that was always scaled never has replicas of ours.
func TestScalingFromTheFirstApply(t *testing.T) {
	s := simulate(t, examples(t)["scaling/metrics.yaml"], object(t, local), object(t, namespace))
	for range 3 {
		_, rsp := s.call(s.request())
		for _, name := range []string{"deployment.frontend", "deployment.worker"} {
			if v := wire.Get(rsp.GetDesired().GetResources()[name].GetResource(), "spec", "replicas"); v != nil {
				t.Errorf("%s has replicas %v", name, v)
			}
		}
		s.apply()
	}
}
