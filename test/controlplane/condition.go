package controlplane

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Check returns an error that quotes the first of the named conditions which is
// not true in an object, and nil if all are.
func Check(u *unstructured.Unstructured, types ...string) error {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")

	for _, t := range types {
		status, detail := "missing", ""

		for _, c := range conditions {
			m, ok := c.(map[string]any)
			if !ok || m["type"] != t {
				continue
			}

			status, _ = m["status"].(string)
			detail = fmt.Sprintf(" (%v: %v)", m["reason"], m["message"])
		}

		if status != "True" {
			return fmt.Errorf("%s %q: condition %s is %s%s", u.GetKind(), u.GetName(), t, status, detail)
		}
	}

	return nil
}

// Wait until the named conditions of an object are true.
func (cl *Cluster) Wait(ctx context.Context, o *unstructured.Unstructured, types ...string) error {
	what := o.GetKind() + " " + o.GetName()

	return cl.super.wait(ctx, what, func(ctx context.Context) error {
		now, err := cl.Get(ctx, o)
		if err != nil {
			return err
		}

		return Check(now, types...)
	})
}
