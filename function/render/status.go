package render

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// status is the composite resource with nothing but its identity and what the function reports of it.
func status(xr *unstructured.Unstructured, rsp *fnv1.RunFunctionResponse) (*unstructured.Unstructured, error) {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	out.SetGroupVersionKind(xr.GroupVersionKind())
	out.SetNamespace(xr.GetNamespace())
	out.SetName(xr.GetName())

	desired, err := decode(rsp.GetDesired().GetComposite().GetResource())
	if err != nil {
		return nil, errors.Wrap(err, "cannot read the status")
	}
	s, ok := desired.Object["status"].(map[string]any)
	if !ok {
		s = map[string]any{}
	}
	if cs := conditions(rsp); len(cs) > 0 {
		s["conditions"] = cs
	}
	if len(s) > 0 {
		out.Object["status"] = s
	}
	return out, nil
}

// conditions that the function sets, by type.
func conditions(rsp *fnv1.RunFunctionResponse) []any {
	sorted := slices.Clone(rsp.GetConditions())
	slices.SortFunc(sorted, func(a, b *fnv1.Condition) int { return strings.Compare(a.GetType(), b.GetType()) })
	out := make([]any, 0, len(sorted))
	for _, c := range sorted {
		one := map[string]any{"type": c.GetType(), "status": conditionStatus(c.GetStatus()), "reason": c.GetReason()}
		if m := c.GetMessage(); m != "" {
			one["message"] = m
		}
		out = append(out, one)
	}
	return out
}

func conditionStatus(s fnv1.Status) string {
	switch s {
	case fnv1.Status_STATUS_CONDITION_TRUE:
		return "True"
	case fnv1.Status_STATUS_CONDITION_FALSE:
		return "False"
	case fnv1.Status_STATUS_CONDITION_UNKNOWN, fnv1.Status_STATUS_CONDITION_UNSPECIFIED:
	}
	return "Unknown"
}
