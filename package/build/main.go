// Command build writes Graphplane's Crossplane packages: a function package for
// each architecture, with its runtime image, and a configuration package. It
// needs the Crossplane CLI, and no Docker.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

const (
	// defaultRegistry is where released packages are.
	defaultRegistry = "xpkg.crossplane.io/graphplane"

	// defaultVersion of packages that are not a release.
	defaultVersion = "v0.1.0"
)

// A builder knows what is common to all packages.
type builder struct {
	// cli is the path of the Crossplane CLI.
	cli string

	// root of the repository.
	root string

	// out is the directory packages are written to.
	out string

	// registry is the host and organisation that packages are pulled from.
	registry string

	// version of all packages. They are released together.
	version string

	// archs are the architectures of runtime images, as in GOARCH.
	archs []string
}

func main() {
	b := builder{}
	archs := ""

	flag.StringVar(&b.cli, "crossplane", "crossplane", "path of the Crossplane CLI")
	flag.StringVar(&b.root, "root", ".", "root of the repository")
	flag.StringVar(&b.out, "o", "_output/packages", "directory to write packages to")
	flag.StringVar(&b.registry, "registry", defaultRegistry, "registry and organisation the packages are pulled from")
	flag.StringVar(&b.version, "version", defaultVersion, "version of the packages")
	flag.StringVar(&archs, "arch", "amd64,arm64", "architectures of the runtime images")
	flag.Parse()

	b.archs = strings.Split(archs, ",")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	if err := b.build(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1) //nolint:gocritic // The signal handler ends with us.
	}
}
