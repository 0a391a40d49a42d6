package controlplane

import (
	"fmt"
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// functionName is what the package manager calls the function when it installs
// it because the configuration depends on it.
const functionName = "graphplane-function-graphplane"

// functionProcess returns the process of the function.
func functionProcess(t *testing.T, cp *ControlPlane) int {
	t.Helper()

	found := cp.runtime.find(functionName)
	if len(found) != 1 {
		t.Fatalf("want one process of %s, got %d", functionName, len(found))
	}

	return found[0].cmd.Process.Pid
}

func functionHealthy(t *testing.T, cp *ControlPlane) error {
	t.Helper()

	f, err := cp.dynamic.Resource(packageResource("functions")).Get(t.Context(), functionName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return Check(f, "Healthy")
}

func (r running) functionRunsAsImageUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may become another user")
	}

	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", functionProcess(t, r.ControlPlane)))
	if err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(string(b), "\nUid:\t65532\t65532\t65532\t65532\n") {
		t.Errorf("want the function to run as the user of its image, got:\n%s", b)
	}
}

func (r running) functionIsStartedAgain(t *testing.T) {
	was := functionProcess(t, r.ControlPlane)

	if err := r.KillFunction(functionName); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the function runs again", func() bool { return len(r.runtime.find(functionName)) == 1 })

	if now := functionProcess(t, r.ControlPlane); now == was {
		t.Errorf("want another process than %d", was)
	}

	eventually(t, "the function is healthy again", func() bool { return functionHealthy(t, r.ControlPlane) == nil })

	if n := r.Restarts(functionName); n != 1 {
		t.Errorf("want 1 restart, got %d", n)
	}
}

func (r running) functionIsSuspended(t *testing.T) {
	r.SuspendFunction(functionName)
	eventually(t, "Crossplane knows that the function is down", func() bool { return functionHealthy(t, r.ControlPlane) != nil })
	r.ResumeFunction(functionName)
	eventually(t, "the function is healthy again", func() bool { return functionHealthy(t, r.ControlPlane) == nil })
}
