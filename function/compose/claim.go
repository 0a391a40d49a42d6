package compose

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

// Claims are the volumes that the graph creates.
func Claims(g *graph.Graph) []Resource {
	out := make([]Resource, 0, len(g.Claims))
	for _, c := range g.Claims {
		meta := objectMeta(g, c.Object)
		if c.Retain {
			meta.Labels[v1alpha1.LabelRetain] = "true"
			meta.OwnerReferences = []metav1.OwnerReference{namespaceOwner(g)}
		}
		out = append(out, Resource{
			Name: "claim." + c.Name,
			Object: &corev1.PersistentVolumeClaim{
				TypeMeta:   typeMeta("v1", "PersistentVolumeClaim"),
				ObjectMeta: meta,
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes:      []corev1.PersistentVolumeAccessMode{c.AccessMode},
					StorageClassName: c.StorageClassName,
					Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: c.Size}},
				},
			},
			Ready: ready.Claim,
		})
	}
	return out
}

// namespaceOwner makes a claim outlive its graph. Crossplane owns what it composes, and Kubernetes collects an object
// when all of its owners are gone: with the Namespace as a second owner, a claim only loses its first.
func namespaceOwner(g *graph.Graph) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "v1", Kind: "Namespace", Name: g.Namespace, UID: types.UID(g.NamespaceUID)}
}
