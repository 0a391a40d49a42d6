// Package schema proves with Crossplane's own tools that what graphplane prints is what Crossplane does.
package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

const (
	root     = "../.."
	examples = root + "/examples"
	packaged = root + "/package/configuration"
)

// tools are the paths of Crossplane's binaries.
type tools struct {
	cli, core string
}

// find skips a test where the binaries are not: they take minutes to build, so whoever has built them says where.
func find(t *testing.T) tools {
	t.Helper()
	out := tools{cli: os.Getenv("GRAPHPLANE_CROSSPLANE_CLI"), core: os.Getenv("GRAPHPLANE_CROSSPLANE_CORE")}
	if out.cli == "" || out.core == "" {
		t.Skip("set GRAPHPLANE_CROSSPLANE_CLI to the path of the crossplane CLI v2.5, and GRAPHPLANE_CROSSPLANE_CORE to that of the crossplane server v2.4")
	}
	return out
}

func (x tools) run(ctx context.Context, t *testing.T, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(ctx, x.cli, args...)
	// The CLI reads its configuration from the home directory, and a test must not depend on anyone's.
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	out, stderr := &bytes.Buffer{}, &bytes.Buffer{}
	c.Stdout, c.Stderr = out, stderr
	if err := c.Run(); err != nil {
		t.Fatalf("crossplane %v: %v\n%s%s", args, err, out, stderr)
	}
	return out.Bytes()
}

// TestRender compares what we render with what Crossplane's own reconciler does with our function, for every example,
// step by step from nothing until nothing is new; and what it then holds with what we render at once.
func TestRender(t *testing.T) {
	x := find(t)
	target := serve(t)
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files(t) {
		t.Run(path, func(t *testing.T) {
			for _, o := range read(t, path) {
				raw := o.DeepCopy()
				required := []unstructured.Unstructured{namespace("team-a")}
				if o.GetKind() != v1alpha1.InferenceClusterKind {
					required = append(required, clusters(t)...)
				}
				if errs := kinds.Admit(t.Context(), &o, nil); len(errs) > 0 {
					t.Fatal(errs.ToAggregate())
				}
				observed, last := []unstructured.Unstructured{}, []unstructured.Unstructured(nil)
				for step, rest := 1, false; !rest; step++ {
					want := x.render(t, target, raw, required, observed)
					r, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: required, Observed: observed})
					if err != nil {
						t.Fatal(err)
					}
					got := append([]unstructured.Unstructured{*r.Composite}, r.Composed...)
					if diff := cmp.Diff(alike(want), alike(got)); diff != "" {
						t.Errorf("step %d (-crossplane, +graphplane):\n%s", step, diff)
					}
					rest = len(last) == len(r.Composed)
					observed, last = usable(t, r.Composed), r.Composed
				}
				finished, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: required})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(last, finished.Composed); diff != "" {
					t.Errorf("finished (-crossplane at rest, +graphplane at once):\n%s", diff)
				}
			}
		})
	}
}

// render with Crossplane's reconciler. The composite resource comes first.
func (x tools) render(t *testing.T, target string, o *unstructured.Unstructured, required, observed []unstructured.Unstructured) []unstructured.Unstructured {
	t.Helper()
	plural := map[string]string{v1alpha1.InferenceGraphKind: "inferencegraphs", v1alpha1.InferenceClusterKind: "inferenceclusters"}[o.GetKind()]
	dir := t.TempDir()
	args := []string{
		"composition", "render",
		write(t, dir, "xr.yaml", *o),
		filepath.Join(packaged, "composition-"+plural+".yaml"),
		write(t, dir, "functions.yaml", remote(target)),
		"--xrd=" + filepath.Join(packaged, "definition-"+plural+".yaml"),
		"--required-resources=" + write(t, dir, "required.yaml", required...),
		"--crossplane-binary=" + x.core,
	}
	if len(observed) > 0 {
		args = append(args, "--observed-resources="+write(t, dir, "observed.yaml", observed...))
	}
	out, err := manifest.Read(bytes.NewReader(x.run(t.Context(), t, args...)))
	if err != nil {
		t.Fatal(err)
	}
	strip(t, &out[0])
	return out
}

// strip removes what Crossplane itself writes into the status of a composite resource, and times.
func strip(t *testing.T, xr *unstructured.Unstructured) {
	t.Helper()
	conditions, _, err := unstructured.NestedSlice(xr.Object, "status", "conditions")
	if err != nil {
		t.Fatal(err)
	}
	conditions = slices.DeleteFunc(conditions, func(c any) bool {
		m, _ := c.(map[string]any)
		delete(m, "lastTransitionTime")
		delete(m, "observedGeneration")
		return slices.Contains([]any{"Ready", "Synced", "Responsive"}, m["type"])
	})
	slices.SortFunc(conditions, func(a, b any) int {
		return bytes.Compare(kind(a), kind(b))
	})
	if err := unstructured.SetNestedSlice(xr.Object, conditions, "status", "conditions"); err != nil {
		t.Fatal(err)
	}
	// Crossplane prints references to what it composed, which we do not.
	delete(xr.Object, "spec")
}

func kind(condition any) []byte {
	m, _ := condition.(map[string]any)
	s, _ := m["type"].(string)
	return []byte(s)
}

