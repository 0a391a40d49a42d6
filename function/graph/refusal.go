package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// maxShown is how many problems a message spells out.
const maxShown = 8

// A Refusal says why a graph cannot be composed. Its Error lists every problem with its field, sorted, at most maxShown
// of them.
type Refusal struct {
	// Reason is one of the reasons of v1alpha1.ConditionAccepted.
	Reason string
	Errors field.ErrorList
}

// Error lists the problems.
func (r *Refusal) Error() string {
	msgs := make([]string, 0, len(r.Errors))
	for _, e := range r.Errors {
		msgs = append(msgs, e.Error())
	}
	if n := len(msgs) - maxShown; n > 0 {
		msgs = append(msgs[:maxShown], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(msgs, "; ")
}

// problems collects what is wrong with a spec.
type problems struct {
	invalid, policy, unsupported field.ErrorList
}

// Add a problem of the spec itself.
func (p *problems) Add(errs ...*field.Error) {
	p.invalid = append(p.invalid, errs...)
}

// Violates adds a problem with the cluster's policy.
func (p *problems) Violates(at *field.Path, cluster, what, mend string) {
	name := "the built-in policy, which holds without an InferenceCluster,"
	if cluster != "" {
		name = fmt.Sprintf("the policy of InferenceCluster %q", cluster)
	}
	p.policy = append(p.policy, field.Forbidden(at, fmt.Sprintf("%s does not allow %s: %s", name, what, mend)))
}

// Unsupported adds a field that this version does not implement.
func (p *problems) Unsupported(at *field.Path, mend string) {
	p.unsupported = append(p.unsupported, unsupported(at, mend))
}

// unsupported says that this version does not implement a field.
func unsupported(at *field.Path, mend string) *field.Error {
	return field.Forbidden(at, "not implemented by this version of Graphplane: "+mend)
}

// count of all problems.
func (p *problems) count() int {
	return len(p.invalid) + len(p.policy) + len(p.unsupported)
}

// Refusal returns nil when there is no problem.
func (p *problems) Refusal() *Refusal {
	all := slices.Concat(p.invalid, p.policy, p.unsupported)
	if len(all) == 0 {
		return nil
	}
	reason := v1alpha1.ReasonInvalidSpec
	switch {
	case len(p.invalid) > 0:
	case len(p.policy) > 0:
		reason = v1alpha1.ReasonPolicyViolation
	default:
		reason = v1alpha1.ReasonUnsupportedField
	}
	slices.SortStableFunc(all, func(a, b *field.Error) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Detail, b.Detail))
	})
	return &Refusal{Reason: reason, Errors: all}
}
