package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// An index says what the directory of packages holds, for those who push them.
type index struct {
	Registry string    `json:"registry"`
	Version  string    `json:"version"`
	Packages []pkgFile `json:"packages"`
}

// A pkgFile is one package. It has a file for each architecture, or only one.
type pkgFile struct {
	Kind  string   `json:"kind"`
	Name  string   `json:"name"`
	Files []string `json:"files"`
}

// A runtimePackage has a process that runs in a cluster.
type runtimePackage struct {
	kind string
	name string

	// dir below package/ that holds what is in the package.
	dir string

	// main is the import path of the program.
	main string
}

// runtimePackages are the packages that come before the configuration, which
// depends on them.
func runtimePackages() []runtimePackage {
	return []runtimePackage{
		{kind: "Function", name: "function-graphplane", dir: "function", main: "./cmd/function"},
		{kind: "Provider", name: "provider-graphplane", dir: "provider", main: "./cmd/provider"},
	}
}

const configurationName = "configuration-graphplane"

func (b builder) build(ctx context.Context) error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return fmt.Errorf("cannot make output directory: %w", err)
	}

	idx := index{Registry: b.registry, Version: b.version}

	for _, p := range runtimePackages() {
		f := pkgFile{Kind: p.kind, Name: p.name}

		for _, arch := range b.archs {
			file := p.name + "-" + arch + ".xpkg"
			if err := b.buildRuntime(ctx, p, arch, file); err != nil {
				return fmt.Errorf("cannot build package %s for %s: %w", p.name, arch, err)
			}

			f.Files = append(f.Files, file)
		}

		idx.Packages = append(idx.Packages, f)
	}

	file := configurationName + ".xpkg"
	if err := b.buildConfiguration(ctx, file); err != nil {
		return fmt.Errorf("cannot build package %s: %w", configurationName, err)
	}

	idx.Packages = append(idx.Packages, pkgFile{Kind: "Configuration", Name: configurationName, Files: []string{file}})

	return b.writeIndex(idx)
}

func (b builder) writeIndex(idx index) error {
	j, err := json.MarshalIndent(idx, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode index: %w", err)
	}

	if err := os.WriteFile(filepath.Join(b.out, "index.json"), append(j, '\n'), 0o644); err != nil {
		return fmt.Errorf("cannot write index: %w", err)
	}

	return nil
}

// buildRuntime builds the package of a function or provider.
func (b builder) buildRuntime(ctx context.Context, p runtimePackage, arch, file string) error {
	tmp, err := os.MkdirTemp("", "graphplane-package-")
	if err != nil {
		return fmt.Errorf("cannot make temporary directory: %w", err)
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // It is in the system's temporary directory.

	bin := filepath.Join(tmp, "bin")
	if err := b.compile(ctx, p.main, arch, bin); err != nil {
		return err
	}

	image := filepath.Join(tmp, "runtime.tar")
	if err := writeImage(bin, "/"+p.dir, arch, image); err != nil {
		return err
	}

	return b.xpkg(ctx, filepath.Join(b.root, "package", p.dir), file, "--embed-runtime-image-tarball="+image)
}

// compile a static binary.
func (b builder) compile(ctx context.Context, main, arch, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-C", b.root, "-trimpath",
		"-ldflags=-s -w -X main.version="+b.version, "-o", to, main)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)

	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot compile %s: %w\n%s", main, err, out)
	}

	return nil
}

// buildConfiguration builds the package of XRDs and compositions. Its
// dependencies on packages of ours get our registry and version.
func (b builder) buildConfiguration(ctx context.Context, file string) error {
	tmp, err := os.MkdirTemp("", "graphplane-package-")
	if err != nil {
		return fmt.Errorf("cannot make temporary directory: %w", err)
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // It is in the system's temporary directory.

	if err := os.CopyFS(tmp, os.DirFS(filepath.Join(b.root, "package", "configuration"))); err != nil {
		return fmt.Errorf("cannot copy configuration: %w", err)
	}

	if err := b.pin(filepath.Join(tmp, "crossplane.yaml")); err != nil {
		return err
	}

	return b.xpkg(ctx, tmp, file)
}

// pin the dependencies of a package on others of ours.
func (b builder) pin(path string) error {
	in, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read package metadata: %w", err)
	}

	out, err := pinned(in, b.registry, b.version)
	if err != nil {
		return err
	}

	if err := os.WriteFile(path, out, 0o644); err != nil {
		return fmt.Errorf("cannot write package metadata: %w", err)
	}

	return nil
}

// pinned returns package metadata in which every dependency on a package of ours
// has its registry and exactly its version.
func pinned(metadata []byte, registry, version string) ([]byte, error) {
	var m map[string]any
	if err := yaml.UnmarshalStrict(metadata, &m); err != nil {
		return nil, fmt.Errorf("cannot parse package metadata: %w", err)
	}

	spec, _ := m["spec"].(map[string]any)
	deps, _ := spec["dependsOn"].([]any)

	for _, d := range deps {
		dep, _ := d.(map[string]any)

		name, _ := dep["package"].(string)
		if !slices.ContainsFunc(runtimePackages(), func(p runtimePackage) bool { return p.name == name }) {
			continue
		}

		dep["package"] = registry + "/" + name
		dep["version"] = version
	}

	out, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("cannot encode package metadata: %w", err)
	}

	return out, nil
}

// xpkg calls the Crossplane CLI.
func (b builder) xpkg(ctx context.Context, root, file string, args ...string) error {
	out, err := filepath.Abs(filepath.Join(b.out, file))
	if err != nil {
		return fmt.Errorf("cannot find output directory: %w", err)
	}

	// By default it would take every file in ./examples for an example of
	// any package.
	args = append([]string{
		"xpkg", "build", "--package-root=" + root, "--examples-root=" + filepath.Join(root, "examples"),
		"--package-file=" + out,
	}, args...)

	cmd := exec.CommandContext(ctx, b.cli, args...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot run crossplane xpkg build: %w\n%s", err, msg)
	}

	fmt.Println(filepath.Join(b.out, file))

	return nil
}
