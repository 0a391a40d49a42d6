package cloud

import (
	"cmp"

	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// The taint of every GPU node. GKE adds it itself, and pods of all clouds tolerate its key.
const (
	TaintKey   = "nvidia.com/gpu"
	TaintValue = "present"
)

// A ProviderConfigReference names the configuration of a provider.
type ProviderConfigReference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// ProviderConfig is the reference, or Crossplane's default where there is none.
func ProviderConfig(r *v1alpha1.CloudProviderConfigReference) ProviderConfigReference {
	in := ptr.Deref(r, v1alpha1.CloudProviderConfigReference{})
	return ProviderConfigReference{Kind: cmp.Or(in.Kind, "ClusterProviderConfig"), Name: cmp.Or(in.Name, "default")}
}

// Policies of what is composed: all but late initialization, which would write what an autoscaler moves into our spec.
func Policies() []string { return []string{"Observe", "Create", "Update", "Delete"} }
