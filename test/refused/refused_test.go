package refused

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/render"
	"github.com/graphplane/graphplane/function/schema"
)

// TestCases asks the definitions and the function. The end-to-end suite asks a control plane.
func TestCases(t *testing.T) {
	kinds, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Cases("team-a")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, o := range []*unstructured.Unstructured{c.Before, c.Cluster} {
				if o == nil {
					continue
				}
				if errs := kinds.Admit(t.Context(), o.DeepCopy(), nil); len(errs) > 0 {
					t.Fatalf("%s is refused before: %v", o.GetKind(), errs.ToAggregate())
				}
			}
			o := c.Object.DeepCopy()
			errs := kinds.Admit(t.Context(), o, c.Before)
			switch c.By {
			case APIServer:
				if len(errs) == 0 {
					t.Fatalf("the API server accepts it, and the function says: %s", refusal(t.Context(), t, renderer, o, c))
				}
				for _, e := range errs {
					if strings.HasPrefix(e.Field, c.Field) && strings.Contains(e.Error(), c.Message) {
						return
					}
				}
				t.Errorf("want %q at %q, got:\n%v", c.Message, c.Field, errs)
			case Function:
				if len(errs) > 0 {
					t.Fatalf("the API server refuses it: %v", errs)
				}
				got := refusal(t.Context(), t, renderer, o, c)
				if !strings.Contains(got, c.Field+": ") && c.Field != "" || !strings.Contains(got, c.Message) {
					t.Errorf("want %q at %q, got:\n%s", c.Message, c.Field, got)
				}
			}
		})
	}
	if len(cases) < 40 {
		t.Errorf("%d cases, want 40 at least", len(cases))
	}
}

func refusal(ctx context.Context, t *testing.T, r *render.Renderer, o *unstructured.Unstructured, c Case) string {
	t.Helper()
	req := render.Request{Composite: o}
	if c.Cluster != nil {
		req.Required = []unstructured.Unstructured{*c.Cluster}
	}
	for _, e := range c.Exist {
		req.Required = append(req.Required, *e)
	}
	_, err := r.Render(ctx, req)
	if refusal := (&render.Refusal{}); errors.As(err, &refusal) {
		return refusal.Message
	}
	if err != nil {
		t.Fatal(err)
	}
	return "nothing"
}
