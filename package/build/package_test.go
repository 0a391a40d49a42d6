package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"sigs.k8s.io/yaml"
)

func TestPinned(t *testing.T) {
	cases := map[string]struct {
		reason   string
		metadata string
		want     string
	}{
		"Ours": {
			reason:   "A dependency on our function gets the registry and exactly the version.",
			metadata: "spec: {dependsOn: [{kind: Function, package: function-graphplane, version: ''}]}",
			want:     "spec: {dependsOn: [{kind: Function, package: example.org/x/function-graphplane, version: v1.2.3}]}",
		},
		"Others": {
			reason:   "A dependency on a package of others stays.",
			metadata: "spec: {dependsOn: [{kind: Provider, package: example.com/provider, version: '>=v1.0.0'}]}",
			want:     "spec: {dependsOn: [{kind: Provider, package: example.com/provider, version: '>=v1.0.0'}]}",
		},
		"None": {
			reason:   "A package without dependencies stays.",
			metadata: "kind: Configuration",
			want:     "kind: Configuration",
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := pinned([]byte(tc.metadata), "example.org/x", "v1.2.3")
			if err != nil {
				t.Fatalf("%s pinned: %v", tc.reason, err)
			}

			if diff := cmp.Diff(parse(t, []byte(tc.want)), parse(t, got)); diff != "" {
				t.Errorf("%s pinned: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func parse(t *testing.T, b []byte) map[string]any {
	t.Helper()

	var m map[string]any
	if err := yaml.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}

	return m
}

// TestConfigurationIsPinned shows that the configuration's own metadata names the
// packages it depends on so that pinned finds them all.
func TestConfigurationIsPinned(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "configuration", "crossplane.yaml"))
	if err != nil {
		t.Fatal(err)
	}

	out, err := pinned(b, "example.org/x", "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}

	for _, p := range runtimePackages() {
		if !bytes.Contains(out, []byte("example.org/x/"+p.name)) {
			t.Errorf("want a dependency on %s, got:\n%s", p.name, out)
		}
	}
}

func TestWriteImage(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	images := [2]string{filepath.Join(dir, "1.tar"), filepath.Join(dir, "2.tar")}

	if err := os.WriteFile(program, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}

	for _, to := range images {
		if err := writeImage(program, "/function", "arm64", to); err != nil {
			t.Fatal(err)
		}
	}

	first, _ := os.ReadFile(images[0])
	second, _ := os.ReadFile(images[1])

	if !bytes.Equal(first, second) {
		t.Error("writeImage: want the same program to give the same image")
	}

	type image struct {
		Architecture, OS, User string
		Entrypoint             []string
		Files                  map[string]string
	}

	img, err := tarball.ImageFromPath(images[0], nil)
	if err != nil {
		t.Fatal(err)
	}

	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}

	want := image{
		Architecture: "arm64", OS: "linux", User: "65532:65532", Entrypoint: []string{"/function"},
		Files: map[string]string{"function": "-rwxr-xr-x a program"},
	}
	got := image{
		Architecture: c.Architecture, OS: c.OS, User: c.Config.User, Entrypoint: c.Config.Entrypoint,
		Files: files(t, mutate.Extract(img)),
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("writeImage: -want, +got:\n%s", diff)
	}
}

// files returns mode and content of every file in a file system.
func files(t *testing.T, fs io.Reader) map[string]string {
	t.Helper()

	out := map[string]string{}

	for r := tar.NewReader(fs); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}

		if err != nil {
			t.Fatal(err)
		}

		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}

		out[h.Name] = h.FileInfo().Mode().String() + " " + string(b)
	}
}
