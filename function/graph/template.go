package graph

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// template checks what the user's pod template must and must not say.
func (r *resolver) template(c *Component, at *field.Path) {
	for _, k := range slices.Sorted(maps.Keys(c.Template.Labels)) {
		if names.Reserved(k) {
			r.Add(field.Forbidden(at.Child("metadata", "labels").Key(k), "is set by Graphplane, and selectors depend on it: use another key"))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.Template.Annotations)) {
		if k == v1alpha1.AnnotationRestart {
			r.Add(field.Forbidden(at.Child("metadata", "annotations").Key(k), "is set by spec.restart: set spec.restart.id to restart the graph"))
		}
	}
	if n := c.Template.Name; n != "" {
		r.Add(field.Forbidden(at.Child("metadata", "name"), "pods are named after the component: remove it"))
	}
	r.containers(c, at.Child("spec"))
	r.command(c)
}

// containers checks that every container can run.
func (r *resolver) containers(c *Component, at *field.Path) {
	for _, l := range containerLists(&c.Template.Spec, at) {
		seen := map[string]bool{}
		for i, k := range l.containers {
			p := l.at.Index(i)
			if seen[k.Name] {
				r.Add(field.Duplicate(p.Child("name"), k.Name))
			}
			seen[k.Name] = true
			composed := k.Name == v1alpha1.MainContainer && !l.init && c.Type != v1alpha1.TypeCustom
			if k.Image == "" && !composed {
				r.Add(field.Required(p.Child("image"), "only the main container of a component that is not custom has a default image"))
			}
			if l.init && k.Name == v1alpha1.MainContainer {
				r.Add(field.Forbidden(p.Child("name"), "main is the component's own container: rename the init container"))
			}
		}
	}
	if _, ok := c.Main(); !ok && c.Type == v1alpha1.TypeCustom {
		r.Add(field.Required(at.Child("containers"), "a component of type custom needs a container named main, with an image"))
	}
}

// command checks that a command can be generated where the user gave none.
func (r *resolver) command(c *Component) {
	main, _ := c.Main()
	if !c.Worker() || main.Command != nil || main.Args != nil {
		return
	}
	mend := "or give the component a command: podTemplate.spec.containers with a container named main"
	if m := r.in.Spec.Model; m == nil {
		r.Add(field.Required(r.spec.Child("model"), "component "+c.Name+" has no command, and one cannot be generated without a model: set model.name, "+mend))
		return
	}
	if r.in.Spec.Backend == v1alpha1.BackendTRTLLM && r.in.Spec.Model.Revision != "" {
		r.Add(field.Forbidden(r.spec.Child("model", "revision"), "dynamo.trtllm takes no revision: put the weights into model.cache and set model.name to their path, "+mend))
	}
}

// A containerList is one of the lists of containers of a pod.
type containerList struct {
	containers []corev1.Container
	at         *field.Path
	init       bool
}

func containerLists(s *corev1.PodSpec, at *field.Path) []containerList {
	return []containerList{
		{containers: s.InitContainers, at: at.Child("initContainers"), init: true},
		{containers: s.Containers, at: at.Child("containers")},
	}
}
