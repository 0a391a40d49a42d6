package controlplane

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// testToolbox returns a toolbox for a repository that has one tool, in a cache
// that is shared by all toolboxes of the test.
func testToolbox(t *testing.T, root, cache string, log *strings.Builder) *toolbox {
	t.Helper()

	return &toolbox{root: root, cache: cache, log: newProgress(log)}
}

func testTool(t *testing.T) (root string, x tool) {
	t.Helper()

	root = t.TempDir()
	dir := filepath.Join(root, "tools", "hello")

	files := map[string][]byte{
		"go.mod":  []byte("module example.org/tools\n\ngo 1.26.0\n\nrequire example.org/hello v1.2.3\n\nreplace example.org/hello => ./hello\n"),
		"go.sum":  nil,
		"main.go": []byte("package main\n\nvar version string\n\nfunc main() { print(version) }\n"),
	}
	if err := writeFiles(dir, files); err != nil {
		t.Fatal(err)
	}

	if err := writeFiles(filepath.Join(dir, "hello"), map[string][]byte{"go.mod": []byte("module example.org/hello\n")}); err != nil {
		t.Fatal(err)
	}

	return root, tool{
		name: "hello", dir: "hello", module: "example.org/hello", importPath: ".",
		ldflags: "-X main.version=VERSION",
	}
}

func TestToolIsBuiltOnce(t *testing.T) {
	root, x := testTool(t)
	cache := t.TempDir()
	logs := make([]strings.Builder, 3)
	paths := make([]string, len(logs))

	var wg sync.WaitGroup

	for i := range logs {
		wg.Go(func() {
			var err error
			if paths[i], err = testToolbox(t, root, cache, &logs[i]).path(t.Context(), x); err != nil {
				t.Errorf("path: %v", err)
			}
		})
	}

	wg.Wait()

	built := 0
	for i := range logs {
		built += strings.Count(logs[i].String(), "build hello v1.2.3: done")
	}

	if built != 1 {
		t.Errorf("three runs at once: want 1 build, got %d", built)
	}

	if paths[0] != paths[1] || paths[0] != paths[2] {
		t.Errorf("three runs at once: want one path, got %v", paths)
	}

	if !strings.HasPrefix(filepath.Base(paths[0]), "hello-v1.2.3-") {
		t.Errorf("want name and version in the name of the file, got %s", paths[0])
	}

	if left, _ := filepath.Glob(filepath.Join(cache, "*.tmp")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestToolIsBuiltAgainWhenItsModuleChanges(t *testing.T) {
	root, x := testTool(t)
	cache := t.TempDir()

	var log strings.Builder

	b := testToolbox(t, root, cache, &log)

	first, err := b.path(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(filepath.Join(root, "tools", "hello", "go.sum"), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	second, err := b.path(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}

	if first == second {
		t.Errorf("want another file after go.sum changed, got %s twice", first)
	}
}

func TestBrokenToolIsReported(t *testing.T) {
	root, x := testTool(t)

	if err := os.WriteFile(filepath.Join(root, "tools", "hello", "main.go"), []byte("package main\n\nfunc main() { oops }\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	var log strings.Builder

	_, err := testToolbox(t, root, t.TempDir(), &log).path(t.Context(), x)
	if err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("want the compiler's message, got %v", err)
	}
}
