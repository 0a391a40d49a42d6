package plan

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

const examples = "../../examples"

// A bench plans against what was rendered.
type bench struct {
	renderer *render.Renderer
	planner  *Planner
	kinds    *schema.Kinds
	required []unstructured.Unstructured
}

func newBench(t *testing.T) *bench {
	t.Helper()
	r, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	k, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{renderer: r, planner: p, kinds: k}
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no clusters: %v", err)
	}
	for _, f := range files {
		b.required = append(b.required, readFile(t, f)...)
	}
	return b
}

// admit an object with its defaults.
func (b *bench) admit(t *testing.T, o unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	if errs := b.kinds.Admit(t.Context(), &o, nil); len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	return &o
}

// exists renders a composite resource, and returns it and its objects as if they had been applied.
func (b *bench) exists(t *testing.T, xr *unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	r, err := b.renderer.Render(t.Context(), render.Request{Composite: xr, Required: b.required})
	if err != nil {
		t.Fatal(err)
	}
	live := xr.DeepCopy()
	for _, o := range r.Composed {
		live.SetUID(o.GetOwnerReferences()[len(o.GetOwnerReferences())-1].UID)
	}
	live.Object["status"] = r.Composite.Object["status"]
	out := []unstructured.Unstructured{*live}
	for i := range r.Composed {
		o := r.Composed[i].DeepCopy()
		o.SetManagedFields(applied(t, b.planner.types, o))
		out = append(out, *o)
	}
	return out
}

func (b *bench) plan(t *testing.T, xr *unstructured.Unstructured, observed []unstructured.Unstructured) *Plan {
	t.Helper()
	p, err := b.planner.Plan(t.Context(), render.Request{Composite: xr, Required: b.required, Observed: observed})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readFile(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := manifest.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// subjects are the graphs and clusters of the examples by file and name.
func subjects(t *testing.T) map[string]unstructured.Unstructured {
	t.Helper()
	out := map[string]unstructured.Unstructured{}
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, o := range readFile(t, f) {
				if o.GroupVersionKind().GroupVersion() == v1alpha1.GroupVersion {
					out[strings.TrimPrefix(f, examples+"/")+" "+o.GetName()] = o
				}
			}
		}
	}
	if len(out) < 50 {
		t.Fatalf("only %d examples", len(out))
	}
	return out
}

// TestRest asserts that nothing changes for any example whose objects exist: not when the API server tells who owns which
// fields, and not when it does not.
func TestRest(t *testing.T) {
	b := newBench(t)
	for name, o := range subjects(t) {
		t.Run(name, func(t *testing.T) {
			xr := b.admit(t, o)
			observed := b.exists(t, xr)
			assertRest(t, b.plan(t, xr, observed), len(observed)-1)
			for i := range observed {
				observed[i].SetManagedFields(nil)
			}
			assertRest(t, b.plan(t, xr, observed), len(observed)-1)
		})
	}
}

func assertRest(t *testing.T, p *Plan, objects int) {
	t.Helper()
	if len(p.Objects) != objects || p.Changes() {
		t.Errorf("want %d objects unchanged, got:\n%s", objects, p.Text())
	}
}

// TestNothing asserts that every object of every example is to be created where nothing exists.
func TestNothing(t *testing.T) {
	b := newBench(t)
	for name, o := range subjects(t) {
		t.Run(name, func(t *testing.T) {
			xr := b.admit(t, o)
			p := b.plan(t, xr, []unstructured.Unstructured{})
			if got := counted(p.Objects, ActionCreate); got != len(p.Objects) || got != len(b.exists(t, xr))-1 {
				t.Errorf("want all of %d objects to be created, got:\n%s", len(p.Objects), p.Text())
			}
		})
	}
}

// TestColumns asserts that a plan is no wider than a terminal, but for what cannot be broken.
func TestColumns(t *testing.T) {
	b := newBench(t)
	for name, o := range subjects(t) {
		xr := b.admit(t, o)
		for _, observed := range [][]unstructured.Unstructured{nil, {}, b.exists(t, xr)} {
			for l := range strings.Lines(b.plan(t, xr, observed).Text()) {
				if len([]rune(strings.TrimRight(l, "\n"))) > width {
					t.Errorf("%s: %q", name, l)
				}
			}
		}
	}
}
