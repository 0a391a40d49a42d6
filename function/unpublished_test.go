package function_test

import (
	"os"
	"path/filepath"
	"testing"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// unpublished are definitions that are in no Go module, by the path of our minimal one of each.
func unpublished() map[string]runtimeschema.GroupVersionKind {
	return map[string]runtimeschema.GroupVersionKind{
		"clouds/container.gcp.m.upbound.io_nodepools.yaml": {Group: "container.gcp.m.upbound.io", Version: "v1beta1", Kind: "NodePool"},
		"addons/grove.io_podcliquesets.yaml":               {Group: "grove.io", Version: "v1alpha1", Kind: "PodCliqueSet"},
	}
}

// minimal is where our own of an unpublished definition is.
func minimal(file string) string {
	return filepath.Join("..", "test", "controlplane", "definitions", file)
}

// TestUnpublished judges in the same way what no Go module defines: by our minimal definition, and by the real one where
// GRAPHPLANE_DEFINITIONS names a directory that has it, or a directory crds beside the repository's does.
func TestUnpublished(t *testing.T) {
	for file, gvk := range unpublished() {
		t.Run(gvk.Kind, func(t *testing.T) { judge(t, minimal(file), gvk) })
		t.Run(gvk.Kind+"/Genuine", func(t *testing.T) {
			pattern := filepath.Join("..", "..", "*", "crds", filepath.Base(file))
			if dir := os.Getenv("GRAPHPLANE_DEFINITIONS"); dir != "" {
				pattern = filepath.Join(dir, filepath.Base(file))
			}
			found, err := filepath.Glob(pattern)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				t.Skipf("set GRAPHPLANE_DEFINITIONS to a directory with %s of the project that defines it", filepath.Base(file))
			}
			judge(t, found[0], gvk)
		})
	}
}

func judge(t *testing.T, path string, gvk runtimeschema.GroupVersionKind) {
	t.Helper()
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	crd := extv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(b, &crd); err != nil {
		t.Fatal(err)
	}
	v, n := version(t, []extv1.CustomResourceDefinition{crd}, gvk), 0
	for _, o := range goldenObjects(t) {
		if o.GroupVersionKind() == gvk {
			strict(t, v, o)
			n++
		}
	}
	if n == 0 {
		t.Errorf("no golden file holds a %s", gvk.Kind)
	}
}
