package function_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/graphplane/graphplane/function/manifest"
)

// An addon is a module that holds the CustomResourceDefinitions of kinds that we compose.
type addon struct {
	module, path string
	kinds        []runtimeschema.GroupVersionKind
}

func addons() []addon {
	return []addon{
		{
			module: "github.com/upbound/provider-aws/v2@v2.5.0", path: "package/crds/eks.aws.m.upbound.io_nodegroups.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "eks.aws.m.upbound.io", Version: "v1beta1", Kind: "NodeGroup"}},
		},
		{
			module: "github.com/upbound/provider-aws/v2@v2.5.0", path: "package/crds/ec2.aws.m.upbound.io_launchtemplates.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "LaunchTemplate"}},
		},
		{
			module: "github.com/upbound/provider-aws/v2@v2.5.0", path: "package/crds/ec2.aws.m.upbound.io_placementgroups.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "PlacementGroup"}},
		},
		{
			module: "github.com/upbound/provider-azure/v2@v2.6.0", path: "package/crds/containerservice.azure.m.upbound.io_kubernetesclusternodepools.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "containerservice.azure.m.upbound.io", Version: "v1beta1", Kind: "KubernetesClusterNodePool"}},
		},
		{
			module: "github.com/crossplane/crossplane/v2@v2.4.0", path: "cluster/crds/protection.crossplane.io_usages.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "protection.crossplane.io", Version: "v1beta1", Kind: "Usage"}},
		},
		{
			module: "github.com/kedacore/keda/v2@v2.20.2", path: "config/crd/bases/keda.sh_scaledobjects.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"}},
		},
		{
			module: "github.com/prometheus-operator/prometheus-operator@v0.93.0", path: "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}},
		},
		{
			module: "github.com/prometheus-operator/prometheus-operator@v0.93.0", path: "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}},
		},
		{
			module: "sigs.k8s.io/gateway-api@v1.6.1", path: "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}},
		},
		{
			module: "sigs.k8s.io/gateway-api-inference-extension@v1.6.0", path: "config/crd/bases/inference.networking.k8s.io_inferencepools.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "inference.networking.k8s.io", Version: "v1", Kind: "InferencePool"}},
		},
		{
			module: "github.com/crossplane-contrib/provider-kubernetes@v1.3.0", path: "package/crds/kubernetes.m.crossplane.io_objects.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "kubernetes.m.crossplane.io", Version: "v1alpha1", Kind: "Object"}},
		},
		{
			module: "istio.io/api@v1.30.3", path: "kubernetes/customresourcedefinitions.gen.yaml",
			kinds: []runtimeschema.GroupVersionKind{{Group: "networking.istio.io", Version: "v1", Kind: "VirtualService"}},
		},
	}
}

// TestAddons judges what the golden files hold of each kind of an add-on as the API server does with strict field
// validation, by the definition of the add-on itself.
func TestAddons(t *testing.T) {
	objects := goldenObjects(t)
	for _, a := range addons() {
		t.Run(a.module, func(t *testing.T) {
			crds := a.definitions(t)
			for _, gvk := range a.kinds {
				v := version(t, crds, gvk)
				n := 0
				for _, o := range objects {
					if o.GroupVersionKind() == gvk {
						strict(t, v, o)
						n++
					}
				}
				if n == 0 {
					t.Errorf("no golden file holds a %s", gvk.Kind)
				}
			}
		})
	}
}

// definitions of the add-on. Modules come from the network, so a test without one is skipped.
func (a addon) definitions(t *testing.T) []extv1.CustomResourceDefinition {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", a.module)
	c.Dir = t.TempDir()
	out, err := c.Output()
	if err != nil {
		t.Skipf("cannot download %s, which holds the definitions: %v", a.module, err)
	}
	var m struct {
		Dir string `json:"Dir"` //nolint:tagliatelle // The go command writes it so.
	}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(m.Dir, a.path))
	if err != nil {
		t.Fatal(err)
	}
	var crds []extv1.CustomResourceDefinition
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(b), len(b))
	for {
		crd := extv1.CustomResourceDefinition{}
		if d.Decode(&crd) != nil {
			return crds
		}
		crds = append(crds, crd)
	}
}

