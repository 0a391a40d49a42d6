package function_test

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"

	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/plan"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
	"github.com/graphplane/graphplane/test/apiserver"
)

// A server applies what is rendered as Crossplane does, to a real API server.
type server struct {
	client   client.Client
	renderer *render.Renderer
	planner  *plan.Planner
	kinds    *schema.Kinds
	required []unstructured.Unstructured
}

// newServer starts an API server that has the definitions of every kind that is composed.
func newServer(t *testing.T) *server {
	t.Helper()
	if apiserver.Binaries() == "" {
		t.Skip(apiserver.Missing)
	}
	all := addons()
	crds := slices.Clone(addon{module: "sigs.k8s.io/lws@v0.9.0", path: "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"}.definitions(t))
	for _, a := range all {
		crds = append(crds, a.definitions(t)...)
	}
	s, err := apiserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	install := envtest.CRDInstallOptions{
		ErrorIfPathMissing: true, MaxTime: time.Minute,
	}
	for file := range unpublished() {
		install.Paths = append(install.Paths, minimal(file))
	}
	for i := range crds {
		install.CRDs = append(install.CRDs, &crds[i])
	}
	if _, err := envtest.InstallCRDs(s.Config, install); err != nil {
		t.Fatal(err)
	}
	out := &server{required: exampleClusters(t)}
	if out.client, err = client.New(s.Config, client.Options{Scheme: clientscheme.Scheme}); err != nil {
		t.Fatal(err)
	}
	if out.renderer, err = render.New(); err != nil {
		t.Fatal(err)
	}
	if out.planner, err = plan.New(out.renderer); err != nil {
		t.Fatal(err)
	}
	if out.kinds, err = schema.New(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"team-a", "monitoring", "crossplane-system"} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := out.client.Create(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
		known := unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
		known.SetName(name)
		known.SetUID(ns.GetUID())
		out.required = append(out.required, known)
	}
	return out
}

// apply objects, and return each as the API server then has it.
func (s *server) apply(t *testing.T, objects []unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	out := make([]unstructured.Unstructured, 0, len(objects))
	for i := range objects {
		o := objects[i].DeepCopy()
		err := s.client.Patch(t.Context(), o, client.Apply, client.ForceOwnership, client.FieldOwner(compose.ComposedManager+"/test")) //nolint:staticcheck // As Crossplane applies.
		if err != nil {
			t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
		out = append(out, *o)
	}
	return out
}

// wait until the API server serves the definitions among objects.
func (s *server) wait(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() != "CustomResourceDefinition" {
			continue
		}
		crd := &extv1.CustomResourceDefinition{}
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			u := o.DeepCopy()
			if err := s.client.Get(t.Context(), client.ObjectKeyFromObject(u), u); err != nil {
				t.Fatal(err)
			}
			if err := convert(u, crd); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(crd.Status.Conditions, func(c extv1.CustomResourceDefinitionCondition) bool {
				return c.Type == extv1.Established && c.Status == extv1.ConditionTrue
			}) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s is not established", o.GetName())
			}
		}
	}
}

// graph is an example with its defaults.
func (s *server) admitted(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	objects := read(t, path)
	for i := range objects {
		if errs := s.kinds.Admit(t.Context(), &objects[i], nil); len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
	}
	return objects
}

