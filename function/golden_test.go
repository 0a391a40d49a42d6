package function_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files") //nolint:gochecknoglobals // Flags of tests are variables.

const (
	examples = "../examples"
	golden   = "testdata/golden"

	// features are graphs that TestGolden renders on each backend, and their cluster.
	features = "testdata/features"
)

// TestGolden renders every example, and compares the objects and the status with what was reviewed once. Run it with
// -update to rewrite the files after a change that is meant, and review them again.
func TestGolden(t *testing.T) {
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	clusters := append(exampleClusters(t), readAll(t, filepath.Join(features, "cluster.yaml"))...)
	written := map[string]bool{}
	for name, objects := range goldenInputs(t) {
		written[name] = true
		t.Run(name, func(t *testing.T) {
			got := &bytes.Buffer{}
			for _, o := range objects {
				if errs := kinds.Admit(t.Context(), &o, nil); len(errs) > 0 {
					t.Fatal(errs.ToAggregate())
				}
				r, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: clusters})
				if err != nil {
					t.Fatal(err)
				}
				if err := manifest.YAML(got, append([]unstructured.Unstructured{*r.Composite}, r.Composed...)); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, filepath.Join(golden, name), got.Bytes())
		})
	}
	stale(t, written)
}

// goldenInputs are the examples, and what there is beside them of features on each backend, by the names of their golden
// files.
func goldenInputs(t *testing.T) map[string][]unstructured.Unstructured {
	t.Helper()
	out := map[string][]unstructured.Unstructured{}
	for _, path := range exampleFiles(t) {
		out[goldenName(t, path)] = read(t, path)
	}
	for _, feature := range []string{"pooled", "routed"} {
		for _, backend := range []string{"vllm", "sglang", "trtllm"} {
			objects := read(t, filepath.Join(features, feature+".yaml"))
			if err := unstructured.SetNestedField(objects[0].Object, backend, "spec", "backend"); err != nil {
				t.Fatal(err)
			}
			out["features-"+feature+"-"+backend+".yaml"] = objects
		}
	}
	return out
}

// TestGoldenRest asserts that a graph whose objects all exist changes nothing: what is observed is what is desired.
func TestGoldenRest(t *testing.T) {
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range exampleFiles(t) {
		for _, o := range read(t, path) {
			first, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: exampleClusters(t)})
			if err != nil {
				t.Fatal(err)
			}
			second, err := renderer.Render(t.Context(), render.Request{
				Composite: &o, Required: exampleClusters(t), Observed: first.Composed,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first.Composed, second.Composed); diff != "" {
				t.Errorf("%s: objects change at rest (-first, +second):\n%s", path, diff)
			}
			if len(second.Removed) > 0 {
				t.Errorf("%s: %d objects are removed at rest", path, len(second.Removed))
			}
		}
	}
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run this test with -update, and review the file", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want, +got):\n%s", path, diff)
	}
}

// stale fails for golden files of examples that are gone.
func stale(t *testing.T, written map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(golden, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if written[filepath.Base(f)] {
			continue
		}
		if *update {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s belongs to no example: delete it", f)
	}
}

// exampleClusters are the InferenceClusters that examples run on, and the provider configs of systems that they use.
func exampleClusters(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []unstructured.Unstructured
	for _, f := range files {
		out = append(out, readAll(t, f)...)
	}
	return out
}

// goldenName is story-name.yaml for examples/story/name.yaml.
func goldenName(t *testing.T, path string) string {
	t.Helper()
	rel, err := filepath.Rel(examples, path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(filepath.ToSlash(rel), "/", "-")
}

// exampleFiles are the files with objects of ours.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(examples, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".yaml" && len(read(t, path)) > 0 {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// read the objects of a file that are ours.
func read(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	return slices.DeleteFunc(readAll(t, path), func(o unstructured.Unstructured) bool {
		return o.GroupVersionKind().GroupVersion() != v1alpha1.GroupVersion
	})
}

func readAll(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	objects, err := manifest.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestKinds compares the kinds that the examples consist of with those that composers say they emit, of which Crossplane
// gets its rights. A composer of a new kind needs an example.
func TestKinds(t *testing.T) {
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, path := range exampleFiles(t) {
		for _, o := range read(t, path) {
			r, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: exampleClusters(t)})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Composed {
				got[c.GroupVersionKind().String()] = true
			}
		}
	}
	want := map[string]bool{}
	for _, k := range compose.Kinds() {
		want[k.String()] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-compose.Kinds, +examples:\n%s", diff)
	}
}
