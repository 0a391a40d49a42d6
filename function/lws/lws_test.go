package lws_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/schema"
)

// TestStrict asks of every LeaderWorkerSet in the golden files what the API server asks with strict field validation.
func TestStrict(t *testing.T) {
	kinds, err := schema.Of(definition(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../testdata/golden/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		for _, o := range objects {
			if o.GetAPIVersion() != lws.APIVersion || o.GetKind() != lws.Kind {
				continue
			}
			checked++
			if errs := kinds.Admit(t.Context(), &o, nil); len(errs) > 0 {
				t.Errorf("%s: %s: %v", path, o.GetName(), errs.ToAggregate())
			}
		}
	}
	if checked == 0 {
		t.Error("no golden file has a LeaderWorkerSet")
	}
}

// definition is LeaderWorkerSet's own, of the version that tools/lws pins.
func definition(t *testing.T) *extv1.CustomResourceDefinition {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "sigs.k8s.io/lws")
	c.Dir = "../../tools/lws"
	c.Env = append(os.Environ(), "GOWORK=off")
	out, err := c.Output()
	if err != nil {
		t.Skipf("sigs.k8s.io/lws cannot be downloaded, so its CustomResourceDefinition is not known: %v\n%s", err, out)
	}
	module := struct {
		Dir string `json:"Dir"` //nolint:tagliatelle // The go command writes it so.
	}{}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(module.Dir, "config", "crd", "bases", "leaderworkerset.x-k8s.io_leaderworkersets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crd := &extv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(b, crd); err != nil {
		t.Fatal(err)
	}
	return crd
}
