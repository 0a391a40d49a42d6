package controlplane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Labels of what Grove makes.
const (
	groveVersion   = "grove.io/v1alpha1"
	groveSet       = "app.kubernetes.io/part-of"
	groveComponent = "app.kubernetes.io/component"
	groveClique    = "grove.io/podclique"
	groveIndex     = "grove.io/podclique-pod-index"
	groveTemplate  = "grove.io/pod-template-hash"
	groveGroup     = "grove.io/podcliquescalinggroup"
	groveReplica   = "grove.io/podcliquescalinggroup-replica-index"

	// grovePlayed is the digest of what a clique was last made from, so that
	// nothing is written twice.
	grovePlayed = "controlplane.graphplane.io/clique"
)

func groveResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "grove.io", Version: "v1alpha1", Resource: plural}
}

// playGrove plays what can be seen of Grove, whose operator is in no module that
// is published. Of a PodCliqueSet it makes the headless Service, PodCliques and
// PodCliqueScalingGroups with the replicas of the template, which from then on
// are their scale's alone, the autoscalers, and the pods with their names,
// labels and variables. What has old pods is replaced one pod, or one replica of
// a scaling group, after the other. There are no gangs: pods are placed one by
// one, nothing is ended for want of pods, and no edit is refused.
func (cp *ControlPlane) playGrove(ctx context.Context) error {
	sets, err := cp.dynamic.Resource(groveResource("podcliquesets")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list PodCliqueSets: %w", err)
	}

	for i := range sets.Items {
		s := &cliqueSet{cp: cp, object: &sets.Items[i]}
		if s.object.GetDeletionTimestamp() != nil {
			continue
		}

		if err := s.play(ctx); err != nil && !passes(err) {
			return fmt.Errorf("PodCliqueSet %s/%s: %w", s.object.GetNamespace(), s.object.GetName(), err)
		}
	}

	return nil
}

// passes reports whether the next turn finds what this one did not.
func passes(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err)
}

// A cliqueSet is a PodCliqueSet in one turn.
type cliqueSet struct {
	cp     *ControlPlane
	object *unstructured.Unstructured

	templates map[string]map[string]any
	hash      string

	// settled is false when something has still to be rolled out.
	settled bool
}

func (s *cliqueSet) play(ctx context.Context) error {
	cliques, _, _ := unstructured.NestedSlice(s.object.Object, "spec", "template", "cliques")
	groups, _, _ := unstructured.NestedSlice(s.object.Object, "spec", "template", "podCliqueScalingGroups")
	s.templates, s.settled = map[string]map[string]any{}, true

	all := make([]string, 0, len(cliques))

	for _, v := range cliques {
		c, _ := v.(map[string]any)
		s.templates[text(c, "name")] = c
		all = append(all, templateHash(c))
	}

	s.hash = digest(all)

	if err := s.cp.Apply(ctx, s.object.GetNamespace(), s.service()); err != nil {
		return err
	}

	grouped := map[string]bool{}

	for _, v := range groups {
		g, _ := v.(map[string]any)
		names, _, _ := unstructured.NestedStringSlice(g, "cliqueNames")

		for _, n := range names {
			grouped[n] = true
		}

		if err := s.group(ctx, g, names); err != nil {
			return err
		}
	}

	for name, c := range s.templates {
		if grouped[name] {
			continue
		}

		if err := s.alone(ctx, name, c); err != nil {
			return err
		}
	}

	status := map[string]any{"currentGenerationHash": s.hash, "replicas": int64(1)}
	if s.settled {
		status["observedGeneration"] = s.object.GetGeneration()
		status["updatedReplicas"] = int64(1)
		status["availableReplicas"] = int64(1)
	}

	return s.cp.setStatus(ctx, groveResource("podcliquesets"), s.object, status)
}

// service is the one by which pods find each other.
func (s *cliqueSet) service() *unstructured.Unstructured {
	o := s.owned("v1", "Service", s.object, s.object.GetName()+"-0", nil)
	o.Object["spec"] = map[string]any{
		"clusterIP": "None", "publishNotReadyAddresses": true,
		"selector": map[string]any{groveSet: s.object.GetName(), "grove.io/podcliqueset-replica-index": "0"},
	}

	return o
}

// alone makes a PodClique that is in no scaling group.
func (s *cliqueSet) alone(ctx context.Context, name string, template map[string]any) error {
	name = s.object.GetName() + "-0-" + name

	c, err := s.clique(ctx, s.object, name, template, map[string]any{groveComponent: "pcs-podclique"})
	if err != nil || c == nil {
		return err
	}

	scale, _, _ := unstructured.NestedMap(c.Object, "spec", "autoScalingConfig")
	if err := s.autoscaler(ctx, "PodClique", name, scale); err != nil {
		return err
	}

	ready, err := s.pods(ctx, c, true)
	s.settled = s.settled && ready

	return err
}

