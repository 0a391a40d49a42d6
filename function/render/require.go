package render

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
	if _, ok := sel.GetMatch().(*fnv1.ResourceSelector_MatchName); !ok {
		return nil, errors.Errorf("can look for one %s by name only", sel.GetKind())
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
