package function

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

const (
	// maxObservedBytes is the largest observed state beside which schemas are asked for: all that one graph can need take
	// some 1.2 MiB, 0.6 of them that of a LeaderWorkerSet with its two pod templates, and a request may have 4.
	maxObservedBytes = 2 << 20

	// look is how soon a graph is looked at again that needs what is not installed. Crossplane v2.4 watches definitions.
	look = 30 * time.Second
)

// An absence is what the cluster does not serve.
type absence struct {
	// held are the verdicts on the items that do not appear yet, by name. Some says that kinds are why.
	held map[string]ready.Verdict
	some bool

	// says what is missing, sorted. Empty while Crossplane has not looked.
	says []string

	// schemas says that the request holds schemas, or is about to.
	schemas bool
}

// served takes items away that are about to appear as the first of a kind that the cluster does not serve. Crossplane would
// fail to apply them, and then apply nothing that comes after, with an error that names no mend. What runs is not asked
// about, so that at rest nothing is required.
//
// Crossplane reads schemas from a cache, which is as much as an hour behind when it is filled between the moment that a
// definition is established and that at which the API server publishes its schema. So where there is no schema, the
// definition decides, which Crossplane watches besides. It is not what is asked for first: Crossplane would hold every
// definition of the cluster in memory for it.
func served(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, to *remote.Target, items []*item) ([]*item, *absence, error) {
	out := &absence{held: map[string]ready.Verdict{}}
	if !wire.Schemas(req) || wire.ObservedSize(req) > maxObservedBytes {
		return items, out, nil
	}
	kinds, err := firsts(items, to)
	if err != nil {
		return nil, nil, err
	}
	missing := map[schema.GroupVersionKind]string{}
	for _, gvk := range slices.SortedFunc(maps.Keys(kinds), func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) }) {
		says, known := out.find(req, rsp, gvk)
		switch {
		case !known:
			missing[gvk] = "Waiting to know what the cluster serves"
		case says != "":
			missing[gvk] = says
			out.says = append(out.says, says)
		}
	}
	now := make([]*item, 0, len(items))
	for _, i := range items {
		gvk, _, _, err := to.Address(i.Resource)
		if err != nil {
			return nil, nil, err
		}
		if says, ok := missing[gvk]; ok && i.observed == nil {
			out.held[i.Name], out.some = ready.Verdict{Message: says}, true
			continue
		}
		now = append(now, i)
	}
	if len(out.says) > 0 {
		shorten(rsp, look)
	}
	return now, out, nil
}

// firsts are the kinds of which the first objects are about to appear, and which the API server does not serve of itself.
func firsts(items []*item, to *remote.Target) (map[schema.GroupVersionKind]bool, error) {
	out, there := map[schema.GroupVersionKind]bool{}, map[schema.GroupVersionKind]bool{}
	for _, i := range items {
		gvk, _, _, err := to.Address(i.Resource)
		if err != nil {
			return nil, err
		}
		if i.observed != nil {
			there[gvk] = true
		} else if !builtin(gvk.Group) {
			out[gvk] = true
		}
	}
	maps.DeleteFunc(out, func(gvk schema.GroupVersionKind, _ bool) bool { return there[gvk] })
	return out, nil
}

// builtin reports whether the API server serves a group of itself.
func builtin(group string) bool {
	switch group {
	case "", "apiextensions.k8s.io", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io":
		return true
	}
	return false
}

// find says what is missing of a kind, empty for nothing, and whether Crossplane has looked.
func (a *absence) find(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, gvk schema.GroupVersionKind) (says string, known bool) {
	resolved, found := wire.RequireSchema(req, rsp, "kind:"+gvk.GroupKind().String(), gvk.GroupVersion().String(), gvk.Kind)
	a.schemas = a.schemas || found || !resolved
	if !resolved || found {
		return "", resolved
	}
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	name := plural.GroupResource().String()
	definition := wire.Require(req, rsp, "definition:"+gvk.GroupKind().String(), "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name)
	// A kind that every API server serves tells whether anyone looks for schemas: tools that render do not.
	looked, looks := wire.RequireSchema(req, rsp, "kind:any", "coordination.k8s.io/v1", "Lease")
	switch {
	case !definition.Resolved || !looked:
		return "", false
	case !looks:
		return "", true
	case definition.Object == nil:
		return fmt.Sprintf("%s of %s is not installed: install what brings the CustomResourceDefinition %s", gvk.Kind, gvk.GroupVersion(), name), true
	case !serves(definition.Object, gvk.Version):
		return fmt.Sprintf("%s of %s is not served: the CustomResourceDefinition %s does not serve %s, or is not established. Install a release that does", gvk.Kind, gvk.GroupVersion(), name, gvk.Version), true
	}
	return "", true
}

// serves reports whether the API server serves a version of a definition.
func serves(definition *structpb.Struct, version string) bool {
	return ready.Condition(definition, "Established") == "True" &&
		slices.ContainsFunc(wire.Get(definition, "spec", "versions").GetListValue().GetValues(), func(v *structpb.Value) bool {
			s := v.GetStructValue()
			return wire.String(s, "name") == version && wire.Get(s, "served").GetBoolValue()
		})
}

// conclude sets the condition on kinds, where one is missing or was. It comes after the composite resource is desired.
func (a *absence) conclude(rsp *fnv1.RunFunctionResponse, xr *structpb.Struct) {
	switch {
	case len(a.says) > 0:
		response.ConditionFalse(rsp, v1alpha1.ConditionKindsServed, v1alpha1.ReasonNotInstalled).
			WithMessage(strings.Join(a.says, "; ")).TargetComposite()
	case ready.Condition(xr, v1alpha1.ConditionKindsServed) != "":
		response.ConditionTrue(rsp, v1alpha1.ConditionKindsServed, v1alpha1.ReasonInstalled).TargetComposite()
	}
	if a.some {
		// What is not desired is none of what Crossplane judges a graph by.
		rsp.Desired.Composite.Ready = fnv1.Ready_READY_FALSE
	}
}
