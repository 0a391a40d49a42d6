package graph

import (
	"cmp"
	"strings"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// image is the default image of a component: that of the graph's backend, but for those types that have one of their
// own. Those of backends have one more each with the libraries of EFA, for engines on nodes that have it.
func (r *resolver) image(t v1alpha1.ComponentType, pool string) string {
	d := r.in.Cluster.Defaults
	version := cmp.Or(r.in.Spec.Runtime.Version, d.RuntimeVersion, r.in.RuntimeVersion, DefaultRuntimeVersion)
	key := imageKey(t, r.in.Spec.Backend)
	if image, ok := d.Images[key]; ok {
		return retag(image, r.in.Spec.Runtime.Version)
	}
	if hasGPUs(t) && r.efa(pool) {
		version += "-efa"
	}
	return "nvcr.io/nvidia/ai-dynamo/" + builtinImage(key) + ":" + version
}

// imageKey is the key of a component's image in the InferenceCluster's defaults.
func imageKey(t v1alpha1.ComponentType, b v1alpha1.Backend) string {
	if t == v1alpha1.TypePlanner || t == v1alpha1.TypeEPP {
		return string(t)
	}
	return string(b)
}

// builtinImage is the name of an image, as Dynamo's releases have it:
// https://docs.nvidia.com/dynamo/v1.3.0/resources/release-artifacts
func builtinImage(key string) string {
	switch key {
	case string(v1alpha1.TypePlanner):
		return "dynamo-planner"
	case string(v1alpha1.TypeEPP):
		return "dynamo-frontend"
	case string(v1alpha1.BackendSGLang):
		return "sglang-runtime"
	case string(v1alpha1.BackendTRTLLM):
		return "tensorrtllm-runtime"
	}
	return "vllm-runtime"
}

// retag replaces the tag or digest of an image, unless the version is empty. A colon is a port, not a tag, when a slash
// follows it.
func retag(image, version string) string {
	if version == "" {
		return image
	}
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image + ":" + version
}
