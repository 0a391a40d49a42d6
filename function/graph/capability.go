package graph

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// incapable refuses what needs something that the InferenceCluster does not say is installed.
func (r *resolver) incapable(at *field.Path, capability, mend string) {
	r.Add(field.Forbidden(at, fmt.Sprintf("needs spec.capabilities.%s of %s, which is not true: %s", capability, r.clusterName(), mend)))
}

// clusterName is how messages call the graph's cluster.
func (r *resolver) clusterName() string {
	name := r.in.Cluster.Name
	if name == "" {
		name = r.in.Spec.ClusterRef.Name
	}
	if name == "" {
		name = "local"
	}
	return fmt.Sprintf("InferenceCluster %q", name)
}
