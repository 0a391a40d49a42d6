package function

import (
	"testing"

	"github.com/graphplane/graphplane/function/wire"
)

// Two graphs that serve one model in one namespace have no object in common, so that deleting one takes nothing from the
// other. The Dynamo operator has a Service for each model, which the first graph owns.
func TestGraphsOfOneModelShareNothing(t *testing.T) {
	xr := examples(t)["disaggregated/vllm.yaml"]
	first := running(t, xr)
	set(t, xr, "other", "metadata", "name")
	second := running(t, xr)

	names := map[string]bool{}
	for _, o := range first.observed {
		names[wire.String(o, "kind")+"/"+wire.String(o, "metadata", "name")] = true
	}
	for resource, o := range second.observed {
		name := wire.String(o, "metadata", "name")
		if name != "derived-"+resource && names[wire.String(o, "kind")+"/"+name] {
			t.Errorf("both graphs have %s %s", wire.String(o, "kind"), name)
		}
	}
	if len(names) < 10 {
		t.Errorf("only %d objects were compared", len(names))
	}
}

// The runtime reads a component's name as it was written, and Kubernetes names objects in lower case.
func TestComponentKeepsItsCase(t *testing.T) {
	xr := examples(t)["disaggregated/vllm.yaml"]
	c := wire.Get(xr, "spec", "components").GetListValue().GetValues()[2].GetStructValue()
	set(t, c, "VllmDecode", "name")
	d := running(t, xr).observed["deployment.vllmdecode"]
	if got := wire.String(d, "metadata", "name"); got != "disagg-vllm-vllmdecode" {
		t.Errorf("the Deployment is called %q", got)
	}
	if got := wire.String(d, "spec", "template", "metadata", "labels", "nvidia.com/dynamo-component"); got != "VllmDecode" {
		t.Errorf("the runtime reads %q", got)
	}
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		if got := wire.String(wire.Get(d, path...).GetStructValue(), "graphplane.io/component"); got != "vllmdecode" {
			t.Errorf("%v has %q", path, got)
		}
	}
}
