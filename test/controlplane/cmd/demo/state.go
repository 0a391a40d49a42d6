package main

import (
	"context"
	"fmt"
	"sort"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane"
)

// A line says what state an object is in.
type line struct {
	name, state string
}

// states of a graph's objects, and of the graph itself.
func states(ctx context.Context, cp *controlplane.ControlPlane, g *unstructured.Unstructured) []line {
	refs, _, _ := unstructured.NestedSlice(g.Object, "spec", "crossplane", "resourceRefs")

	var out []line

	for _, r := range refs {
		ref, ok := r.(map[string]any)
		if !ok {
			continue
		}

		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": ref["apiVersion"], "kind": ref["kind"],
			"metadata": map[string]any{"name": ref["name"], "namespace": g.GetNamespace()},
		}}

		// What cannot be got is about to be created or deleted.
		if now, err := cp.Get(ctx, o); err == nil {
			out = append(out, line{name: o.GetKind() + " " + o.GetName(), state: state(now)})
		}
	}

	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })

	return append(out, line{name: g.GetKind() + " " + g.GetName(), state: readiness(g)})
}

func state(o *unstructured.Unstructured) string {
	switch o.GetKind() {
	case "Deployment":
		want, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		have, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas")

		return fmt.Sprintf("%d/%d available", have, want)
	case "PersistentVolumeClaim":
		phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
		return phase
	default:
		if err := controlplane.Check(o, "Ready"); err == nil {
			return "Ready"
		}

		return "created"
	}
}

func readiness(g *unstructured.Unstructured) string {
	if err := controlplane.Check(g, "Synced"); err != nil {
		return "not Synced"
	}

	if err := controlplane.Check(g, "Ready"); err != nil {
		return "not Ready"
	}

	return "Ready"
}
