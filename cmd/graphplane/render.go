package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

type renderCmd struct {
	inputs

	Output string `default:"yaml" enum:"yaml,json" help:"Print a YAML stream or one JSON List." short:"o"`
}

// Help is shown below the usage.
func (*renderCmd) Help() string {
	return "With --observed, the next step is printed, else all that the finished graph holds. " + gettingObserved
}

// Run prints the objects of every subject, or nothing if one of them is refused.
func (c *renderCmd) Run(ctx context.Context, s *streams) error {
	inv, observed, err := c.read(s)
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

// renderAll renders every subject. Refusals, warnings and removals go to the error stream.
func renderAll(ctx context.Context, s *streams, renderer *render.Renderer, inv *inventory, observed []unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	err := inv.each(s, observed, "rendered", func(d *document, req render.Request) error {
		r, err := renderer.Render(ctx, req)
		if err != nil {
			return err
		}
		for _, w := range r.Warnings {
			_, _ = fmt.Fprintf(s.err, "%s: warning: %s\n", d, w)
		}
		for i := range r.Removed {
			_, _ = fmt.Fprintf(s.err, "%s: %s %q is deleted\n", d, r.Removed[i].GetKind(), r.Removed[i].GetName())
		}
		out = append(out, r.Composed...)
		return nil
	})
	return out, err
}
