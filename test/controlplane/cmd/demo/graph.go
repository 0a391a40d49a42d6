package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane"
)

// graphKind is the kind whose readiness is shown.
const graphKind = "InferenceGraph"

// createClusters tells Graphplane of the clusters that the graphs run on.
func (d demo) createClusters(ctx context.Context, cp *controlplane.ControlPlane, objs []*unstructured.Unstructured) error {
	if err := cp.Apply(ctx, "", objs...); err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()

	for _, o := range objs {
		if err := cp.Wait(ctx, o, "Ready"); err != nil {
			return err
		}

		fmt.Printf("%s %s is Ready\n", o.GetKind(), o.GetName())
	}

	return nil
}

// needSystems returns whether a graph uses etcd or NATS.
func needSystems(objs []*unstructured.Unstructured) bool {
	for _, o := range objs {
		for field, system := range map[string]string{"discovery": "etcd", "requestPlane": "nats", "eventPlane": "nats"} {
			if v, _, _ := unstructured.NestedString(o.Object, "spec", "runtime", field); v == system {
				return true
			}
		}
	}

	return false
}

// createGraphs creates objects, with their namespaces, and shows how the graphs
// among them become Ready.
func (d demo) createGraphs(ctx context.Context, cp *controlplane.ControlPlane, objs []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var graphs []*unstructured.Unstructured

	for _, o := range objs {
		if o.GetNamespace() != "" {
			if err := cp.Apply(ctx, "", namespace(o.GetNamespace())); err != nil {
				return nil, err
			}
		}

		if err := cp.Apply(ctx, "default", o); err != nil {
			return nil, err
		}

		fmt.Printf("\n%s %s created in namespace %s\n", o.GetKind(), o.GetName(), o.GetNamespace())

		if o.GetKind() == graphKind {
			graphs = append(graphs, o)
		}
	}

	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()

	for _, g := range graphs {
		if err := follow(ctx, cp, g); err != nil {
			return nil, err
		}
	}

	return graphs, nil
}

func namespace(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
}

// follow a graph until it is Ready, with a line for every change of its state or
// of what it is composed of.
func follow(ctx context.Context, cp *controlplane.ControlPlane, graph *unstructured.Unstructured) error {
	begin := time.Now()
	said := map[string]string{}

	for {
		g, err := cp.Get(ctx, graph)
		if err != nil {
			return err
		}

		for _, l := range states(ctx, cp, g) {
			if said[l.name] != l.state {
				said[l.name] = l.state
				fmt.Printf("  %5.1fs  %-55s %s\n", time.Since(begin).Seconds(), l.name, l.state)
			}
		}

		notReady := controlplane.Check(g, "Synced", "Ready")
		if notReady == nil {
			fmt.Printf("%s %s is Ready after %.1fs\n\n", graphKind, g.GetName(), time.Since(begin).Seconds())
			return nil
		}

		select {
		case <-cp.Failed():
			return fmt.Errorf("cannot wait for %s: %w", g.GetName(), cp.Err())
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for %s: %w: %w", g.GetName(), ctx.Err(), notReady)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// trace prints the tree of a graph, by the Crossplane CLI.
func trace(ctx context.Context, cp *controlplane.ControlPlane, g *unstructured.Unstructured) error {
	cmd := exec.CommandContext(ctx, cp.CLI, traceArgs(g)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cp.Kubeconfig)
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot trace %s: %w", g.GetName(), err)
	}

	return nil
}

func traceArgs(g *unstructured.Unstructured) []string {
	return []string{"resource", "trace", "inferencegraph.graphplane.io", g.GetName(), "--namespace=" + g.GetNamespace()}
}

// advise prints what to try next.
func advise(cp *controlplane.ControlPlane, graphs []*unstructured.Unstructured) {
	fmt.Printf("\nTry, in another terminal:\n\n  export KUBECONFIG=%s\n  kubectl get inferencegraphs -A\n", cp.Kubeconfig)

	for _, g := range graphs {
		fmt.Printf("  kubectl -n %s get pods -o wide\n", g.GetNamespace())
		fmt.Printf("  kubectl -n %s edit inferencegraph %s\n", g.GetNamespace(), g.GetName())
		fmt.Printf("  %s %s\n", cp.CLI, strings.Join(traceArgs(g), " "))
	}

	fmt.Println("\nCtrl-C stops everything.")
}
