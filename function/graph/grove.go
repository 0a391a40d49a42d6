package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// grove are the reasons for which Grove cannot run a graph.
func (r *resolver) grove() field.ErrorList {
	var out field.ErrorList
	if r.in.Cluster.Access.Source == v1alpha1.AccessRemote {
		out = append(out, field.Forbidden(r.spec.Child("orchestrator"), "what Grove makes tells how far a graph is rolled out, and nothing is read of another cluster but what is composed: use Auto, Deployment or LeaderWorkerSet"))
	}
	if g := r.in.Spec.Gang; g != nil && g.Scheduler == v1alpha1.SchedulerVolcano {
		out = append(out, field.Forbidden(r.spec.Child("gang", "scheduler"), "Grove forms gangs for kai: use kai or default, or orchestrator LeaderWorkerSet"))
	}
	if d := r.in.Cluster.Defaults.TerminationDelay; d != nil && d.Duration <= 0 {
		out = append(out, field.Invalid(r.spec.Child("orchestrator"), string(v1alpha1.OrchestratorGrove), "spec.defaults.terminationDelay of "+r.clusterName()+" must be more than 0, as 15m: correct it there"))
	}
	for i := range r.in.Spec.Components {
		c, at := &r.in.Spec.Components[i], r.spec.Child("components").Index(i)
		out = append(out, groveComponent(c, at)...)
		out = append(out, grovePod(c, at)...)
	}
	return append(out, r.groveNames()...)
}

// groveComponent are the reasons for which Grove cannot run a component.
func groveComponent(c *v1alpha1.Component, at *field.Path) field.ErrorList {
	var out field.ErrorList
	if c.Type == v1alpha1.TypePlanner {
		out = append(out, unsupported(at.Child("type"), "use orchestrator Auto, Deployment or LeaderWorkerSet with a planner"))
	}
	if c.Replicas != nil && *c.Replicas == 0 {
		out = append(out, field.Invalid(at.Child("replicas"), 0, "Grove runs at least one replica of each component: use 1 or more, or orchestrator LeaderWorkerSet"))
	}
	if c.Strategy != nil {
		out = append(out, field.Forbidden(at.Child("strategy"), "is for Deployments, and Grove replaces one replica after the other: remove it"))
	}
	if s := c.Scaling; s != nil && s.Min != nil && *s.Min == 0 {
		out = append(out, field.Invalid(at.Child("scaling", "min"), 0, "Grove runs at least one replica of each component: use 1 or more, or orchestrator LeaderWorkerSet"))
	}
	return out
}

// grovePod are the parts of a component's pod that the webhook of Grove refuses.
func grovePod(c *v1alpha1.Component, at *field.Path) field.ErrorList {
	if c.PodTemplate == nil {
		return nil
	}
	var out field.ErrorList
	s, at := &c.PodTemplate.Spec, at.Child("podTemplate", "spec")
	if len(s.TopologySpreadConstraints) > 0 {
		out = append(out, field.Forbidden(at.Child("topologySpreadConstraints"), "Grove places pods by gangs and takes none: remove it, or use affinity"))
	}
	if s.NodeName != "" {
		out = append(out, field.Forbidden(at.Child("nodeName"), "Grove leaves the choice of nodes to a scheduler: use nodeSelector"))
	}
	if s.RestartPolicy == corev1.RestartPolicyOnFailure {
		out = append(out, field.NotSupported(at.Child("restartPolicy"), s.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyNever}))
	}
	return out
}

// groveNames are the names that Grove cannot build others of.
func (r *resolver) groveNames() field.ErrorList {
	var out field.ErrorList
	cliques := r.cliques()
	for i := range r.in.Spec.Components {
		c, at := &r.in.Spec.Components[i], r.spec.Child("components").Index(i).Child("name")
		n := len(r.in.Name) + len(c.Name)
		if ptr.Deref(c.NodeCount, 1) > 1 {
			n += len(names.WorkerClique(c.Name))
		}
		if n > names.MaxClique {
			out = append(out, field.Invalid(at, c.Name, fmt.Sprintf("with metadata.name it makes names of Grove of %d characters, of %d that are allowed: shorten one of them", n, names.MaxClique)))
		}
		if c.Name == "0" {
			out = append(out, field.Invalid(at, c.Name, "its Service would have the name of one that Grove makes: rename it"))
		}
		if other := r.mistaken(cliques, c); other != "" {
			out = append(out, field.Invalid(at, c.Name, fmt.Sprintf("Grove takes it for %q, since it finds what its pods are made of by how their names end: rename one of the two", other)))
		}
	}
	return out
}

// mistaken is the clique that Grove takes one of a component for, empty for none. It finds the template of a PodClique as
// the first whose name the PodClique's ends with:
// https://github.com/ai-dynamo/grove/blob/main/operator/internal/controller/podcliqueset/components/podclique/podclique.go
func (r *resolver) mistaken(cliques []string, c *v1alpha1.Component) string {
	key := names.Key(c.Name)
	prefix, made := names.Clique(r.in.Name, ""), []string{key}
	if ptr.Deref(c.NodeCount, 1) > 1 {
		prefix, made = names.Clique(r.in.Name, key)+"-0-", []string{names.LeaderClique(key), names.WorkerClique(key)}
	}
	for _, clique := range made {
		first := slices.IndexFunc(cliques, func(n string) bool { return strings.HasSuffix(prefix+clique, n) })
		if cliques[first] != clique {
			return cliques[first]
		}
	}
	return ""
}

// cliques are the names of the cliques of all components, in the order they are composed in.
func (r *resolver) cliques() []string {
	var out []string
	for _, c := range r.in.Spec.Components {
		key := names.Key(c.Name)
		if ptr.Deref(c.NodeCount, 1) > 1 {
			out = append(out, names.LeaderClique(key), names.WorkerClique(key))
			continue
		}
		out = append(out, key)
	}
	slices.SortFunc(out, CompareCliques)
	return out
}

// CompareCliques puts cliques into the order that they are composed in: no name comes before one that it is the end of.
func CompareCliques(a, b string) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}
