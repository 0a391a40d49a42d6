package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func sortStrings(s []string) { slices.Sort(s) }

// Every example reaches Ready, with every pod placed by the scheduler, those with GPUs on nodes that have them.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, f := range files {
		if strings.Contains(f, "/remote/") {
			continue // Its pods are elsewhere: TestRemote.
		}
		t.Run(strings.TrimPrefix(f, filepath.Join(root, "examples")+"/"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			g := create(t, "team-a", string(b))
			g.ready()
			if strings.Contains(string(b), "nodePools:") {
				if err := g.fit(e2e.kube); err != nil {
					t.Error(err)
				}
				if strings.Contains(string(b), "min: 0") && !g.grew(e2e.kube) {
					t.Error("its pools did not start from zero")
				}
				return
			}
			for _, p := range g.pods() {
				if p.Spec.NodeName == "" {
					t.Errorf("pod %s is on no node", p.GetName())
				}
				gpus := p.Spec.Containers[0].Resources.Limits["nvidia.com/gpu"]
				if gpus.Value() > 0 && !strings.HasPrefix(p.Spec.NodeName, "gpu-") {
					t.Errorf("pod %s with %s GPUs is on node %s", p.GetName(), gpus.String(), p.Spec.NodeName)
				}
			}
		})
	}
}
