package gke

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// reservationKey is by which GKE knows a reservation's name.
const reservationKey = "compute.googleapis.com/reservation-name"

// Pool is the node pool of nodes. What it must not combine is from the cluster toolkit:
// https://github.com/GoogleCloudPlatform/cluster-toolkit/blob/104708037/modules/compute/gke-node-pool/main.tf
func Pool(c *v1alpha1.GKE, n *cloud.Nodes, meta metav1.ObjectMeta) *NodePool {
	flex := n.Capacity == v1alpha1.CapacityFlexStart
	p := Parameters{
		Project: c.Project, Location: c.Location, Cluster: c.ClusterName, NodeLocations: n.Zones,
		InitialNodeCount: new(initial(c, n)),
		Autoscaling:      Autoscaling{TotalMinNodeCount: new(n.Min), TotalMaxNodeCount: new(n.Max), LocationPolicy: "ANY"},
		Management:       Management{AutoRepair: new(!flex), AutoUpgrade: new(true)},
		// There are seldom GPUs for one node more.
		UpgradeSettings: UpgradeSettings{Strategy: "SURGE", MaxSurge: new(int32(0)), MaxUnavailable: new(int32(1))},
		NodeConfig:      config(c, n),
	}
	if n.Fabric {
		p.NetworkConfig = networks(c)
		if n.Reservation == "" {
			p.PlacementPolicy = &PlacementPolicy{Type: "COMPACT"}
		}
	}
	return &NodePool{
		TypeMeta:   metav1.TypeMeta{APIVersion: APIVersion, Kind: KindNodePool},
		ObjectMeta: meta,
		Spec:       Spec{ForProvider: p, ManagementPolicies: cloud.Policies(), ProviderConfigRef: cloud.ProviderConfig(c.ProviderConfigRef)},
	}
}

// initial is the number of nodes of each zone that a pool starts with. The autoscaler brings it to its least.
func initial(c *v1alpha1.GKE, n *cloud.Nodes) int32 {
	zones := int32(len(n.Zones)) //nolint:gosec // At most ten.
	if strings.Count(c.Location, "-") == 2 {
		zones = 1
	}
	if zones == 0 {
		return 0
	}
	return n.Min / zones
}

func networks(c *v1alpha1.GKE) *NetworkConfig {
	if len(c.GPUNetworks) == 0 {
		return &NetworkConfig{AcceleratorNetworkProfile: "auto"}
	}
	out := &NetworkConfig{}
	for _, n := range c.GPUNetworks {
		out.AdditionalNodeNetworkConfigs = append(out.AdditionalNodeNetworkConfigs, NodeNetwork{Network: n.Network, Subnetwork: n.Subnetwork})
	}
	return out
}

func config(c *v1alpha1.GKE, n *cloud.Nodes) NodeConfig {
	out := NodeConfig{
		MachineType: n.Machine.Name, ImageType: "COS_CONTAINERD", DiskSizeGB: n.DiskGiB,
		Labels:         map[string]string{},
		ResourceLabels: map[string]string{"graphplane-node-pool": n.Name},
		Taint:          taints(n),
		Metadata:       map[string]string{"disable-legacy-endpoints": "true"},
		GVNIC:          GVNIC{Enabled: new(true)},
		ServiceAccount: c.NodeServiceAccount,
		OAuthScopes:    []string{"https://www.googleapis.com/auth/cloud-platform"},

		WorkloadMetadataConfig: WorkloadMetadata{Mode: "GKE_METADATA"},
	}
	maps.Copy(out.Labels, n.Labels)
	out.Labels[v1alpha1.LabelNodePool] = n.Name
	if n.Known {
		out.GuestAccelerator = []GuestAccelerator{{
			Type: n.Machine.CloudAccelerator, Count: n.Machine.GPUs, GPUPartitionSize: n.PartitionSize(),
			GPUDriverInstallationConfig: DriverInstallation{GPUDriverVersion: "LATEST"},
		}}
	}
	none := &ReservationAffinity{ConsumeReservationType: "NO_RESERVATION"}
	switch n.Capacity {
	case v1alpha1.CapacitySpot:
		out.Spot, out.ReservationAffinity = new(true), none
	case v1alpha1.CapacityFlexStart:
		out.FlexStart, out.ReservationAffinity = new(true), none
	case v1alpha1.CapacityReserved:
		out.ReservationAffinity = &ReservationAffinity{ConsumeReservationType: "SPECIFIC_RESERVATION", Key: reservationKey, Values: []string{n.Reservation}}
	case v1alpha1.CapacityOnDemand, v1alpha1.CapacityBlock:
	}
	return out
}

func taints(n *cloud.Nodes) []Taint {
	out := []Taint{{Key: cloud.TaintKey, Value: cloud.TaintValue, Effect: "NO_SCHEDULE"}}
	for _, t := range n.Taints {
		out = append(out, Taint{Key: t.Key, Value: t.Value, Effect: effect(t.Effect)})
	}
	return out
}

func effect(e corev1.TaintEffect) string {
	switch e {
	case corev1.TaintEffectNoExecute:
		return "NO_EXECUTE"
	case corev1.TaintEffectPreferNoSchedule:
		return "PREFER_NO_SCHEDULE"
	case corev1.TaintEffectNoSchedule:
	}
	return "NO_SCHEDULE"
}
