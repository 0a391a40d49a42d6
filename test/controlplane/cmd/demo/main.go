// Command demo shows Graphplane at work: it starts a control plane, installs the
// packages with the Crossplane CLI, creates an InferenceGraph, shows how it
// becomes Ready, and stays until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane"
)

type demo struct {
	// example is the file of the graph, below the root of the repository
	// unless it is absolute.
	example string

	// once ends the demo as soon as the graph is Ready.
	once bool

	// timeout for the graph to become Ready.
	timeout time.Duration
}

func main() {
	d := demo{}

	flag.StringVar(&d.example, "example", "examples/disaggregated/vllm.yaml", "file with the graph to create")
	flag.BoolVar(&d.once, "once", false, "end as soon as the graph is Ready")
	flag.DurationVar(&d.timeout, "timeout", 2*time.Minute, "how long the graph may take to become Ready")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := d.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // The signal handler ends with us.
	}
}

func (d demo) run(ctx context.Context) error {
	root, err := controlplane.FindRoot()
	if err != nil {
		return err
	}

	file := d.example
	if !filepath.IsAbs(file) {
		file = filepath.Join(root, file)
	}

	objs, err := controlplane.ReadObjects(file)
	if err != nil {
		return err
	}

	on, err := clusters(root, objs)
	if err != nil {
		return err
	}

	o, err := need(objs, on)
	if err != nil {
		return err
	}

	o.Log, o.Root = os.Stdout, root

	cp, err := controlplane.Start(ctx, o)
	if err != nil {
		return err
	}

	err = d.show(ctx, cp, on, objs)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		// Ctrl-C is how a demo ends.
		err = nil
	}

	fmt.Println("stopping")

	return errors.Join(err, cp.Stop())
}

func (d demo) show(ctx context.Context, cp *controlplane.ControlPlane, on, objs []*unstructured.Unstructured) error {
	if err := cp.InstallGraphplane(ctx); err != nil {
		return err
	}

	if err := d.createClusters(ctx, cp, on); err != nil {
		return err
	}

	graphs, err := d.createGraphs(ctx, cp, objs)
	if err != nil {
		return err
	}

	for _, g := range graphs {
		if err := trace(ctx, cp, g); err != nil {
			return err
		}
	}

	if d.once {
		return nil
	}

	advise(cp, graphs)

	select {
	case <-ctx.Done():
	case <-cp.Failed():
	}

	return nil
}
