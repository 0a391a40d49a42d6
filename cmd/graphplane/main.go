// Command graphplane renders, validates and plans InferenceGraphs and InferenceClusters, with no cluster.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// streams are what a command reads and writes beside files.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

type cli struct {
	Render   renderCmd   `cmd:"" help:"Print the objects that a graph or a cluster is composed of."`
	Validate validateCmd `cmd:"" help:"Check graphs and clusters as the API server and the composition function do."`
	Plan     planCmd     `cmd:"" help:"Say what applying a graph or a cluster would do, and what it would cost."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version that Go recorded in the binary.
func (versionCmd) Run(s *streams) error {
	v := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	_, err := fmt.Fprintln(s.out, v)
	return errors.Wrap(err, "cannot print the version")
}

// bind what commands need to a parser of command lines.
func bind(ctx context.Context, s *streams) []kong.Option {
	return []kong.Option{
		kong.Name("graphplane"),
		kong.Description("Work with Graphplane's InferenceGraphs and InferenceClusters, with no cluster."),
		kong.Writers(s.out, s.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&cli{}, bind(ctx, &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})...)
	err := k.Run()
	if errors.Is(err, changes{}) {
		// It is no failure.
		k.Exit(changes{}.ExitCode())
	}
	k.FatalIfErrorf(err)
}