func version(t *testing.T, crds []extv1.CustomResourceDefinition, gvk runtimeschema.GroupVersionKind) *extv1.CustomResourceDefinitionVersion {
	t.Helper()
	for i := range crds {
		if crds[i].Spec.Group != gvk.Group || crds[i].Spec.Names.Kind != gvk.Kind {
			continue
		}
		for j := range crds[i].Spec.Versions {
			if v := &crds[i].Spec.Versions[j]; v.Name == gvk.Version && v.Served {
				return v
			}
		}
	}
	t.Fatalf("no definition of %s", gvk)
	return nil
}

// strict fails for fields that the definition does not know, and for what its schema and its rules refuse.
func strict(t *testing.T, v *extv1.CustomResourceDefinitionVersion, o unstructured.Unstructured) {
	t.Helper()
	props := &apiextensions.JSONSchemaProps{}
	if err := extv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, props, nil); err != nil {
		t.Fatal(err)
	}
	s, err := structural.NewStructural(props)
	if err != nil {
		t.Fatal(err)
	}
	sv, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range pruning.PruneWithOptions(o.Object, s, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		t.Errorf("%s %s: unknown field %s", o.GetKind(), o.GetName(), f)
	}
	defaulting.Default(o.Object, s)
	errs := validation.ValidateCustomResource(nil, o.Object, sv)
	rules, _ := cel.NewValidator(s, true, celconfig.PerCallLimit).Validate(t.Context(), nil, s, o.Object, nil, celconfig.RuntimeCELCostBudget)
	for _, e := range append(errs, rules...) {
		t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), e)
	}
}

func goldenObjects(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(golden, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pools, err := filepath.Glob(filepath.Join("testdata", "pools", "*", "*.yaml"))
	if err != nil || len(pools) == 0 {
		t.Fatalf("no golden files of node pools: %v", err)
	}
	var out []unstructured.Unstructured
	for _, path := range append(files, pools...) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Read(f)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, objects...)
	}
	return out
}

// The control plane of the end-to-end tests installs the same versions, but for kinds of providers, which install theirs.
func TestAddonVersions(t *testing.T) {
	b, err := os.ReadFile("../tools/addons/addons.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var installed []struct {
		Module      string   `json:"module"`
		Definitions []string `json:"definitions"`
	}
	if err := yaml.Unmarshal(b, &installed); err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for _, i := range installed {
		for _, d := range i.Definitions {
			files[i.Module+" "+d] = true
		}
	}
	for _, a := range addons() {
		if !files[a.module+" "+a.path] && !strings.Contains(a.kinds[0].Group, ".m.") && a.kinds[0].Group != "protection.crossplane.io" {
			t.Errorf("tools/addons/addons.yaml has no %s of %s", a.path, a.module)
		}
	}
}

// TestSchemas holds what the function counts on where it asks for schemas of kinds: that the name of a definition follows
// from its kind, and that the schemas of all that one graph can need leave room in a request of 4 MiB beside 2 of objects.
func TestSchemas(t *testing.T) {
	all := append(addons(), addon{
		module: "sigs.k8s.io/lws@v0.9.0", path: "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml",
		kinds: []runtimeschema.GroupVersionKind{{Group: "leaderworkerset.x-k8s.io", Version: "v1", Kind: "LeaderWorkerSet"}},
	})
	total := 0
	for _, a := range all {
		crds := a.definitions(t)
		for _, gvk := range a.kinds {
			plural, _ := meta.UnsafeGuessKindToResource(gvk)
			if !slices.ContainsFunc(crds, func(c extv1.CustomResourceDefinition) bool { return c.Name == plural.GroupResource().String() }) {
				t.Errorf("the definition of %s is not called %s", gvk.Kind, plural.GroupResource())
			}
			b, err := json.Marshal(version(t, crds, gvk).Schema.OpenAPIV3Schema)
			if err != nil {
				t.Fatal(err)
			}
			s := &structpb.Struct{}
			if err := protojson.Unmarshal(b, s); err != nil {
				t.Fatal(err)
			}
			t.Logf("%-28s %7d bytes", gvk.Kind, proto.Size(s))
			total += proto.Size(s)
		}
	}
	t.Logf("%-28s %7d bytes", "all", total)
	if total > 3<<19 {
		t.Errorf("schemas take %d bytes, which leaves no room for the rest of a request", total)
	}
}
