package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/plan"
	"github.com/graphplane/graphplane/function/render"
)

type planCmd struct {
	inputs

	Output           string `default:"text" enum:"text,json,yaml"                                                                             help:"Print for people, or every detail as JSON or YAML." short:"o"`
	DetailedExitcode bool   `help:"Exit with 2 where something would change, and with 0 where nothing would. Errors and refusals are 1, as always."`
}

// Help is shown below the usage.
func (*planCmd) Help() string {
	return `Without --observed, it is planned as if nothing existed. ` + gettingObserved
}

// changes is the error of a plan that changes something, for who asked to be told so.
type changes struct{}

func (changes) Error() string { return "something would change" }

// ExitCode of the command.
func (changes) ExitCode() int { return 2 }

// Run prints the plan of every subject, or nothing if one of them is refused.
func (c *planCmd) Run(ctx context.Context, s *streams) error {
	inv, observed, err := c.read(s)
	if err != nil {
		return err
	}
	if n, err := inv.check(ctx, s); n > 0 || err != nil {
		return cmp.Or(err, errors.Errorf("refused for %s: nothing is planned", count(n, "error")))
	}
	plans, err := planAll(ctx, s, inv, observed)
	if err != nil {
		return err
	}
	if err := c.print(s, plans); err != nil {
		return errors.Wrap(err, "cannot print")
	}
	if c.DetailedExitcode && slices.ContainsFunc(plans, (*plan.Plan).Changes) {
		return changes{}
	}
	return nil
}

func planAll(ctx context.Context, s *streams, inv *inventory, observed []unstructured.Unstructured) ([]*plan.Plan, error) {
	renderer, err := render.New()
	if err != nil {
		return nil, err
	}
	planner, err := plan.New(renderer)
	if err != nil {
		return nil, err
	}
	var out []*plan.Plan
	err = inv.each(s, observed, "planned", func(_ *document, req render.Request) error {
		p, err := planner.Plan(ctx, req)
		out = append(out, p)
		return err
	})
	return out, err
}

func (c *planCmd) print(s *streams, plans []*plan.Plan) error {
	var b []byte
	var err error
	switch c.Output {
	case "json":
		b, err = json.MarshalIndent(map[string]any{"plans": plans}, "", "  ")
		b = append(b, '\n')
	case "yaml":
		b, err = yaml.Marshal(map[string]any{"plans": plans})
	default:
		texts := make([]string, len(plans))
		for i, p := range plans {
			texts[i] = p.Text()
		}
		b = []byte(strings.Join(texts, "\n"))
	}
	if err != nil {
		return err
	}
	_, err = s.out.Write(b)
	return err
}