// TestValidate asks Crossplane's validator about every example, about every object that is rendered from one, and about
// those of node pools.
func TestValidate(t *testing.T) {
	x := find(t)
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	var all, installed []unstructured.Unstructured
	for _, path := range files(t) {
		for _, o := range read(t, path) {
			r, err := renderer.Render(t.Context(), render.Request{Composite: &o, Required: clusters(t)})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Composed {
				if c.GetKind() == "CustomResourceDefinition" {
					installed = append(installed, c)
				}
			}
			all = append(append(all, o), slices.DeleteFunc(r.Composed, ofAddon)...)
		}
	}
	all = append(all, nodePools(t)...)
	definitions := strings.Join(slices.Concat(
		[]string{filepath.Join(packaged, "definition-inferencegraphs.yaml"), filepath.Join(packaged, "definition-inferenceclusters.yaml")},
		pinned(t, "lws", "sigs.k8s.io/lws", "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"),
		systems(t), clouds(t), []string{write(t, t.TempDir(), "installed.yaml", installed...)},
	), ",")
	// Without an empty image the CLI downloads Crossplane's own definitions.
	out := x.run(t.Context(), t, "resource", "validate", definitions, write(t, t.TempDir(), "all.yaml", all...), "--crossplane-image=", "--error-on-missing-schemas")
	t.Logf("%s", out[max(0, len(out)-200):])
}

// systems are the paths of the provider's definitions.
func systems(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "package", "provider", "crds", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no definitions of the provider: %v", err)
	}
	return paths
}

// clusters are the InferenceClusters that examples run on, and the provider configs of systems that they use.
func clusters(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []unstructured.Unstructured
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, objects...)
	}
	return out
}

// pinned are the paths of files of a module that a directory of tools pins.
func pinned(t *testing.T, tool, module string, files ...string) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	c.Dir = filepath.Join(root, "tools", tool)
	c.Env = append(os.Environ(), "GOWORK=off")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("cannot download %s: %v\n%s", module, err, out)
	}
	m := struct {
		Dir string `json:"Dir"` //nolint:tagliatelle // The go command writes it so.
	}{}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Join(m.Dir, files[i])
	}
	return files
}

// clouds are the paths of definitions of the clouds' providers, and of Usage. Google's is in no Go module: it is the one
// that the control plane of the tests has.
func clouds(t *testing.T) []string {
	t.Helper()
	return slices.Concat(
		pinned(t, "provider-aws", "github.com/upbound/provider-aws/v2", "package/crds/eks.aws.m.upbound.io_nodegroups.yaml",
			"package/crds/ec2.aws.m.upbound.io_launchtemplates.yaml", "package/crds/ec2.aws.m.upbound.io_placementgroups.yaml"),
		pinned(t, "provider-azure", "github.com/upbound/provider-azure/v2", "package/crds/containerservice.azure.m.upbound.io_kubernetesclusternodepools.yaml"),
		pinned(t, "crossplane", "github.com/crossplane/crossplane/v2", "cluster/crds/protection.crossplane.io_usages.yaml"),
		[]string{filepath.Join(root, "test", "controlplane", "definitions", "clouds", "container.gcp.m.upbound.io_nodepools.yaml")},
	)
}

// nodePools are the objects of the golden files of node pools.
func nodePools(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "function", "testdata", "pools", "*", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files of node pools: %v", err)
	}
	var out []unstructured.Unstructured
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.DeleteFunc(objects, func(o unstructured.Unstructured) bool { return o.GetAPIVersion() == "golden" })...)
	}
	return out
}

// ofAddon reports whether an object is of a kind that an add-on defines. TestAddons of package function judges those by
// the add-ons' own definitions, which are not here.
func ofAddon(o unstructured.Unstructured) bool {
	return slices.Contains([]string{"keda.sh", "monitoring.coreos.com", "gateway.networking.k8s.io", "networking.istio.io", "inference.networking.k8s.io", "kubernetes.m.crossplane.io", "grove.io"}, o.GroupVersionKind().Group)
}

// serve the function on loopback, and return its address.
func serve(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	fnv1.RegisterFunctionRunnerServiceServer(s, function.New(logging.NewNopLogger()))
	t.Cleanup(s.Stop)
	go s.Serve(l) // It fails when it is stopped.
	return l.Addr().String()
}

// remote is the function as the CLI finds it: running already.
func remote(target string) unstructured.Unstructured {
	o := unstructured.Unstructured{Object: map[string]any{}}
	o.SetAPIVersion("pkg.crossplane.io/v1")
	o.SetKind("Function")
	o.SetName("graphplane-function-graphplane")
	o.SetAnnotations(map[string]string{
		"render.crossplane.io/runtime":                    "Development",
		"render.crossplane.io/runtime-development-target": target,
	})
	return o
}

func namespace(name string) unstructured.Unstructured {
	o := unstructured.Unstructured{Object: map[string]any{}}
	o.SetAPIVersion("v1")
	o.SetKind("Namespace")
	o.SetName(name)
	o.SetUID("6a2c1a9b-5f4e-4a55-9d3b-0d4d5b1f2a10")
	return o
}

func write(t *testing.T, dir, name string, objects ...unstructured.Unstructured) string {
	t.Helper()
	b := &bytes.Buffer{}
	if err := manifest.YAML(b, objects); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(examples, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".yaml" {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifest.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(objects, func(o unstructured.Unstructured) bool {
		return o.GroupVersionKind().GroupVersion() != v1alpha1.GroupVersion
	})
}
