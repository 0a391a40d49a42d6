package controlplane

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// A tool is a program that is built from a module which tools/<dir>/go.mod pins.
type tool struct {
	name       string
	dir        string
	module     string
	importPath string

	// ldflags are added to -s -w. VERSION stands for the module's version.
	ldflags string
}

// rbacMetrics moves the metrics of the RBAC manager, which has no flag for it,
// from controller-runtime's fixed default of :8080 to a free loopback port, so
// that nothing else on the machine is in its way.
const rbacMetrics = "-X sigs.k8s.io/controller-runtime/pkg/metrics/server.DefaultBindAddress=127.0.0.1:0"

// coreVersion makes core report its version. Without it, it takes itself for a
// development build and refuses every package that constrains the version.
const coreVersion = "-X github.com/crossplane/crossplane-runtime/v2/pkg/version.version=VERSION"

// kubernetesVersion makes the API server report its version to its clients.
const kubernetesVersion = "-X k8s.io/component-base/version.gitVersion=VERSION"

func etcdTool() tool {
	return tool{name: "etcd", dir: "etcd", module: "go.etcd.io/etcd/server/v3", importPath: "go.etcd.io/etcd/server/v3"}
}

func natsTool() tool {
	return tool{name: "nats-server", dir: "nats", module: natsModule, importPath: natsModule}
}

func kubernetesTool(name string) tool {
	return tool{
		name: name, dir: "kubernetes", module: kubernetesModule,
		importPath: kubernetesModule + "/cmd/" + name, ldflags: kubernetesVersion,
	}
}

func kwokTool() tool {
	return tool{name: "kwok", dir: "kwok", module: kwokModule, importPath: kwokModule + "/cmd/kwok"}
}

func coreTool() tool {
	return tool{
		name: "crossplane-core", dir: "crossplane", module: coreModule,
		importPath: coreModule + "/cmd/crossplane", ldflags: coreVersion + " " + rbacMetrics,
	}
}

func lwsTool() tool {
	return tool{name: "lws-manager", dir: "lws", module: lwsModule, importPath: lwsModule + "/cmd"}
}

func providerKubernetesTool() tool {
	return tool{
		name: providerKubernetes, dir: providerKubernetes, module: providerKubernetesModule,
		importPath: providerKubernetesModule + "/cmd/provider",
	}
}

func cliTool() tool {
	return tool{
		name: "crossplane", dir: "cli", module: "github.com/crossplane/cli/v2",
		importPath: "github.com/crossplane/cli/v2/cmd/crossplane",
	}
}

const (
	kubernetesModule = "k8s.io/kubernetes"
	natsModule       = "github.com/nats-io/nats-server/v2"
	kwokModule       = "sigs.k8s.io/kwok"
	lwsModule        = "sigs.k8s.io/lws"
	coreModule       = "github.com/crossplane/crossplane/v2"

	providerKubernetes       = "provider-kubernetes"
	providerKubernetesModule = "github.com/crossplane-contrib/provider-kubernetes"
)

// tools returns all tools.
func tools() []tool {
	return []tool{
		etcdTool(), kubernetesTool("kube-apiserver"), kubernetesTool("kube-controller-manager"),
		kubernetesTool("kube-scheduler"), kwokTool(), coreTool(), cliTool(), lwsTool(), natsTool(),
		providerKubernetesTool(),
	}
}

// Tools returns the names of all programs a control plane consists of.
// crossplane is the CLI, crossplane-core is Crossplane.
func Tools() []string {
	out := make([]string, 0, len(tools()))
	for _, t := range tools() {
		out = append(out, t.name)
	}

	return out
}

// Tool returns the path of one of the programs that Tools names, after building
// it if it is not in the cache.
func Tool(ctx context.Context, name string, log io.Writer) (string, error) {
	root, err := FindRoot()
	if err != nil {
		return "", err
	}

	b, err := newToolbox(root, newProgress(log))
	if err != nil {
		return "", err
	}

	for _, t := range tools() {
		if t.name == name {
			return b.path(ctx, t)
		}
	}

	return "", fmt.Errorf("no tool is called %q", name)
}