// clique creates a PodClique from its template, or gives it the latest. Its
// replicas stay.
func (s *cliqueSet) clique(ctx context.Context, owner *unstructured.Unstructured, name string, template, labels map[string]any) (*unstructured.Unstructured, error) {
	api := s.cp.dynamic.Resource(groveResource("podcliques")).Namespace(owner.GetNamespace())

	want := s.owned(groveVersion, "PodClique", owner, name, labels)
	l, _, _ := unstructured.NestedStringMap(template, "labels")
	l[groveTemplate] = templateHash(template)

	maps.Copy(l, want.GetLabels())

	want.SetLabels(l)

	a, _, _ := unstructured.NestedStringMap(template, "annotations")
	if a == nil {
		a = map[string]string{}
	}

	a[grovePlayed] = digest(template)
	want.SetAnnotations(a)

	spec, _, _ := unstructured.NestedMap(template, "spec")
	want.Object["spec"] = spec

	now, err := api.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return api.Create(ctx, want, metav1.CreateOptions{})
	}

	if err != nil {
		return nil, fmt.Errorf("cannot get PodClique: %w", err)
	}

	if now.GetDeletionTimestamp() != nil {
		s.settled = false
		return nil, nil //nolint:nilnil // One that is going is none, and that is no error.
	}

	if now.GetAnnotations()[grovePlayed] == a[grovePlayed] {
		return now, nil
	}

	spec["replicas"], _, _ = unstructured.NestedInt64(now.Object, "spec", "replicas")
	now.Object["spec"] = spec
	now.SetLabels(l)
	now.SetAnnotations(a)

	return api.Update(ctx, now, metav1.UpdateOptions{})
}

// autoscaler makes the one that a clique or a scaling group asks for.
func (s *cliqueSet) autoscaler(ctx context.Context, kind, name string, scale map[string]any) error {
	if len(scale) == 0 {
		return nil
	}

	o := s.owned("autoscaling/v2", "HorizontalPodAutoscaler", s.object, name, nil)
	o.Object["spec"] = map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": groveVersion, "kind": kind, "name": name},
		"minReplicas":    scale["minReplicas"], "maxReplicas": scale["maxReplicas"], "metrics": scale["metrics"],
	}

	return s.cp.Apply(ctx, s.object.GetNamespace(), o)
}

// owned is an object that goes with another.
func (s *cliqueSet) owned(apiVersion, kind string, owner *unstructured.Unstructured, name string, labels map[string]any) *unstructured.Unstructured {
	l := map[string]any{"app.kubernetes.io/managed-by": "grove-operator", groveSet: s.object.GetName(), "grove.io/podcliqueset-replica-index": "0"}
	maps.Copy(l, labels)

	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{
			"name": name, "namespace": owner.GetNamespace(), "labels": l,
			"ownerReferences": []any{map[string]any{
				"apiVersion": owner.GetAPIVersion(), "kind": owner.GetKind(), "name": owner.GetName(), "uid": string(owner.GetUID()),
				"controller": true, "blockOwnerDeletion": true,
			}},
		},
	}}
}

// setStatus patches fields of a status, if they are others.
func (cl *Cluster) setStatus(ctx context.Context, r schema.GroupVersionResource, o *unstructured.Unstructured, status map[string]any) error {
	now, _, _ := unstructured.NestedMap(o.Object, "status")
	next := runtime.DeepCopyJSON(now)

	if next == nil {
		next = map[string]any{}
	}

	maps.Copy(next, status)

	if reflect.DeepEqual(now, next) {
		return nil
	}

	b, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return fmt.Errorf("cannot encode status: %w", err)
	}

	_, err = cl.dynamic.Resource(r).Namespace(o.GetNamespace()).Patch(ctx, o.GetName(), types.MergePatchType, b, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("cannot patch status of %s: %w", o.GetName(), err)
	}

	return nil
}

// templateHash is of the pods of a clique, whatever their number.
func templateHash(clique map[string]any) string {
	spec, _, _ := unstructured.NestedMap(clique, "spec", "podSpec")
	return digest([]any{clique["labels"], clique["annotations"], spec})
}

func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // It was JSON before.
	}

	sum := sha256.Sum256(b)

	return hex.EncodeToString(sum[:8])
}

func text(m map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(m, path...)
	return s
}
