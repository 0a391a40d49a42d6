package render

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"
)

// live is the composite resource with the identity and the status that it has in the cluster, as far as the observed
// objects tell: they may hold the composite resource itself, or name it as their controller.
func live(xr *unstructured.Unstructured, observed []unstructured.Unstructured) *unstructured.Unstructured {
	out := xr.DeepCopy()
	for i := range observed {
		o := &observed[i]
		if !same(o, xr) {
			continue
		}
		out.SetUID(o.GetUID())
		meta.AddLabels(out, o.GetLabels())
		if s, ok := o.Object["status"]; ok {
			out.Object["status"] = s
		}
	}
	if out.GetUID() == "" {
		out.SetUID(controllerUID(out, observed))
	}
	if out.GetUID() == "" {
		out.SetUID(fallbackUID(out))
	}
	return out
}

// controllerUID is the UID by which an observed object names the composite resource as its controller.
func controllerUID(xr *unstructured.Unstructured, observed []unstructured.Unstructured) types.UID {
	for i := range observed {
		o := &observed[i]
		if !within(o, xr) {
			continue
		}
		c := metav1.GetControllerOf(o)
		if c != nil && c.APIVersion == xr.GetAPIVersion() && c.Kind == xr.GetKind() && c.Name == xr.GetName() {
			return c.UID
		}
	}
	return ""
}

// composed are the observed objects that the composite resource composed, by composition resource name. One that nobody
// owns is taken for its own too, so that objects may be written by hand.
func composed(xr *unstructured.Unstructured, observed []unstructured.Unstructured) map[string]unstructured.Unstructured {
	out := map[string]unstructured.Unstructured{}
	for _, o := range observed {
		name := o.GetAnnotations()[xcrd.AnnotationKeyCompositionResourceName]
		if name == "" || !within(&o, xr) {
			continue
		}
		c := metav1.GetControllerOf(&o)
		if (c != nil && c.UID == xr.GetUID()) || len(o.GetOwnerReferences()) == 0 {
			out[name] = o
		}
	}
	return out
}

// within reports whether an object is where the composite resource composes: a namespaced one only in its own namespace.
func within(o, xr *unstructured.Unstructured) bool {
	return xr.GetNamespace() == "" || o.GetNamespace() == xr.GetNamespace()
}

func same(a, b *unstructured.Unstructured) bool {
	return a.GroupVersionKind() == b.GroupVersionKind() && a.GetNamespace() == b.GetNamespace() && a.GetName() == b.GetName()
}
