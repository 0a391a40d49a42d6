// Package e2e runs Graphplane as users install it, on a real control plane: packages, rights, examples and everything
// that is promised of a graph's life.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/graphplane/graphplane/test/controlplane"
)

// root of the repository.
const root = "../.."

// A suite is what all tests share: one control plane with Graphplane installed.
type suite struct {
	cp     *controlplane.ControlPlane
	kube   kubernetes.Interface
	client dynamic.Interface
}

var e2e suite //nolint:gochecknoglobals // TestMain hands nothing to tests but globals.

func TestMain(m *testing.M) {
	flag.Parse()
	// Tests that go on beside others wait for clouds, not for processors.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute)
	defer cancel()

	options := controlplane.Options{
		Log: os.Stderr, LeaderWorkerSet: true, Systems: true, Addons: true, Metrics: true,
		Remote: true, RemoteNodes: controlplane.DefaultNodes(), Clouds: true,
	}
	if flag.Lookup("test.bench").Value.String() != "" {
		// Nothing takes time from what is measured, and the controllers of the objects that some graphs have do not keep
		// others from having theirs.
		options = controlplane.Options{Log: os.Stderr, ReconcilesPerCPU: 16}
	}
	cp, err := controlplane.Start(ctx, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 1
	if err := e2e.setUp(ctx, cp); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if err := cp.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// setUp follows the README: packages, rights, the InferenceClusters.
func (s *suite) setUp(ctx context.Context, cp *controlplane.ControlPlane) error {
	s.cp = cp
	var err error
	if s.kube, err = kubernetes.NewForConfig(cp.Config()); err != nil {
		return err
	}
	if s.client, err = dynamic.NewForConfig(cp.Config()); err != nil {
		return err
	}
	if err := cp.InstallGraphplane(ctx); err != nil {
		return err
	}
	for _, name := range []string{"cluster.yaml", "cluster-multinode.yaml", "cluster-grove.yaml", "cluster-clouds.yaml"} {
		objs, err := controlplane.ReadObjects(filepath.Join(root, "examples", name))
		if err != nil {
			return err
		}
		if err := cp.Apply(ctx, "", objs...); err != nil {
			return err
		}
	}
	return nil
}
