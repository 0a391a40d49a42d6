package graph

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// orchestrator chooses what runs components of several nodes. Those of one node are Deployments, whatever is chosen, so
// no choice changes the kind of a workload. What was chosen once stays while it is left to us.
func (r *resolver) orchestrator() v1alpha1.Orchestrator {
	wants, multi := r.in.Spec.Orchestrator, false
	at := r.spec.Child("orchestrator")
	if wants == v1alpha1.OrchestratorGrove {
		r.Unsupported(at, "use Auto, Deployment or LeaderWorkerSet")
		return wants
	}
	for i, c := range r.in.Spec.Components {
		if ptr.Deref(c.NodeCount, 1) <= 1 {
			continue
		}
		multi = true
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
	case wants == v1alpha1.OrchestratorLeaderWorkerSet, multi:
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
