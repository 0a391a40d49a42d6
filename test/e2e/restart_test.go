package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A restart replaces every pod, and its removal replaces none.
func TestRestart(t *testing.T) {
	g := create(t, "restart", fmt.Sprintf(disaggregated, "again"))
	g.ready()
	before := g.uids()
	g.patch(op("add", "/spec/restart", map[string]any{"id": "r1", "order": []any{"decode", "prefill", "frontend"}}))
	eventually(t, "the restart completes", func() (bool, string) {
		phase, _, _ := unstructured.NestedString(g.get().Object, "status", "restart", "phase")
		return phase == "Completed", phase
	})
	g.ready()
	after := g.uids()
	for c, uids := range before {
		for _, u := range uids {
			if slices.Contains(after[c], u) {
				t.Errorf("pod %s of %s was not replaced", u, c)
			}
		}
	}

	g.patch(map[string]any{"op": "remove", "path": "/spec/restart"})
	eventually(t, "the restart is forgotten", func() (bool, string) {
		r, ok, _ := unstructured.NestedMap(g.get().Object, "status", "restart")
		return !ok, fmt.Sprint(r)
	})
	g.ready()
	if diff := cmp.Diff(after, g.uids()); diff != "" {
		t.Errorf("pods change when restart is removed (-before, +after):\n%s", diff)
	}
}
