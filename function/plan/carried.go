package plan

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/remote"
)

// An opened object is itself, or what an Object of provider-kubernetes carries to another cluster.
type opened struct {
	inner *unstructured.Unstructured

	// carrier is the Object without its manifest, nil for what is carried by none. There is what it last saw.
	carrier *unstructured.Unstructured
	there   *unstructured.Unstructured
}

func open(o *unstructured.Unstructured) opened {
	manifest, ok, _ := unstructured.NestedMap(o.Object, "spec", "forProvider", "manifest")
	if o.GetKind() != remote.Kind || o.GroupVersionKind().GroupVersion() != remote.GroupVersion || !ok {
		return opened{inner: o, there: o}
	}
	out := opened{inner: &unstructured.Unstructured{Object: manifest}, carrier: o.DeepCopy()}
	unstructured.RemoveNestedField(out.carrier.Object, "spec", "forProvider", "manifest")
	out.there = out.inner
	if seen, ok, _ := unstructured.NestedMap(o.Object, "status", "atProvider", "manifest"); ok {
		out.there = &unstructured.Unstructured{Object: seen}
	}
	return out
}

// describe what an object is.
func describe(o opened) Object {
	return Object{
		Kind: o.inner.GetKind(), Name: o.inner.GetName(), nodes: compose.ProviderOf(o.inner.GetAPIVersion(), o.inner.GetKind()) != "",
		Component: o.inner.GetLabels()[v1alpha1.LabelComponent], NodePool: o.inner.GetAnnotations()[v1alpha1.AnnotationPool],
	}
}

func resourceName(o *unstructured.Unstructured) string {
	return o.GetAnnotations()[xcrd.AnnotationKeyCompositionResourceName]
}

// lookup finds an object by kind and name, nil for none.
func lookup(all []unstructured.Unstructured, like *unstructured.Unstructured) *unstructured.Unstructured {
	for i := range all {
		o := &all[i]
		if o.GroupVersionKind() == like.GroupVersionKind() && o.GetNamespace() == like.GetNamespace() && o.GetName() == like.GetName() {
			return o
		}
	}
	return nil
}
