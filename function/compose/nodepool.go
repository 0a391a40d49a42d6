package compose

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/cloud/aks"
	"github.com/graphplane/graphplane/function/cloud/eks"
	"github.com/graphplane/graphplane/function/cloud/gke"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// Names of the resources of node pools begin so. Each ends with the name of its nodes, so that those that the cloud
// cannot change into each other are different resources.
const (
	poolResource      = "nodepool."
	templateResource  = "launchtemplate."
	placementResource = "placementgroup."
)

// PoolResource is the name of the resource of a pool's nodes.
func PoolResource(pool, nodes string) string { return poolResource + pool + "." + nodes }

// TemplateResource is the name of the resource of the launch template of a pool's nodes.
func TemplateResource(pool, nodes string) string { return templateResource + pool + "." + nodes }

// NodePools are the cloud objects of the graph's node pools.
func NodePools(g *graph.Graph) []Resource {
	var out []Resource
	for i := range g.Pools {
		p := &g.Pools[i]
		switch c := g.Cluster.Cloud; {
		case c.EKS != nil:
			out = append(out, nodeGroup(g, p, c.EKS)...)
		case c.GKE != nil:
			n := &p.Current().Nodes
			out = append(out, Resource{
				Name: PoolResource(p.Name, n.Name), Object: gke.Pool(c.GKE, n, poolMeta(g, p)), Ready: ready.Cloud, Pool: p.Name,
			})
		case c.AKS != nil:
			n := &p.Current().Nodes
			out = append(out, Resource{
				Name: PoolResource(p.Name, n.Name), Object: aks.Pool(c.AKS, n, poolMeta(g, p)), Ready: ready.Cloud, Pool: p.Name,
			})
		}
	}
	return out
}

// nodeGroup is a node group of EKS, and what it needs before it.
func nodeGroup(g *graph.Graph, p *graph.Pool, c *v1alpha1.EKS) []Resource {
	n := &p.Current().Nodes
	var before []Resource
	group := Resource{
		Name:     PoolResource(p.Name, n.Name),
		Object:   eks.Group(c, n, poolMeta(g, p), graph.Subnets(c, n.Zones), templateVersion(p)),
		Ready:    ready.NodeGroup,
		HandOver: scalingConfig(n.Min, n.Max),
		Pool:     p.Name,
	}
	if eks.NeedsPlacement(n) {
		r := Resource{Name: placementResource + p.Name + "." + n.Name, Object: eks.Placed(c, n, poolMeta(g, p)), Ready: ready.Cloud}
		before = append(before, r)
		group.After = append(group.After, r.Name)
	}
	if eks.NeedsTemplate(c, n) {
		// The real name of a template is one of its fields, and EC2 gives its ID.
		m := poolMeta(g, p)
		delete(m.Annotations, meta.AnnotationKeyExternalName)
		r := Resource{Name: TemplateResource(p.Name, n.Name), Object: eks.Template(c, n, m), Ready: ready.LaunchTemplate}
		before = append(before, r)
		group.After = append(group.After, r.Name)
	}
	out := append(before, group) //nolint:gocritic // It is not used again.
	for _, r := range before {
		out = append(out, groupUsage(g, n.Name, r, group))
	}
	return out
}

// templateVersion is the version of the launch template that a node group is of. A template starts with 1.
func templateVersion(p *graph.Pool) string {
	return strconv.FormatInt(max(p.Capacity.TemplateVersion, 1), 10)
}

// poolMeta is the metadata of the objects of the nodes that a pool is now.
func poolMeta(g *graph.Graph, p *graph.Pool) metav1.ObjectMeta {
	n := &p.Current().Nodes
	m := objectMeta(g, n.Name)
	m.Labels[v1alpha1.LabelNodePool] = n.Name
	m.Annotations = map[string]string{
		meta.AnnotationKeyExternalName: n.ID,
		v1alpha1.AnnotationPool:        p.Name,
		v1alpha1.AnnotationRung:        strconv.Itoa(p.Capacity.Rung),
		v1alpha1.AnnotationNodes:       n.Record(),
	}
	return m
}

// scalingConfig brings the bounds of a node group to what they should be. An autoscaler moves its size, so all of
// scalingConfig is in initProvider, of which the provider takes no notice once the group exists: it would, if only the
// size were there. While the bounds that EKS reports are others, they are forced, with the size that the group has.
// https://github.com/crossplane/upjet/pull/728
func scalingConfig(least, most int32) func(desired, observed *structpb.Struct) {
	return func(desired, observed *structpb.Struct) {
		at := wire.Get(observed, "status", "atProvider", "scalingConfig").GetStructValue().GetFields()
		if at["minSize"] == nil || at["maxSize"] == nil || at["desiredSize"] == nil {
			return
		}
		if at["minSize"].GetNumberValue() == float64(least) && at["maxSize"].GetNumberValue() == float64(most) {
			return
		}
		size := min(max(at["desiredSize"].GetNumberValue(), float64(least)), float64(most))
		wire.Get(desired, "spec", "forProvider").GetStructValue().Fields["scalingConfig"] = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"minSize": structpb.NewNumberValue(float64(least)), "maxSize": structpb.NewNumberValue(float64(most)), "desiredSize": structpb.NewNumberValue(size),
		}})
	}
}

// ProviderOf is the cloud whose nodes a kind is, empty for every other kind.
func ProviderOf(apiVersion, kind string) cloud.Provider {
	switch (end{apiVersion: apiVersion, kind: kind}) {
	case end{apiVersion: eks.APIVersion, kind: eks.KindNodeGroup}:
		return cloud.EKS
	case end{apiVersion: gke.APIVersion, kind: gke.KindNodePool}:
		return cloud.GKE
	case end{apiVersion: aks.APIVersion, kind: aks.KindNodePool}:
		return cloud.AKS
	}
	return ""
}

// NodesKind is the kind of the cloud object of nodes.
func NodesKind(g *graph.Graph) string { return nodesEnd(g, "").kind }

// NodeCount is how many nodes the cloud reports, nil where it does not.
func NodeCount(o *structpb.Struct) *int32 {
	at := wire.Get(o, "status", "atProvider").GetStructValue()
	n := wire.Get(at, "nodeCount")
	if ProviderOf(wire.String(o, "apiVersion"), wire.String(o, "kind")) == cloud.EKS {
		n = wire.Get(at, "scalingConfig", "desiredSize")
	}
	if n == nil {
		return nil
	}
	return new(int32(n.GetNumberValue()))
}

// ScalingGroups are what an autoscaler scales of nodes, as the cloud tells. AKS tells of none.
func ScalingGroups(o *structpb.Struct) []string {
	at := wire.Get(o, "status", "atProvider").GetStructValue()
	var out []string
	for _, v := range wire.Get(at, "managedInstanceGroupUrls").GetListValue().GetValues() {
		out = append(out, v.GetStringValue())
	}
	for _, r := range wire.Get(at, "resources").GetListValue().GetValues() {
		for _, v := range wire.Get(r.GetStructValue(), "autoscalingGroups").GetListValue().GetValues() {
			out = append(out, wire.String(v.GetStructValue(), "name"))
		}
	}
	return out
}

// MadeWith is the name of the resource of the nodes that are made with another resource, or that such a resource is
// protected for. Empty for every other resource.
func MadeWith(name string) string {
	name = strings.TrimPrefix(name, "usage.")
	for _, prefix := range []string{templateResource, placementResource} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return poolResource + rest
		}
	}
	return ""
}
