package compose

import (
	"k8s.io/apimachinery/pkg/api/meta"

	protectionv1beta1 "github.com/crossplane/crossplane/apis/v2/protection/v1beta1"

	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/cloud/aks"
	"github.com/graphplane/graphplane/function/cloud/eks"
	"github.com/graphplane/graphplane/function/cloud/gke"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

// An end is one of the two objects of a Usage.
type end struct {
	apiVersion, kind, name string
}

// poolUsage keeps the nodes that a component's pods run on until its workload is gone. When a graph is deleted, all that
// it is composed of is deleted at once, and nodes that go first take pods with them that are still to finish requests.
//
// There is one for each component, whatever nodes the pool is now: a Usage that was composed goes only after what uses, so
// one of older nodes could not be removed while the workload goes on elsewhere. What it is of can change.
func poolUsage(g *graph.Graph, c *graph.Component, workload Resource) []Resource {
	p := g.Pool(c)
	if p == nil {
		return nil
	}
	by, err := meta.Accessor(workload.Object)
	if err != nil {
		return nil
	}
	gvk := workload.Object.GetObjectKind().GroupVersionKind()
	nodes := nodesEnd(g, p.Active().Name)
	r := usage(g, PoolUsageResource(c), nodes, end{gvk.GroupVersion().String(), gvk.Kind, by.GetName()}, "Pods run on these nodes")
	r.After = []string{workload.Name}
	return []Resource{r}
}

// PoolUsageResource is the name of the resource that protects the nodes of a component.
func PoolUsageResource(c *graph.Component) string { return "usage.nodepool." + c.Key }

// nodesEnd are nodes by their name.
func nodesEnd(g *graph.Graph, name string) end {
	switch g.Cluster.Provider() {
	case cloud.EKS:
		return end{eks.APIVersion, eks.KindNodeGroup, name}
	case cloud.GKE:
		return end{gke.APIVersion, gke.KindNodePool, name}
	case cloud.AKS:
		return end{aks.APIVersion, aks.KindNodePool, name}
	}
	return end{}
}

// groupUsage keeps what a node group is made with until it is gone.
func groupUsage(g *graph.Graph, name string, of, group Resource) Resource {
	gvk := of.Object.GetObjectKind().GroupVersionKind()
	nodes := group.Object.GetObjectKind().GroupVersionKind()
	r := usage(g, "usage."+of.Name, end{gvk.GroupVersion().String(), gvk.Kind, name}, end{nodes.GroupVersion().String(), nodes.Kind, name}, "A node group is made with it")
	r.After = []string{of.Name, group.Name}
	return r
}

func usage(g *graph.Graph, name string, of, by end, reason string) Resource {
	return Resource{
		Name: name,
		Object: &protectionv1beta1.Usage{
			TypeMeta:   typeMeta(protectionv1beta1.SchemeGroupVersion.String(), "Usage"),
			ObjectMeta: objectMeta(g, ""),
			Spec: protectionv1beta1.UsageSpec{
				Of: protectionv1beta1.NamespacedResource{
					APIVersion: of.apiVersion, Kind: of.kind, ResourceRef: &protectionv1beta1.NamespacedResourceRef{Name: of.name},
				},
				By:     &protectionv1beta1.Resource{APIVersion: by.apiVersion, Kind: by.kind, ResourceRef: &protectionv1beta1.ResourceRef{Name: by.name}},
				Reason: new(reason),
				// Without it, the garbage collector tries again only after minutes.
				ReplayDeletion: new(true),
			},
		},
		Ready: ready.Exists,
	}
}
