package eks

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// rootDevice is the disk of Amazon Linux 2023.
const rootDevice = "/dev/xvda"

// labelAccelerator tells the cluster autoscaler that a node will have GPUs, before its device plugin says so.
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
const labelAccelerator = "k8s.amazonaws.com/accelerator"

// NeedsTemplate reports whether nodes need what only a launch template says.
func NeedsTemplate(c *v1alpha1.EKS, n *cloud.Nodes) bool {
	return len(c.SecurityGroupIDs) > 0 || n.Fabric || n.Reservation != ""
}

// NeedsPlacement reports whether nodes are kept together by a placement group of their own. Reserved capacity is already
// where it is, and a launch into another group would not use it.
func NeedsPlacement(n *cloud.Nodes) bool { return n.Fabric && n.Reservation == "" }

// Group is the node group of nodes. With a template, its type of instance and its disk are in there, and subnets, roles
// and spot options are not: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
//
// The version of the template is a number: EKS turns $Latest into one, and the provider would change it back for ever.
func Group(c *v1alpha1.EKS, n *cloud.Nodes, meta metav1.ObjectMeta, subnets []string, version string) *NodeGroup {
	p := NodeGroupParameters{
		Region: c.Region, ClusterName: c.ClusterName, NodeRoleARN: c.NodeRoleARN, SubnetIDs: subnets,
		AMIType: amiType(n), CapacityType: capacityType(n.Capacity),
		Labels: labels(n), Taint: taints(n.Taints),
		UpdateConfig: UpdateConfig{MaxUnavailable: 1},
		Tags:         tags(n),
	}
	if NeedsTemplate(c, n) {
		p.LaunchTemplate = &TemplateRef{Name: n.ID, Version: version}
	} else {
		p.InstanceTypes = []string{n.Machine.Name}
		p.DiskSize = new(n.DiskGiB)
	}
	return &NodeGroup{
		TypeMeta:   metav1.TypeMeta{APIVersion: APIVersion, Kind: KindNodeGroup},
		ObjectMeta: meta,
		Spec: NodeGroupSpec{
			ForProvider:        p,
			InitProvider:       NodeGroupInit{ScalingConfig: ScalingConfig{MinSize: new(n.Min), MaxSize: new(n.Max), DesiredSize: new(n.Min)}},
			ManagementPolicies: cloud.Policies(),
			ProviderConfigRef:  cloud.ProviderConfig(c.ProviderConfigRef),
		},
	}
}

// amiType is an image with the driver of the GPUs.
func amiType(n *cloud.Nodes) string {
	if n.Machine.Arch == cloud.ARM64 {
		return "AL2023_ARM_64_NVIDIA"
	}
	return "AL2023_x86_64_NVIDIA"
}

func capacityType(c v1alpha1.Capacity) string {
	switch c {
	case v1alpha1.CapacitySpot:
		return "SPOT"
	case v1alpha1.CapacityBlock:
		return "CAPACITY_BLOCK"
	case v1alpha1.CapacityOnDemand, v1alpha1.CapacityReserved, v1alpha1.CapacityFlexStart:
	}
	return "ON_DEMAND"
}

func labels(n *cloud.Nodes) map[string]string {
	out := map[string]string{}
	maps.Copy(out, n.Labels)
	out[v1alpha1.LabelNodePool] = n.Name
	out[labelAccelerator] = "nvidia-gpu"
	if n.Known {
		out[labelAccelerator] = "nvidia-" + strings.ToLower(n.Machine.Accelerator)
	}
	return out
}

// tags say whose nodes they are, where the account's bill is read.
func tags(n *cloud.Nodes) map[string]string {
	return map[string]string{v1alpha1.LabelNodePool: n.Name}
}

func taints(more []corev1.Taint) []Taint {
	out := []Taint{{Key: cloud.TaintKey, Value: cloud.TaintValue, Effect: effect(corev1.TaintEffectNoSchedule)}}
	for _, t := range more {
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

// Template is the launch template of nodes.
func Template(c *v1alpha1.EKS, n *cloud.Nodes, meta metav1.ObjectMeta) *LaunchTemplate {
	p := LaunchTemplateParameters{
		Region: c.Region, Name: n.ID, InstanceType: n.Machine.Name, UpdateDefaultVersion: new(true),
		BlockDeviceMappings: []BlockDevice{{DeviceName: rootDevice, EBS: EBS{
			DeleteOnTermination: "true", Encrypted: "true", VolumeSize: n.DiskGiB, VolumeType: "gp3",
		}}},
		// Pods reach the metadata service through one more hop.
		MetadataOptions:   MetadataOptions{HTTPTokens: "required", HTTPPutResponseHopLimit: 2},
		TagSpecifications: []TagSpecification{{ResourceType: "instance", Tags: tags(n)}},
		Tags:              tags(n),
	}
	groups := slices.Sorted(slices.Values(c.SecurityGroupIDs))
	if n.Fabric {
		p.NetworkInterfaces = interfaces(n, groups)
	} else {
		p.VPCSecurityGroupIDs = groups
	}
	if n.Reservation != "" {
		p.CapacityReservationSpecification = &ReservationSpec{CapacityReservationTarget: ReservationTarget{CapacityReservationID: n.Reservation}}
	}
	if n.Capacity == v1alpha1.CapacityBlock {
		p.InstanceMarketOptions = &MarketOptions{MarketType: "capacity-block"}
	}
	if NeedsPlacement(n) {
		p.Placement = &Placement{GroupName: n.ID}
	}
	return &LaunchTemplate{
		TypeMeta:   metav1.TypeMeta{APIVersion: EC2APIVersion, Kind: KindLaunchTemplate},
		ObjectMeta: meta,
		Spec:       LaunchTemplateSpec{ForProvider: p, ManagementPolicies: cloud.Policies(), ProviderConfigRef: cloud.ProviderConfig(c.ProviderConfigRef)},
	}
}

// interfaces are one of each network card with EFA. The first carries IP too, since an interface of EFA alone cannot be a
// node's first; the others carry EFA alone, so that they take no addresses. The first card of p6-b300 has no EFA.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-acc-inst-types.html
func interfaces(n *cloud.Nodes, groups []string) []NetworkInterface {
	one := func(card, device int32, kind string) NetworkInterface {
		return NetworkInterface{
			NetworkCardIndex: new(card), DeviceIndex: new(device), InterfaceType: kind,
			SecurityGroups: groups, DeleteOnTermination: "true",
		}
	}
	if strings.HasPrefix(n.Machine.Name, "p6-b300.") {
		out := []NetworkInterface{one(0, 0, "interface")}
		for card := range n.Machine.Interfaces {
			out = append(out, one(card+1, 0, "efa-only"))
		}
		return out
	}
	out := []NetworkInterface{one(0, 0, "efa")}
	for card := int32(1); card < n.Machine.Interfaces; card++ {
		out = append(out, one(card, 1, "efa-only"))
	}
	return out
}

// Placed is the placement group of nodes.
func Placed(c *v1alpha1.EKS, n *cloud.Nodes, meta metav1.ObjectMeta) *PlacementGroup {
	return &PlacementGroup{
		TypeMeta:   metav1.TypeMeta{APIVersion: EC2APIVersion, Kind: KindPlacementGroup},
		ObjectMeta: meta,
		Spec: PlacementGroupSpec{
			ForProvider:        PlacementGroupParameters{Region: c.Region, Strategy: "cluster", Tags: tags(n)},
			ManagementPolicies: cloud.Policies(),
			ProviderConfigRef:  cloud.ProviderConfig(c.ProviderConfigRef),
		},
	}
}
