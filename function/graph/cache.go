package graph

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// vllmCache is where vLLM keeps what it compiled when its user is root:
// https://docs.vllm.ai/en/latest/configuration/env_vars/
const vllmCache = "/root/.cache/vllm"

// compilationCache is the path where a component keeps what its engine compiled, empty for none.
func (r *resolver) compilationCache(in *v1alpha1.Component, at *field.Path) string {
	c := in.CompilationCache
	if c == nil {
		return ""
	}
	if !hasGPUs(in.Type) {
		r.Add(field.Forbidden(at, "a "+string(in.Type)+" compiles nothing: remove it"))
		return ""
	}
	if c.MountPath != "" {
		return c.MountPath
	}
	if in.Type == v1alpha1.TypeCustom {
		r.Add(field.Required(at.Child("mountPath"), "where a component of type custom keeps its cache is not known: set it"))
		return ""
	}
	if r.in.Spec.Backend != v1alpha1.BackendVLLM {
		r.Add(field.Required(at.Child("mountPath"), string(r.in.Spec.Backend)+" has no one place for its caches: set the path that your environment variables send them to"))
		return ""
	}
	return vllmCache
}
