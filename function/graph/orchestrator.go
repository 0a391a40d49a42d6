package graph

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// orchestrator chooses what runs the components. Grove runs all of a graph as one object, so a running graph neither comes
// to it nor leaves it. Otherwise components of one node are Deployments, whatever is chosen for those of several, so that no
// choice changes the kind of a workload. What was chosen once stays while it is left to us.
func (r *resolver) orchestrator() v1alpha1.Orchestrator {
	const grove = v1alpha1.OrchestratorGrove
	wants, before := r.in.Spec.Orchestrator, r.in.Orchestrator
	at := r.spec.Child("orchestrator")
	switch {
	case wants == grove && before != "" && before != grove:
		r.Add(field.Invalid(at, string(wants), fmt.Sprintf("the graph was made with %s, and Grove would replace all that runs: set it back, or create another graph", before)))
		return wants
	case before == grove && wants != grove && wants != v1alpha1.OrchestratorAuto && wants != "":
		r.Add(field.Invalid(at, string(wants), "the graph was made with Grove, and another would replace all that runs: set it to Grove or Auto, or create another graph"))
		return wants
	case wants == grove, before == grove, r.prefersGrove():
		if !r.has(grove) {
			r.Add(field.Invalid(at, string(grove), r.without(grove)+", or use Auto"))
		}
		r.Add(r.grove()...)
		return grove
	}
	return r.withoutGrove()
}

// prefersGrove reports whether Grove is chosen for a new graph that leaves the choice to us: where the cluster names it
// before LeaderWorkerSet, and it can run the graph.
func (r *resolver) prefersGrove() bool {
	if w := r.in.Spec.Orchestrator; r.in.Orchestrator != "" || (w != "" && w != v1alpha1.OrchestratorAuto) || !r.multinode() {
		return false
	}
	all := r.in.Cluster.Capabilities.Orchestrators
	grove, lws := slices.Index(all, v1alpha1.OrchestratorGrove), slices.Index(all, v1alpha1.OrchestratorLeaderWorkerSet)
	return grove >= 0 && (lws < 0 || (grove < lws && len(r.grove()) == 0))
}

// multinode reports whether a component spans several nodes.
func (r *resolver) multinode() bool {
	return slices.ContainsFunc(r.in.Spec.Components, func(c v1alpha1.Component) bool { return ptr.Deref(c.NodeCount, 1) > 1 })
}

// withoutGrove chooses between Deployments and LeaderWorkerSet.
func (r *resolver) withoutGrove() v1alpha1.Orchestrator {
	wants := r.in.Spec.Orchestrator
	at := r.spec.Child("orchestrator")
	for i, c := range r.in.Spec.Components {
		if ptr.Deref(c.NodeCount, 1) <= 1 {
			continue
		}
		nodeCount := r.spec.Child("components").Index(i).Child("nodeCount")
		switch {
		case wants == v1alpha1.OrchestratorDeployment:
			r.Add(field.Invalid(nodeCount, *c.NodeCount, "a replica of a Deployment runs on one node: set spec.orchestrator to Auto, or remove nodeCount"))
		case wants != v1alpha1.OrchestratorLeaderWorkerSet && !r.has(v1alpha1.OrchestratorLeaderWorkerSet):
			r.Add(field.Invalid(nodeCount, *c.NodeCount, r.without(v1alpha1.OrchestratorLeaderWorkerSet)+", or remove nodeCount"))
		}
	}
	switch {
	case wants == v1alpha1.OrchestratorLeaderWorkerSet && !r.has(wants):
		r.Add(field.Invalid(at, string(wants), r.without(wants)+", or use Auto"))
		return wants
	case wants == v1alpha1.OrchestratorLeaderWorkerSet, r.multinode():
		return v1alpha1.OrchestratorLeaderWorkerSet
	case wants != v1alpha1.OrchestratorDeployment && r.in.Orchestrator != "":
		return r.in.Orchestrator
	}
	return v1alpha1.OrchestratorDeployment
}

// has reports whether the cluster has an orchestrator.
func (r *resolver) has(o v1alpha1.Orchestrator) bool {
	return slices.Contains(r.in.Cluster.Capabilities.Orchestrators, o)
}

// without says that the cluster does not have an orchestrator, and how it gets it.
func (r *resolver) without(o v1alpha1.Orchestrator) string {
	if r.in.Cluster.Name == "" {
		return fmt.Sprintf("needs %s, and there is no InferenceCluster to say that it is installed: install it, create InferenceCluster %q with %s in spec.capabilities.orchestrators", o, v1alpha1.LocalCluster, o)
	}
	return fmt.Sprintf("needs %s, which InferenceCluster %q does not have in spec.capabilities.orchestrators: install it and add it there", o, r.in.Cluster.Name)
}
