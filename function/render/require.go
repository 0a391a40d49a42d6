package render

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// NamespaceUID is the UID of a Namespace that nobody gave. A claim that outlives its graph is owned by its Namespace, so
// objects to be applied to a cluster need the Namespace's own.
const NamespaceUID = "00000000-0000-0000-0000-000000000000"

// A store is what can be found of a cluster.
type store struct {
	xr      *unstructured.Unstructured
	objects []unstructured.Unstructured
}

// resolve finds what a function requires. What is not found has no items.
func (s store) resolve(r *fnv1.Requirements) (map[string]*fnv1.Resources, error) {
	out := map[string]*fnv1.Resources{}
	for name, sel := range r.GetResources() {
		found, err := s.find(sel)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot find %s", name)
		}
		out[name] = found
	}
	return out, nil
}

func (s store) find(sel *fnv1.ResourceSelector) (*fnv1.Resources, error) {
	if m, ok := sel.GetMatch().(*fnv1.ResourceSelector_MatchLabels); ok {
		return s.labelled(sel, labels.SelectorFromSet(m.MatchLabels.GetLabels()))
	}
	want := &unstructured.Unstructured{}
	want.SetAPIVersion(sel.GetApiVersion())
	want.SetKind(sel.GetKind())
	want.SetNamespace(sel.GetNamespace())
	want.SetName(sel.GetMatchName())
	o := s.get(want)
	if o == nil {
		return &fnv1.Resources{}, nil
	}
	e, err := encode(o)
	if err != nil {
		return nil, err
	}
	return &fnv1.Resources{Items: []*fnv1.Resource{{Resource: e}}}, nil
}

// labelled finds the objects of a kind in a namespace with some labels.
func (s store) labelled(sel *fnv1.ResourceSelector, with labels.Selector) (*fnv1.Resources, error) {
	out := &fnv1.Resources{}
	for i := range s.objects {
		o := &s.objects[i]
		if o.GetAPIVersion() != sel.GetApiVersion() || o.GetKind() != sel.GetKind() || o.GetNamespace() != sel.GetNamespace() || !with.Matches(labels.Set(o.GetLabels())) {
			continue
		}
		e, err := encode(o)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, &fnv1.Resource{Resource: e})
	}
	return out, nil
}

func (s store) get(want *unstructured.Unstructured) *unstructured.Unstructured {
	if same(s.xr, want) {
		return s.xr
	}
	for i := range s.objects {
		if same(&s.objects[i], want) {
			return &s.objects[i]
		}
	}
	if want.GetAPIVersion() == "v1" && want.GetKind() == "Namespace" {
		want.SetUID(NamespaceUID)
		return want
	}
	return nil
}
