package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// packageTimeout bounds how long a package may take to become healthy.
const packageTimeout = 2 * time.Minute

// A packageIndex says what is in a directory of packages. package/build writes it.
type packageIndex struct {
	// Registry and organisation that users pull the packages from.
	Registry string `json:"registry"`
	Version  string `json:"version"`
	Packages []struct {
		Kind  string   `json:"kind"`
		Name  string   `json:"name"`
		Files []string `json:"files"`
	} `json:"packages"`
}

// InstallGraphplane builds and installs Graphplane's packages and gives
// Crossplane the rights that they need, as the README tells users to. Where
// there are systems, it tells the provider of them.
func (cp *ControlPlane) InstallGraphplane(ctx context.Context) error {
	dir, err := cp.BuildPackages(ctx)
	if err != nil {
		return err
	}

	rights, err := ReadObjects(filepath.Join(cp.options.Root, "package", "rbac.yaml"))
	if err != nil {
		return err
	}

	if err := cp.Apply(ctx, "", rights...); err != nil {
		return err
	}

	if err := cp.InstallPackages(ctx, dir); err != nil {
		return err
	}

	return cp.configureSystems(ctx)
}

// BuildPackages builds Graphplane's packages for this machine's architecture and
// returns the directory they are in.
func (cp *ControlPlane) BuildPackages(ctx context.Context) (string, error) {
	dir := filepath.Join(cp.Dir, "xpkg")

	return dir, cp.log.step("build packages", func() error {
		cmd := exec.CommandContext(ctx, "go", "run", "./package/build",
			"-crossplane="+cp.CLI, "-arch="+runtime.GOARCH, "-o="+dir)
		cmd.Dir = cp.options.Root

		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build packages: %w\n%s", err, out)
		}

		return nil
	})
}

// InstallPackages pushes all packages in a directory that package/build wrote,
// installs those that are configurations, with the Crossplane CLI, and waits
// until they and all they depend on are healthy. A configuration that is
// installed already is updated.
//
// The packages are pushed to this control plane's registry but installed under
// the name that users know them by: an ImageConfig says where to find them. So
// they are what users install, to the last byte.
func (cp *ControlPlane) InstallPackages(ctx context.Context, dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return fmt.Errorf("cannot read index of packages: %w", err)
	}

	var idx packageIndex
	if err := json.Unmarshal(b, &idx); err != nil {
		return fmt.Errorf("cannot parse index of packages: %w", err)
	}

	if err := cp.log.step("push packages", func() error { return cp.push(ctx, dir, idx) }); err != nil {
		return err
	}

	if err := cp.Apply(ctx, "", mirror(idx.Registry, cp.Registry+"/graphplane")); err != nil {
		return err
	}

	return cp.log.step("install packages", func() error { return cp.install(ctx, idx) })
}

func (cp *ControlPlane) push(ctx context.Context, dir string, idx packageIndex) error {
	for _, p := range idx.Packages {
		files := make([]string, len(p.Files))
		for i, f := range p.Files {
			files[i] = filepath.Join(dir, f)
		}

		to := cp.Registry + "/graphplane/" + p.Name + ":" + idx.Version
		if err := cp.cli(ctx, "xpkg", "push", "--package-files="+strings.Join(files, ","), to); err != nil {
			return err
		}
	}

	return nil
}

func (cp *ControlPlane) install(ctx context.Context, idx packageIndex) error {
	ctx, cancel := context.WithTimeout(ctx, packageTimeout)
	defer cancel()

	for _, p := range idx.Packages {
		// The others come along with the configuration, which depends on them.
		if p.Kind != "Configuration" {
			continue
		}

		verb := "install"

		_, err := cp.dynamic.Resource(packageResource("configurations")).Get(ctx, p.Name, metav1.GetOptions{})
		if err == nil {
			verb = "update"
		}

		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot get configuration %s: %w", p.Name, err)
		}

		image := idx.Registry + "/" + p.Name + ":" + idx.Version
		if err := cp.cli(ctx, "xpkg", verb, "configuration", image, p.Name); err != nil {
			return err
		}
	}

	return cp.super.wait(ctx, "packages", func(ctx context.Context) error {
		return cp.packagesHealthy(ctx, idx)
	})
}

// packagesHealthy returns an error that says what is wrong until every package
// of the index, and every other that is installed, is healthy.
func (cp *ControlPlane) packagesHealthy(ctx context.Context, idx packageIndex) error {
	var missing []error

	found := map[string]bool{}

	for _, r := range []string{"functions", "configurations", "providers"} {
		l, err := cp.dynamic.Resource(packageResource(r)).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("cannot list %s: %w", r, err)
		}

		for i := range l.Items {
			image, _, _ := unstructured.NestedString(l.Items[i].Object, "spec", "package")
			found[image] = true

			if err := Check(&l.Items[i], "Installed", "Healthy"); err != nil {
				missing = append(missing, err)
			}
		}
	}

	// A configuration is healthy before what it defines is served.
	definitions, err := cp.dynamic.Resource(definitionResource()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list definitions: %w", err)
	}

	for i := range definitions.Items {
		if err := Check(&definitions.Items[i], "Established"); err != nil {
			missing = append(missing, err)
		}
	}

	for _, p := range idx.Packages {
		if image := idx.Registry + "/" + p.Name + ":" + idx.Version; !found[image] {
			missing = append(missing, fmt.Errorf("no package %s", image))
		}
	}

	return errors.Join(missing...)
}

func packageResource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "pkg.crossplane.io", Version: "v1", Resource: name}
}

func definitionResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{
		Group: "apiextensions.crossplane.io", Version: "v2", Resource: "compositeresourcedefinitions",
	}
}

// mirror makes Crossplane pull the images below one path from another.
func mirror(from, to string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "pkg.crossplane.io/v1beta1",
		"kind":       "ImageConfig",
		"metadata":   map[string]any{"name": "graphplane"},
		"spec": map[string]any{
			"matchImages":  []any{map[string]any{"type": "Prefix", "prefix": from}},
			"rewriteImage": map[string]any{"prefix": to},
		},
	}}
}

// cli runs the Crossplane CLI as the administrator.
func (cp *ControlPlane) cli(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, cp.CLI, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cp.Kubeconfig)

	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot run crossplane %s: %w\n%s", strings.Join(args, " "), err, out)
	}

	return nil
}
