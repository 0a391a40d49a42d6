package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// playInterval is how often we look for objects whose controller we play.
const playInterval = 500 * time.Millisecond

// An addon is a module that holds CustomResourceDefinitions, as tools/addons
// lists them.
type addon struct {
	Module      string   `json:"module"`
	Definitions []string `json:"definitions"`
}

// installAddons applies the definitions of every add-on that a graph may use, as
// their own modules have them, and ours where there is none. Their controllers do
// not run, but for what playAddons plays.
func (cp *ControlPlane) installAddons(ctx context.Context) error {
	b, err := os.ReadFile(filepath.Join(cp.options.Root, "tools", "addons", "addons.yaml"))
	if err != nil {
		return fmt.Errorf("cannot read add-ons: %w", err)
	}

	var all []addon
	if err := yaml.UnmarshalStrict(b, &all); err != nil {
		return fmt.Errorf("cannot parse add-ons: %w", err)
	}

	crds, err := minimalDefinitions(cp.options.Root, "addons")
	if err != nil {
		return err
	}

	for _, a := range all {
		found, err := a.read(ctx)
		if err != nil {
			return fmt.Errorf("cannot read definitions of %s: %w", a.Module, err)
		}

		crds = append(crds, found...)
	}

	if err := cp.Apply(ctx, "", crds...); err != nil {
		return err
	}

	for _, o := range crds {
		if err := cp.Wait(ctx, o, "Established"); err != nil {
			return err
		}
	}

	return nil
}

func (a addon) read(ctx context.Context) ([]*unstructured.Unstructured, error) {
	// Outside of every module, whose go.sum it would grow.
	dir, err := download(ctx, os.TempDir(), a.Module)
	if err != nil {
		return nil, err
	}

	var out []*unstructured.Unstructured

	for _, f := range a.Definitions {
		objs, err := ReadObjects(filepath.Join(dir, f))
		if err != nil {
			return nil, err
		}

		out = append(out, objs...)
	}

	return out, nil
}

// A part is a kind whose controller we play: the status that the controller
// writes when it takes an object up. Nothing else of it is there.
type part struct {
	resource schema.GroupVersionResource
	status   func(o *unstructured.Unstructured, now string) map[string]any
}

// parts are what would keep a graph from becoming Ready without a controller. A
// ScaledObject is taken up by KEDA, which does not scale here, and a route is
// accepted by the Gateway that it names, which routes nothing.
func parts() []part {
	return []part{
		{schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}, takenUp},
		{schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}, accepted},
	}
}

func takenUp(_ *unstructured.Unstructured, _ string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{
		"type": "Ready", "status": "True", "reason": "ScaledObjectReady", "message": "ScaledObject is defined correctly and is ready for scaling",
	}}}
}

func accepted(o *unstructured.Unstructured, now string) map[string]any {
	refs, _, _ := unstructured.NestedSlice(o.Object, "spec", "parentRefs")
	parents := make([]any, 0, len(refs))

	for _, r := range refs {
		parents = append(parents, map[string]any{
			"parentRef": r, "controllerName": "controlplane.graphplane.io/gateway",
			"conditions": []any{map[string]any{
				"type": "Accepted", "status": "True", "reason": "Accepted", "message": "Route is accepted",
				"lastTransitionTime": now, "observedGeneration": o.GetGeneration(),
			}},
		})
	}

	return map[string]any{"parents": parents}
}

// playAddons plays the controllers of add-ons until the context ends. What fails
// is tried again the next turn.
func (cp *ControlPlane) playAddons(ctx context.Context) {
	t := time.NewTicker(playInterval)
	defer t.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}

		for _, p := range parts() {
			if err := cp.play(ctx, p); err != nil && ctx.Err() == nil {
				cp.log.printf("cannot play the controller of %s: %v", p.resource.Resource, err)
			}
		}

		if err := cp.playGrove(ctx); err != nil && ctx.Err() == nil {
			cp.log.printf("cannot play Grove: %v", err)
		}
	}
}

func (cp *ControlPlane) play(ctx context.Context, p part) error {
	l, err := cp.dynamic.Resource(p.resource).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("cannot list: %w", err)
	}

	for i := range l.Items {
		o := &l.Items[i]
		if status, _, _ := unstructured.NestedMap(o.Object, "status"); len(status) > 0 {
			continue
		}

		b, err := json.Marshal(map[string]any{"status": p.status(o, time.Now().UTC().Format(time.RFC3339))})
		if err != nil {
			return fmt.Errorf("cannot encode status: %w", err)
		}

		_, err = cp.dynamic.Resource(p.resource).Namespace(o.GetNamespace()).Patch(ctx, o.GetName(), types.MergePatchType, b, metav1.PatchOptions{}, "status")
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot patch %s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
	}

	return nil
}
