package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// The API server accepts every object of every golden file by server-side apply with strict field validation, where the
// definitions of every add-on, and of the providers of clouds, are installed.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "function", "testdata", "golden", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	pools, err := filepath.Glob(filepath.Join(root, "function", "testdata", "pools", "*", "*.yaml"))
	if err != nil || len(pools) == 0 {
		t.Fatalf("no golden files of node pools: %v", err)
	}
	local := &unstructured.Unstructured{Object: map[string]any{"apiVersion": v1alpha1.GroupVersion.String(), "kind": v1alpha1.InferenceClusterKind, "metadata": map[string]any{"name": v1alpha1.LocalCluster}}}
	if err := e2e.cp.Wait(t.Context(), local, "Ready"); err != nil {
		t.Fatalf("what the InferenceCluster installs: %v", err)
	}
	dc, err := discovery.NewDiscoveryClientForConfig(e2e.cp.Config())
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(dc))
	for _, f := range append(files, pools...) {
		t.Run(filepath.Base(filepath.Dir(f))+"/"+strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			objs, err := controlplane.ReadObjects(f)
			if err != nil {
				t.Fatal(err)
			}
			n, graphs := 0, 0
			for _, o := range objs {
				if o.GetKind() == v1alpha1.InferenceGraphKind {
					graphs++
				}
				group := o.GroupVersionKind().Group
				if group == v1alpha1.GroupVersion.Group || o.GetAPIVersion() == "golden" {
					continue
				}
				n++
				if err := accept(t, mapper, o); err != nil {
					t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
				}
			}
			if n == 0 && graphs > 0 {
				t.Error("the graph composes nothing")
			}
		})
	}
}

// accept asks the API server what it would do with an object.
func accept(t *testing.T, mapper meta.RESTMapper, o *unstructured.Unstructured) error {
	t.Helper()
	gvk := o.GroupVersionKind()
	m, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	if o.GetName() == "" {
		o.SetName("derived")
	}
	o.SetGenerateName("")
	// The graphs of the golden files are not there, and those of other tests may be.
	o.SetOwnerReferences(nil)
	force := true
	opts := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: "golden", Force: &force, FieldValidation: metav1.FieldValidationStrict}
	var api dynamic.ResourceInterface = e2e.client.Resource(m.Resource)
	if m.Scope.Name() != meta.RESTScopeNameRoot {
		o.SetNamespace(namespace(t, "goldens"))
		api = e2e.client.Resource(m.Resource).Namespace(o.GetNamespace())
	}
	b, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = api.Patch(t.Context(), o.GetName(), types.ApplyPatchType, b, opts)
	return err
}
