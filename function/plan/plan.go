// Package plan says what applying an InferenceGraph or InferenceCluster would do: what it would consist of and cost, and
// what would become of each object that is there. It compares what a Renderer says the finished composite resource holds
// with what was observed, as server-side apply would merge the two.
package plan

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/render"
)

// An Action is what becomes of an object.
type Action string

// Actions. Roll is a change of a pod template, which replaces pods. Replace makes new nodes beside the old, which go when
// pods have left them.
const (
	ActionCreate  Action = "create"
	ActionChange  Action = "change"
	ActionRoll    Action = "roll"
	ActionReplace Action = "replace"
	ActionDelete  Action = "delete"
	ActionNone    Action = "none"
)

// A Plan is what applying a composite resource would do.
type Plan struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`

	// Cluster is the InferenceCluster that a graph runs on, empty for the built-in defaults.
	Cluster string `json:"cluster,omitempty"`

	// Compared says that objects were compared with what was observed. Without that, all are to be created.
	Compared bool `json:"compared"`

	Components []Component `json:"components,omitempty"`
	NodePools  []NodePool  `json:"nodePools,omitempty"`
	Objects    []Object    `json:"objects"`

	// Cost of the node pools, and what it was before if that was observed.
	Cost       *Cost                `json:"cost,omitempty"`
	CostBefore *v1alpha1.CostStatus `json:"costBefore,omitempty"`

	Warnings []string `json:"warnings,omitempty"`
}

// An Object and what becomes of it.
type Object struct {
	Action Action `json:"action"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`

	// Resource is the name by which Crossplane keeps track of the object.
	Resource string `json:"resource"`

	// Component or node pool that the object is of, empty for those of the whole graph.
	Component string `json:"component,omitempty"`
	NodePool  string `json:"nodePool,omitempty"`

	// Effects are what people notice of it.
	Effects []string `json:"effects,omitempty"`

	// Replaces are the names of the nodes that these are made beside.
	Replaces []string `json:"replaces,omitempty"`

	Fields []Change `json:"fields,omitempty"`

	// nodes says that the object is the nodes of a pool, and not what they are made with.
	nodes bool
}

// Changes reports whether anything would change.
func (p *Plan) Changes() bool { return counted(p.Objects, ActionNone) < len(p.Objects) }

// A Planner makes plans.
type Planner struct {
	renderer *render.Renderer
	types    *types
}

// New returns a Planner.
func New(r *render.Renderer) (*Planner, error) {
	t, err := newTypes()
	return &Planner{renderer: r, types: t}, err
}

// Plan what applying a composite resource does. It returns a *render.Refusal when the function refuses it.
func (p *Planner) Plan(ctx context.Context, in render.Request) (*Plan, error) {
	r, err := p.renderer.Finish(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &Plan{
		Kind: in.Composite.GetKind(), Namespace: in.Composite.GetNamespace(), Name: in.Composite.GetName(),
		Compared: in.Observed != nil, Warnings: r.Warnings,
	}
	if g := r.Graph; g != nil {
		out.Cluster, out.Components, out.NodePools = g.Cluster.Name, components(g), nodePools(g)
		if out.Cost, err = costOf(g, r.Composite); err != nil {
			return nil, err
		}
		if out.CostBefore, err = costBefore(in.Composite, in.Observed); err != nil {
			return nil, err
		}
	}
	s := &survey{types: p.types, result: r, observed: in.Observed}
	if out.Objects, err = s.objects(); err != nil {
		return nil, err
	}
	return out, nil
}

// A survey compares what is desired with what is observed.
type survey struct {
	types    *types
	result   *render.Result
	observed []unstructured.Unstructured
}

// objects are what becomes of each, those that stop something first.
func (s *survey) objects() ([]Object, error) {
	var out []Object
	for i := range s.result.Composed {
		o, err := s.object(&s.result.Composed[i])
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	for i := range s.result.Removed {
		out = append(out, s.removed(&s.result.Removed[i]))
	}
	out = replaced(out)
	rank := []Action{ActionReplace, ActionRoll, ActionDelete, ActionChange, ActionCreate, ActionNone}
	slices.SortStableFunc(out, func(a, b Object) int {
		return cmp.Or(
			cmp.Compare(slices.Index(rank, a.Action), slices.Index(rank, b.Action)),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name),
		)
	})
	return out, nil
}

// object says what becomes of an object that is desired.
func (s *survey) object(o *unstructured.Unstructured) (Object, error) {
	after := open(o)
	out := describe(after)
	out.Resource = resourceName(o)
	found := s.find(o)
	if found == nil {
		out.Action = ActionCreate
		out.Effects = words(s.created(after))
		return out, nil
	}
	before := open(found)
	changes, err := s.changes(found, o)
	if err != nil {
		return out, errors.Wrapf(err, "cannot compare %s %q", out.Kind, out.Name)
	}
	out.Fields = hide(after.inner.GetKind(), telling(changes))
	switch {
	case len(changes) == 0:
		out.Action = ActionNone
		out.Effects = words(s.stays(after))
	case len(out.Fields) == 0:
		out.Action, out.Effects = ActionChange, words(unseen(found))
	default:
		out.Action, out.Effects = s.changed(before, after, out.Fields)
	}
	return out, nil
}

// words are what is said, if anything is.
func words(said string) []string {
	if said == "" {
		return nil
	}
	return []string{said}
}

// find what is there of a desired object: what the composite resource composed as the same, or else what has its name.
func (s *survey) find(o *unstructured.Unstructured) *unstructured.Unstructured {
	if found, ok := s.result.Observed[resourceName(o)]; ok {
		return &found
	}
	return lookup(s.observed, o)
}

// changes of an object, and of what it carries to another cluster.
func (s *survey) changes(before, after *unstructured.Unstructured) ([]Change, error) {
	own, err := ownedOf(before)
	if err != nil {
		return nil, err
	}
	b, a := open(before), open(after)
	if a.carrier == nil || b.carrier == nil {
		return s.types.compare(before, after, own), nil
	}
	out := s.types.compare(b.carrier, a.carrier, own)
	for i := range out {
		out[i].Path = "Object." + out[i].Path
	}
	return append(out, s.types.compare(b.inner, a.inner, ownership{everything: true})...), nil
}

// telling are the changes without the digest of all of them.
func telling(in []Change) []Change {
	return slices.DeleteFunc(slices.Clone(in), func(c Change) bool {
		return c.Path == below("metadata.annotations", v1alpha1.AnnotationRevision)
	})
}

// unseen says what changes of an object of which nothing but the digest of all that is applied does.
func unseen(before *unstructured.Unstructured) string {
	if len(before.GetManagedFields()) == 0 {
		return "changes in a way that the observed file does not tell: get it with --show-managed-fields"
	}
	return "is marked as applied again, and stays as it is"
}

// hide the values of Secrets.
func hide(kind string, in []Change) []Change {
	if kind != "Secret" {
		return in
	}
	for i := range in {
		in[i] = Change{Path: in[i].Path, Hidden: true}
	}
	return in
}

// replaced makes one of new nodes of a pool and the old ones that they are made beside.
func replaced(in []Object) []Object {
	for i := range in {
		o := &in[i]
		if !o.nodes || o.Action != ActionCreate {
			continue
		}
		for j := range in {
			if old := &in[j]; old.nodes && old.NodePool == o.NodePool && old.Action == ActionDelete {
				o.Action, o.Replaces = ActionReplace, append(o.Replaces, old.Name)
			}
		}
		if o.Action == ActionReplace {
			o.Effects = words(replacing(o))
		}
	}
	return slices.DeleteFunc(in, func(o Object) bool {
		return o.Action == ActionDelete && o.nodes && slices.ContainsFunc(in, func(n Object) bool {
			return n.Action == ActionReplace && slices.Contains(n.Replaces, o.Name)
		})
	})
}
