// Command controlplane runs a control plane until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/graphplane/graphplane/test/controlplane"
)

func main() {
	keep := flag.Bool("keep", false, "keep the state directory, logs included")
	install := flag.Bool("install", false, "build and install Graphplane's packages and rights")
	systems := flag.Bool("systems", false, "run an etcd and a NATS system for graphs, with ClusterProviderConfigs if -install is given")
	debug := flag.Bool("debug", false, "make Crossplane log debug messages")
	clouds := flag.Bool("clouds", false, "play the clouds and their providers: node pools become nodes")
	remote := flag.Bool("remote", false, "run a second cluster, and provider-kubernetes that writes to it")
	flag.Parse()

	o := controlplane.Options{Log: os.Stderr, Keep: *keep, Clouds: *clouds, Remote: *remote, Systems: *systems}
	if *debug {
		o.CrossplaneArgs = []string{"--debug"}
	}

	if err := run(o, *install); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

func run(o controlplane.Options, install bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	cp, err := controlplane.Start(ctx, o)
	if err != nil {
		return err
	}

	if install {
		if err := cp.InstallGraphplane(ctx); err != nil {
			return errors.Join(err, cp.Stop())
		}
	}

	fmt.Printf("export KUBECONFIG=%s\n", cp.Kubeconfig)
	fmt.Fprintf(os.Stderr, "registry %s, Crossplane CLI %s; Ctrl-C stops everything\n", cp.Registry, cp.CLI)

	select {
	case <-ctx.Done():
	case <-cp.Failed():
	}

	return cp.Stop()
}