// A toolbox builds tools, each once, into the user's cache directory.
type toolbox struct {
	root  string
	cache string
	log   *progress
}

func newToolbox(root string, log *progress) (*toolbox, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("cannot find the user's cache directory: %w", err)
	}

	dir := filepath.Join(cache, "graphplane", "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make cache directory: %w", err)
	}

	return &toolbox{root: root, cache: dir, log: log}, nil
}

// path returns where the binary of a tool is, after building it if it is not
// there. The name holds a hash of all that the build depends on but the Go
// version, so a cached binary is never stale.
func (b *toolbox) path(ctx context.Context, t tool) (string, error) {
	dir := filepath.Join(b.root, "tools", t.dir)

	version, sum, err := identify(dir, t)
	if err != nil {
		return "", err
	}

	bin := filepath.Join(b.cache, fmt.Sprintf("%s-%s-%s", t.name, version, sum))
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}

	unlock, err := lockFile(ctx, filepath.Join(b.cache, t.name+".lock"), func() {
		b.log.printf("waiting for another run that is building %s", t.name)
	})
	if err != nil {
		return "", fmt.Errorf("cannot lock build of %s: %w", t.name, err)
	}
	defer unlock()

	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}

	what := fmt.Sprintf("build %s %s", t.name, version)

	return bin, b.log.step(what, func() error { return build(ctx, dir, bin, version, t) })
}

func build(ctx context.Context, dir, bin, version string, t tool) error {
	// go build does not write in place atomically, so another name first.
	tmp := fmt.Sprintf("%s.%d.tmp", bin, os.Getpid())
	defer os.Remove(tmp) //nolint:errcheck // It is gone after the rename.

	cmd := exec.CommandContext(ctx, "go", "build", "-C", dir, "-trimpath", "-ldflags="+t.flags(version), "-o", tmp, t.importPath)
	cmd.Env = append(os.Environ(), "GOWORK=off")

	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", t.name, err, lastLines(out, tailLines))
	}

	if err := os.Rename(tmp, bin); err != nil {
		return fmt.Errorf("cannot put %s in place: %w", t.name, err)
	}

	return nil
}

// flags for the linker.
func (t tool) flags(version string) string {
	return strings.TrimSpace("-s -w " + strings.ReplaceAll(t.ldflags, "VERSION", version))
}

// identify returns the version of a tool's module and a hash of what its build
// depends on.
func identify(dir string, t tool) (version, sum string, err error) {
	h := sha256.New()

	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", "", fmt.Errorf("cannot read versions of %s: %w", t.name, err)
	}

	lock, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return "", "", fmt.Errorf("cannot read checksums of %s: %w", t.name, err)
	}

	for _, part := range [][]byte{mod, lock, []byte(t.ldflags), []byte(t.importPath)} {
		fmt.Fprintf(h, "%d\n%s", len(part), part) //nolint:errcheck // A hash does not fail.
	}

	f, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return "", "", fmt.Errorf("cannot parse go.mod of %s: %w", t.name, err)
	}

	for _, r := range f.Require {
		if r.Mod.Path == t.module {
			return r.Mod.Version, hex.EncodeToString(h.Sum(nil))[:12], nil
		}
	}

	return "", "", fmt.Errorf("tools/%s/go.mod does not require %s", t.dir, t.module)
}

// source returns the directory of the module that a tool is built from, for the
// files in it that are no Go code: CRDs, chart templates, KWOK's stages.
func (b *toolbox) source(ctx context.Context, t tool) (string, error) {
	return download(ctx, filepath.Join(b.root, "tools", t.dir), t.module)
}

// download returns the directory of a module, in the version that is named with
// it or that a directory's go.mod requires.
func download(ctx context.Context, dir, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")

	var stderr bytes.Buffer

	cmd.Stderr = &stderr

	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot download module %s: %w\n%s%s", module, err, out, stderr.Bytes())
	}

	var m struct {
		Dir string `json:"Dir"` //nolint:tagliatelle // The go command writes it so.
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return "", fmt.Errorf("cannot parse answer of go mod download: %w", err)
	}

	return m.Dir, nil
}
