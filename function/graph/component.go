package graph

import (
	"cmp"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// gpuResource is the extended resource of the NVIDIA device plugin.
const gpuResource = "nvidia.com/gpu"

// sharedMemory is the size of an engine's /dev/shm, as the Dynamo operator sets it.
const sharedMemory = "8Gi"

// SharedMemoryPath is where shared memory is mounted.
const SharedMemoryPath = "/dev/shm"

// component resolves one component.
func (r *resolver) component(in *v1alpha1.Component, at *field.Path) Component {
	c := Component{
		Name: in.Name, Key: names.Key(in.Name), Object: names.Object(r.in.Name, in.Name),
		Type:            in.Type,
		DynamoNamespace: dynamoNamespace(&r.in),
		Image:           r.image(in.Type, in.NodePool),
		Replicas:        new(ptr.Deref(in.Replicas, 1)),
		MinAvailable:    in.MinAvailable,
		Strategy:        in.Strategy,
		GPUs:            ptr.Deref(in.GPUs, 0),
		GPUResource:     corev1.ResourceName(cmp.Or(in.GPUResource, gpuResource)),
		NodePool:        in.NodePool,
		Template:        in.PodTemplate,
	}
	if in.GlobalNamespace {
		c.DynamoNamespace = names.GlobalNamespace
	}
	if r.orchestrated == v1alpha1.OrchestratorGrove {
		c.Clique = names.Clique(r.in.Name, c.Key)
	}
	if c.Template == nil {
		c.Template = &corev1.PodTemplateSpec{}
	}
	if c.Scaling = r.scaling(in, at); c.Scaling != nil {
		c.Replicas = nil
	}
	c.SharedMemory = r.sharedMemory(&c, in, at)
	c.Mounts = r.mounts(&c, in, at)
	r.componentRules(in, at)
	r.group(&c, in, at)
	r.template(&c, at.Child("podTemplate"))
	r.policy(&c, at.Child("podTemplate"))
	return c
}

func (r *resolver) sharedMemory(c *Component, in *v1alpha1.Component, at *field.Path) *resource.Quantity {
	switch {
	case in.SharedMemory == nil && c.Worker():
		return new(resource.MustParse(sharedMemory))
	case in.SharedMemory == nil || in.SharedMemory.IsZero():
		return nil
	case in.SharedMemory.Sign() < 0:
		r.Add(field.Invalid(at.Child("sharedMemory"), in.SharedMemory.String(), "must not be negative: use 0 to mount none"))
		return nil
	}
	return in.SharedMemory
}

// mounts are the claims in the main container: the model cache where weights or tokenizer are read, then the
// component's own.
func (r *resolver) mounts(c *Component, in *v1alpha1.Component, at *field.Path) []Mount {
	var out []Mount
	readsModel := c.Worker() || c.Type == v1alpha1.TypeFrontend || c.Type == v1alpha1.TypeEPP
	if m := r.mounted; m != nil && readsModel {
		out = append(out, *m)
	}
	add := func(m v1alpha1.Mount, p *field.Path) {
		if slices.ContainsFunc(out, func(o Mount) bool { return path.Clean(o.Path) == path.Clean(m.MountPath) }) {
			r.Add(field.Duplicate(p.Child("mountPath"), m.MountPath))
			return
		}
		if c.SharedMemory != nil && path.Clean(m.MountPath) == SharedMemoryPath {
			r.Add(field.Invalid(p.Child("mountPath"), m.MountPath, "shared memory is mounted at "+SharedMemoryPath+": use another path, or set sharedMemory to 0"))
			return
		}
		out = append(out, r.mount(m, p))
	}
	for i, m := range in.Mounts {
		add(m, at.Child("mounts").Index(i))
	}
	if c.CompilationCache = r.compilationCache(in, at.Child("compilationCache")); c.CompilationCache != "" {
		add(v1alpha1.Mount{Claim: in.CompilationCache.Claim, MountPath: c.CompilationCache}, at.Child("compilationCache"))
	}
	return out
}

// componentRules repeats the rules of the XRD for callers that have no API server, and adds those that CEL cannot say.
func (r *resolver) componentRules(in *v1alpha1.Component, at *field.Path) {
	replicas := ptr.Deref(in.Replicas, 1)
	if replicas < 0 {
		r.Add(field.Invalid(at.Child("replicas"), replicas, "must not be negative: use 0 to run none"))
	}
	if in.Replicas != nil && in.Scaling != nil {
		r.Add(field.Forbidden(at.Child("replicas"), "scaling owns the number of replicas: remove replicas or scaling"))
	}
	r.strategyRules(in.Strategy, at.Child("strategy"))
	if gpus := ptr.Deref(in.GPUs, 0); gpus < 0 {
		r.Add(field.Invalid(at.Child("gpus"), gpus, "must not be negative"))
	} else if gpus > 0 && !hasGPUs(in.Type) {
		r.Add(field.Forbidden(at.Child("gpus"), "a "+string(in.Type)+" uses no GPU: remove gpus"))
	}
	if m := in.MinAvailable; m != nil && in.Scaling == nil && replicas > 0 && *m > replicas {
		r.Add(field.Invalid(at.Child("minAvailable"), *m, "cannot be more than replicas: lower it or raise replicas"))
	}
}

func hasGPUs(t v1alpha1.ComponentType) bool {
	return t != v1alpha1.TypeFrontend && t != v1alpha1.TypePlanner && t != v1alpha1.TypeEPP
}
