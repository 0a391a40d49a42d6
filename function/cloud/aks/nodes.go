package aks

import (
	"cmp"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// Label and taint of spot nodes. AKS sets both itself, and the provider takes what is not declared for drift.
// https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/kubernetes_cluster_node_pool
const (
	SpotKey   = "kubernetes.azure.com/scalesetpriority"
	SpotValue = "spot"
)

// Pool is the node pool of nodes. AKS taints no GPU nodes by itself. One pool is one scale set, and one InfiniBand fabric.
func Pool(c *v1alpha1.AKS, n *cloud.Nodes, meta metav1.ObjectMeta) *NodePool {
	p := Parameters{
		KubernetesClusterID: c.ClusterID, VMSize: n.Machine.Name, Mode: "User",
		// Drivers of InfiniBand are for Ubuntu.
		OSType: "Linux", OSSKU: "Ubuntu", OSDiskSizeGB: n.DiskGiB,
		AutoScalingEnabled: new(true), MinCount: new(n.Min), MaxCount: new(n.Max),
		GPUDriver:    cmp.Or(c.GPUDriver, "Install"),
		NodeLabels:   map[string]string{},
		NodeTaints:   taints(n),
		Priority:     "Regular",
		VNetSubnetID: c.SubnetID, Zones: n.Zones,
		Tags: map[string]string{"graphplane-node-pool": n.Name},

		CapacityReservationGroupID: n.Reservation,
	}
	if n.MIG != "" {
		p.GPUInstance = "MIG" + n.MIG
	}
	if n.Fabric {
		p.ProximityPlacementGroupID = c.ProximityPlacementGroupID
	}
	maps.Copy(p.NodeLabels, n.Labels)
	p.NodeLabels[v1alpha1.LabelNodePool] = n.Name
	if n.Capacity == v1alpha1.CapacitySpot {
		// -1 is the price on demand.
		p.Priority, p.EvictionPolicy, p.SpotMaxPrice = "Spot", "Delete", new(int64(-1))
		p.NodeLabels[SpotKey] = SpotValue
	}
	return &NodePool{
		TypeMeta:   metav1.TypeMeta{APIVersion: APIVersion, Kind: KindNodePool},
		ObjectMeta: meta,
		Spec:       Spec{ForProvider: p, ManagementPolicies: cloud.Policies(), ProviderConfigRef: cloud.ProviderConfig(c.ProviderConfigRef)},
	}
}

func taints(n *cloud.Nodes) []string {
	out := []string{taint(corev1.Taint{Key: cloud.TaintKey, Value: cloud.TaintValue, Effect: corev1.TaintEffectNoSchedule})}
	if n.Capacity == v1alpha1.CapacitySpot {
		out = append(out, taint(corev1.Taint{Key: SpotKey, Value: SpotValue, Effect: corev1.TaintEffectNoSchedule}))
	}
	for _, t := range n.Taints {
		out = append(out, taint(t))
	}
	return out
}

func taint(t corev1.Taint) string {
	return fmt.Sprintf("%s=%s:%s", t.Key, t.Value, t.Effect)
}
