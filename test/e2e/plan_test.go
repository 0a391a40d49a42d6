package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graphplane/graphplane/test/controlplane"
)

// The file that crossplane resource trace writes of a graph is what a plan needs: nothing changes for the graph as it is,
// and for an edit what it is about.
func TestPlan(t *testing.T) {
	const name = "planned"
	spec := fmt.Sprintf(disaggregated, name)
	g := create(t, "plan", spec)
	g.ready()

	dir := t.TempDir()
	bin := filepath.Join(dir, "graphplane")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/graphplane")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	cli, err := controlplane.Tool(t.Context(), "crossplane", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	trace := exec.CommandContext(t.Context(), cli, "resource", "trace", "-n", g.namespace, "-o", "json", "inferencegraph.graphplane.io/"+g.name)
	trace.Env = append(os.Environ(), "KUBECONFIG="+e2e.cp.Kubeconfig, "HOME="+dir, "XDG_CONFIG_HOME="+dir)
	observed, err := trace.Output()
	if err != nil {
		t.Fatalf("cannot trace: %v", err)
	}
	files := map[string]string{
		"observed.json": string(observed), "graph.yaml": spec,
		"edited.yaml": strings.Replace(spec, "replicas: 2", "replicas: 3, sharedMemory: 1Gi", 1),
	}
	for f, content := range files {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plan := func(file string) (string, int) {
		return exitCode(t.Context(), t, bin, "plan", filepath.Join(dir, file), "-n", g.namespace, "--detailed-exitcode",
			"--cluster", filepath.Join(root, "examples", "cluster.yaml"), "--observed", filepath.Join(dir, "observed.json"))
	}
	if out, code := plan("graph.yaml"); code != 0 || !strings.Contains(out, "nothing changes") {
		t.Errorf("want no change of the graph as it is, got exit code %d:\n%s", code, out)
	}
	out, code := plan("edited.yaml")
	for _, want := range []string{"1 to roll, ", "rolls 2 pods of decode, none fewer and up to 1 more at a time", "starts 1 more pod of decode, 3 in all"} {
		if code != 2 || !strings.Contains(out, want) {
			t.Errorf("want %q for the edited graph, got exit code %d:\n%s", want, code, out)
		}
	}
}

// exitCode runs a command, and returns what it printed and what it exited with.
func exitCode(ctx context.Context, t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}