func (s *server) finish(t *testing.T, xr *unstructured.Unstructured, observed []unstructured.Unstructured) *render.Result {
	t.Helper()
	r, err := s.renderer.Finish(t.Context(), render.Request{Composite: xr, Required: s.required, Observed: observed})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *server) plan(t *testing.T, xr *unstructured.Unstructured, observed []unstructured.Unstructured) *plan.Plan {
	t.Helper()
	p, err := s.planner.Plan(t.Context(), render.Request{Composite: xr, Required: s.required, Observed: observed})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanServer applies every example to a real API server, and asserts that nothing would change of what it then has,
// whether it tells who owns which fields or not. What an edit is planned to change and to leave must then be what applying
// it changes and leaves.
func TestPlanServer(t *testing.T) {
	s := newServer(t)
	files := exampleFiles(t)
	// The definitions that clusters bring along are of kinds that graphs consist of.
	slices.SortStableFunc(files, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for _, path := range files {
		for _, o := range s.admitted(t, path) {
			t.Run(path+" "+o.GetName(), func(t *testing.T) {
				live := s.rest(t, &o)
				if !slices.Contains(edited(), filepath.ToSlash(path)) {
					return
				}
				for _, name := range slices.Sorted(maps.Keys(edits())) {
					next := o.DeepCopy()
					edits()[name](next.Object)
					live = s.edit(t, name, next, live)
				}
			})
		}
	}
}

// edited are the examples that are edited, of each shape one.
func edited() []string {
	var out []string
	for _, f := range []string{"disaggregated/vllm", "multinode/vllm", "scaling/metrics", "node-pools/eks", "expose/httproute", "model-cache/vllm", "remote/vllm"} {
		out = append(out, examples+"/"+f+".yaml")
	}
	return out
}

// rest applies all of a composite resource, and returns what is then there.
func (s *server) rest(t *testing.T, xr *unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	live := s.apply(t, s.finish(t, xr, nil).Composed)
	s.wait(t, live)
	if _, guarded, _ := unstructured.NestedMap(xr.Object, "spec", "scalingGuard"); guarded {
		// Bounds follow the replicas that are there, which Crossplane's next look finds.
		live = s.apply(t, s.finish(t, xr, live).Composed)
	}
	if p := s.plan(t, xr, live); p.Changes() {
		t.Errorf("want no change, got:\n%s", p.Text())
	}
	silent := make([]unstructured.Unstructured, len(live))
	for i := range live {
		silent[i] = *live[i].DeepCopy()
		silent[i].SetManagedFields(nil)
	}
	if p := s.plan(t, xr, silent); p.Changes() {
		t.Errorf("want no change without managed fields, got:\n%s", p.Text())
	}
	return live
}

// edit a graph, and compare what was planned with what the API server does. It returns what is then there.
func (s *server) edit(t *testing.T, name string, xr *unstructured.Unstructured, live []unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	r, err := s.renderer.Finish(t.Context(), render.Request{Composite: xr, Required: s.required, Observed: live})
	if err != nil {
		t.Logf("%s: refused: %v", name, err)
		return live
	}
	p := s.plan(t, xr, live)
	planned := map[string]plan.Action{}
	for _, o := range p.Objects {
		planned[o.Resource] = o.Action
	}
	before := map[string]map[string]any{}
	for i := range live {
		before[live[i].GetAnnotations()[xcrd.AnnotationKeyCompositionResourceName]] = content(&live[i])
	}
	after := s.apply(t, r.Composed)
	for i := range after {
		resource := after[i].GetAnnotations()[xcrd.AnnotationKeyCompositionResourceName]
		was, existed := before[resource]
		done := plan.ActionNone
		switch {
		case !existed:
			done = plan.ActionCreate
		case !reflect.DeepEqual(was, content(&after[i])):
			done = plan.ActionChange
		}
		switch want := planned[resource]; {
		case done == plan.ActionChange && want == plan.ActionRoll, done == plan.ActionCreate && want == plan.ActionReplace:
		case done != want:
			t.Errorf("%s: %s was planned to %s, and the API server has it %s:\n%s", name, resource, want, done, p.Text())
		}
	}
	for _, o := range r.Removed {
		if err := client.IgnoreNotFound(s.client.Delete(t.Context(), &o)); err != nil {
			t.Fatal(err)
		}
	}
	return after
}

// content of an object, without what says when and by whom it was written.
func content(o *unstructured.Unstructured) map[string]any {
	out := o.DeepCopy()
	out.SetManagedFields(nil)
	out.SetResourceVersion("")
	out.SetGeneration(0)
	return out.Object
}
