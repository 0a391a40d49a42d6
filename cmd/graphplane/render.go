package main

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

type renderCmd struct {
	Files     []string `arg:""                help:"Files of InferenceGraphs and InferenceClusters, - for the standard input." name:"file"`
	Output    string   `default:"yaml"        enum:"yaml,json"                                                                 help:"Print a YAML stream or one JSON List."                         short:"o"`
	Cluster   []string `help:"File of the InferenceCluster that graphs name in spec.clusterRef. It may hold Namespaces too, which own claims that outlive their graph, and provider configs and Endpoints of etcd and NATS systems." placeholder:"FILE"`
	Observed  []string `help:"File of the objects that exist, as kubectl get -o yaml or -o json prints them. What is printed is then the next step, else all that the finished graph holds." placeholder:"FILE"`
	Namespace string   `default:"default"     help:"Namespace of graphs that name none."                                       short:"n"`
}

// Help is shown below the usage.
func (*renderCmd) Help() string {
	return "A Namespace that no file holds has the UID " + render.NamespaceUID + "."
}

// Run prints the objects of every subject, or nothing if one of them is refused.
func (c *renderCmd) Run(ctx context.Context, s *streams) error {
	inv, err := take(s, c.Files, c.Cluster, c.Namespace)
	if err != nil {
		return err
	}
	observed, err := c.observed(s)
	if err != nil {
		return err
	}
	kinds, err := schema.New()
	if err != nil {
		return err
	}
	renderer, err := render.New()
	if err != nil {
		return err
	}
	inv.admit(ctx, kinds)
	if n := inv.report(s); n > 0 {
		return errors.Errorf("refused for %s: nothing is rendered", count(n, "error"))
	}
	out, err := renderAll(ctx, s, renderer, inv, observed)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return manifest.JSON(s.out, out)
	}
	return manifest.YAML(s.out, out)
}

// observed are the objects that exist, nil when no file says so.
func (c *renderCmd) observed(s *streams) ([]unstructured.Unstructured, error) {
	if len(c.Observed) == 0 {
		return nil, nil
	}
	docs, err := load(s, c.Observed...)
	return objects(docs), err
}

// renderAll renders every subject. Refusals, warnings and removals go to the error stream.
func renderAll(ctx context.Context, s *streams, renderer *render.Renderer, inv *inventory, observed []unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	refused := false
	required := slices.Concat(objects(inv.clusters), inv.namespaces, inv.systems)
	subjects := slices.Concat(inv.clusters[:inv.subjects], inv.graphs)
	for i := range subjects {
		d := &subjects[i]
		r, err := renderer.Render(ctx, render.Request{Composite: &d.object, Required: required, Observed: observed})
		if refusal := (&render.Refusal{}); errors.As(err, &refusal) {
			refused = true
			_, _ = fmt.Fprintf(s.err, "%s: %s\n", d, refusal.Message)
			continue
		}
		if err != nil {
			return nil, errors.Wrap(err, d.String())
		}
		notes(s, inv, d, r)
		out = append(out, r.Composed...)
	}
	if refused {
		return nil, errors.New("refused: nothing is rendered")
	}
	return out, nil
}

// notes are what a user should know beside the objects.
func notes(s *streams, inv *inventory, d *document, r *render.Result) {
	for _, w := range r.Warnings {
		_, _ = fmt.Fprintf(s.err, "%s: warning: %s\n", d, w)
	}
	for i := range r.Removed {
		_, _ = fmt.Fprintf(s.err, "%s: %s %q is deleted\n", d, r.Removed[i].GetKind(), r.Removed[i].GetName())
	}
	name, _, _ := unstructured.NestedString(d.object.Object, "spec", "clusterRef", "name")
	if _, ok := inv.cluster(name); !ok && len(inv.clusters) > 0 && d.object.GetKind() == v1alpha1.InferenceGraphKind {
		_, _ = fmt.Fprintf(s.err, "%s: warning: no file holds InferenceCluster %q, which it runs on: built-in defaults are used\n", d, name)
	}
}

func objects(docs []document) []unstructured.Unstructured {
	out := make([]unstructured.Unstructured, len(docs))
	for i := range docs {
		out[i] = docs[i].object
	}
	return out
}
