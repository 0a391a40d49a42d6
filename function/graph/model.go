package graph

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

const (
	// imageMountPath is where an image with a model is mounted by default.
	imageMountPath = "/model"

	// imageVolume is the volume of an image with a model.
	imageVolume = "model-image"
)

// model resolves spec.model, nil for none.
func (r *resolver) model() *Model {
	m := r.in.Spec.Model
	if m == nil {
		return nil
	}
	at := r.spec.Child("model")
	out := &Model{Name: m.Name, Path: m.Name, ServedName: cmp.Or(m.ServedName, m.Name), Revision: m.Revision}
	if m.TokenSecretRef != nil {
		out.Token = &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: m.TokenSecretRef.Name},
			Key:                  cmp.Or(m.TokenSecretRef.Key, "HF_TOKEN"),
		}
	}
	if m.Cache != nil {
		c := r.mount(*m.Cache, at.Child("cache"))
		out.Cache = &c
	}
	if m.Image != nil {
		r.modelImage(out, m, at.Child("image"))
	}
	if m.Download != nil {
		r.download(out, m, at.Child("download"))
	}
	return out
}

func (r *resolver) modelImage(out *Model, m *v1alpha1.Model, at *field.Path) {
	if m.Cache != nil || m.Revision != "" {
		r.Add(field.Forbidden(at, "image holds the weights, so that cache and revision have nothing to say: remove them, or remove image"))
	}
	if _, taken := r.claims[imageVolume]; taken {
		r.Add(field.Forbidden(at, imageVolume+" is the volume of the image: use another name for the claim"))
	}
	out.Image = &Mount{
		Volume: imageVolume, Path: cmp.Or(m.Image.MountPath, imageMountPath),
		Image: &corev1.ImageVolumeSource{Reference: m.Image.Reference, PullPolicy: m.Image.PullPolicy},
	}
	out.Path = path.Join(out.Image.Path, m.Image.Path)
}

func (r *resolver) download(out *Model, m *v1alpha1.Model, at *field.Path) {
	if m.Cache == nil {
		r.Add(field.Forbidden(at, "download needs a cache to fill: set cache, or remove download"))
	}
	if strings.HasPrefix(m.Name, "/") {
		r.Add(field.Forbidden(at, "model.name is a path, which nothing can be downloaded by: set it to a Hugging Face repository, or remove download"))
	}
	out.Download = cmp.Or(m.Download.Image, r.image(v1alpha1.TypeWorker, ""))
}

// shared refuses claims whose access mode cannot serve the pods that mount them. A claim that exists has a mode that is
// not ours to know.
func (r *resolver) shared(g *Graph) {
	for i, c := range r.in.Spec.Claims {
		if c.Size == nil {
			continue
		}
		at := r.spec.Child("claims").Index(i).Child("accessMode")
		pods, several := mounting(g, c.Name)
		switch mode := cmp.Or(c.AccessMode, corev1.ReadWriteOnce); {
		case mode == corev1.ReadWriteOncePod && pods > 1:
			r.Add(field.Invalid(at, string(mode), "one pod mounts such a claim, and components of this graph mount it in more: use ReadWriteMany, or a claim for each"))
		case mode == corev1.ReadWriteOnce && several != "":
			r.Add(field.Invalid(at, string(mode), fmt.Sprintf("pods of one node mount such a claim, and component %s spans several nodes: use ReadWriteMany", several)))
		}
	}
}

// mounting counts the pods that mount a claim, and names a component among them that spans several nodes.
func mounting(g *Graph, claim string) (pods int64, several string) {
	for i := range g.Components {
		c := &g.Components[i]
		for _, m := range c.Mounts {
			if m.Volume != claim {
				continue
			}
			n := int64(ptr.Deref(c.Replicas, 2))
			if c.Scaling != nil && c.Scaling.Max > 0 {
				n = int64(c.Scaling.Max)
			}
			if c.Group != nil {
				n *= int64(c.Group.Nodes)
				several = c.Name
			}
			pods += n
			break
		}
	}
	return pods, several
}
