package graph

import (
	"strings"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// builtinImage is the repository of a backend's runtime image, as the examples of ai-dynamo/dynamo name it.
func builtinImage(b v1alpha1.Backend) string {
	const repository = "nvcr.io/nvidia/ai-dynamo/"
	switch b {
	case v1alpha1.BackendSGLang:
		return repository + "sglang-runtime"
	case v1alpha1.BackendTRTLLM:
		return repository + "tensorrtllm-runtime"
	case v1alpha1.BackendVLLM:
	}
	return repository + "vllm-runtime"
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
