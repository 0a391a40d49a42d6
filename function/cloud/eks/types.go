// Package eks holds what is composed of the kinds of eks.aws.m.upbound.io and ec2.aws.m.upbound.io. Their Go types come
// with all of the AWS provider; a test holds these against its CustomResourceDefinitions.
package eks

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/function/cloud"
)

// The kinds, as the API server knows them.
const (
	APIVersion         = "eks.aws.m.upbound.io/v1beta1"
	EC2APIVersion      = "ec2.aws.m.upbound.io/v1beta1"
	KindNodeGroup      = "NodeGroup"
	KindLaunchTemplate = "LaunchTemplate"
	KindPlacementGroup = "PlacementGroup"
)

// A NodeGroup is a managed node group of EKS.
type NodeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec NodeGroupSpec `json:"spec"`
}

// NodeGroupSpec of a NodeGroup.
type NodeGroupSpec struct {
	ForProvider        NodeGroupParameters           `json:"forProvider"`
	InitProvider       NodeGroupInit                 `json:"initProvider"`
	ManagementPolicies []string                      `json:"managementPolicies"`
	ProviderConfigRef  cloud.ProviderConfigReference `json:"providerConfigRef"`
}

// NodeGroupParameters are what the provider keeps. Taint is singular.
type NodeGroupParameters struct {
	Region         string            `json:"region"`
	ClusterName    string            `json:"clusterName"`
	NodeRoleARN    string            `json:"nodeRoleArn"`
	SubnetIDs      []string          `json:"subnetIds"`
	AMIType        string            `json:"amiType"`
	CapacityType   string            `json:"capacityType"`
	InstanceTypes  []string          `json:"instanceTypes,omitempty"`
	DiskSize       *int64            `json:"diskSize,omitempty"`
	Labels         map[string]string `json:"labels"`
	Taint          []Taint           `json:"taint"`
	LaunchTemplate *TemplateRef      `json:"launchTemplate,omitempty"`
	ScalingConfig  *ScalingConfig    `json:"scalingConfig,omitempty"`
	UpdateConfig   UpdateConfig      `json:"updateConfig"`
	Tags           map[string]string `json:"tags"`
}

// NodeGroupInit is what the provider sets once.
type NodeGroupInit struct {
	ScalingConfig ScalingConfig `json:"scalingConfig"`
}

// ScalingConfig bounds the number of nodes.
type ScalingConfig struct {
	MinSize     *int32 `json:"minSize"`
	MaxSize     *int32 `json:"maxSize"`
	DesiredSize *int32 `json:"desiredSize"`
}

// UpdateConfig says how nodes are replaced.
type UpdateConfig struct {
	MaxUnavailable int32 `json:"maxUnavailable"`
}

// A Taint of nodes.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// A TemplateRef names a version of a launch template.
type TemplateRef struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A LaunchTemplate is how EC2 starts nodes.
type LaunchTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec LaunchTemplateSpec `json:"spec"`
}

// LaunchTemplateSpec of a LaunchTemplate.
type LaunchTemplateSpec struct {
	ForProvider        LaunchTemplateParameters      `json:"forProvider"`
	ManagementPolicies []string                      `json:"managementPolicies"`
	ProviderConfigRef  cloud.ProviderConfigReference `json:"providerConfigRef"`
}

// LaunchTemplateParameters are what a node group leaves to its template. Many flags of EC2 are strings.
type LaunchTemplateParameters struct {
	Region                           string             `json:"region"`
	Name                             string             `json:"name"`
	InstanceType                     string             `json:"instanceType"`
	UpdateDefaultVersion             *bool              `json:"updateDefaultVersion"`
	BlockDeviceMappings              []BlockDevice      `json:"blockDeviceMappings"`
	NetworkInterfaces                []NetworkInterface `json:"networkInterfaces,omitempty"`
	VPCSecurityGroupIDs              []string           `json:"vpcSecurityGroupIds,omitempty"`
	CapacityReservationSpecification *ReservationSpec   `json:"capacityReservationSpecification,omitempty"`
	InstanceMarketOptions            *MarketOptions     `json:"instanceMarketOptions,omitempty"`
	Placement                        *Placement         `json:"placement,omitempty"`
	MetadataOptions                  MetadataOptions    `json:"metadataOptions"`
	TagSpecifications                []TagSpecification `json:"tagSpecifications"`
	Tags                             map[string]string  `json:"tags"`
}

// A BlockDevice is a disk.
type BlockDevice struct {
	DeviceName string `json:"deviceName"`
	EBS        EBS    `json:"ebs"`
}

// EBS is a volume.
type EBS struct {
	DeleteOnTermination string `json:"deleteOnTermination"`
	Encrypted           string `json:"encrypted"`
	VolumeSize          int64  `json:"volumeSize"`
	VolumeType          string `json:"volumeType"`
}

// A NetworkInterface of a node.
type NetworkInterface struct {
	NetworkCardIndex    *int32   `json:"networkCardIndex"`
	DeviceIndex         *int32   `json:"deviceIndex"`
	InterfaceType       string   `json:"interfaceType"`
	SecurityGroups      []string `json:"securityGroups"`
	DeleteOnTermination string   `json:"deleteOnTermination"`
}

// ReservationSpec targets a capacity reservation.
type ReservationSpec struct {
	CapacityReservationTarget ReservationTarget `json:"capacityReservationTarget"`
}

// ReservationTarget is a capacity reservation.
type ReservationTarget struct {
	CapacityReservationID string `json:"capacityReservationId"`
}

// MarketOptions are how instances are bought.
type MarketOptions struct {
	MarketType string `json:"marketType"`
}

// Placement of instances.
type Placement struct {
	GroupName string `json:"groupName"`
}

// MetadataOptions of instances.
type MetadataOptions struct {
	HTTPTokens              string `json:"httpTokens"`
	HTTPPutResponseHopLimit int32  `json:"httpPutResponseHopLimit"`
}

// A TagSpecification is tags of what is started.
type TagSpecification struct {
	ResourceType string            `json:"resourceType"`
	Tags         map[string]string `json:"tags"`
}

// A PlacementGroup keeps instances together.
type PlacementGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec PlacementGroupSpec `json:"spec"`
}

// PlacementGroupSpec of a PlacementGroup.
type PlacementGroupSpec struct {
	ForProvider        PlacementGroupParameters      `json:"forProvider"`
	ManagementPolicies []string                      `json:"managementPolicies"`
	ProviderConfigRef  cloud.ProviderConfigReference `json:"providerConfigRef"`
}

// PlacementGroupParameters of a PlacementGroup.
type PlacementGroupParameters struct {
	Region   string            `json:"region"`
	Strategy string            `json:"strategy"`
	Tags     map[string]string `json:"tags"`
}

// DeepCopyObject makes a NodeGroup a runtime.Object. What it shares with the original nobody changes.
func (n *NodeGroup) DeepCopyObject() runtime.Object {
	out := *n
	n.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject makes a LaunchTemplate a runtime.Object. What it shares with the original nobody changes.
func (l *LaunchTemplate) DeepCopyObject() runtime.Object {
	out := *l
	l.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject makes a PlacementGroup a runtime.Object. What it shares with the original nobody changes.
func (p *PlacementGroup) DeepCopyObject() runtime.Object {
	out := *p
	p.DeepCopyInto(&out.ObjectMeta)
	return &out
}
