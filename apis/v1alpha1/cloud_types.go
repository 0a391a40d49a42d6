package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// Cloud is the managed Kubernetes service that a cluster is of. Node pools of graphs are created there by the Crossplane
// provider of the cloud.
// +kubebuilder:validation:XValidation:rule="[has(self.eks), has(self.gke), has(self.aks)].filter(x, x).size() == 1",message="cloud needs exactly one of eks, gke and aks: keep one"
type Cloud struct {
	// EKS is a cluster of Amazon EKS. Needs provider-aws-eks and provider-aws-ec2.
	// +optional
	EKS *EKS `json:"eks,omitempty"`

	// GKE is a cluster of Google Kubernetes Engine. Needs provider-gcp-container.
	// +optional
	GKE *GKE `json:"gke,omitempty"`

	// AKS is a cluster of Azure Kubernetes Service. Needs provider-azure-containerservice.
	// +optional
	AKS *AKS `json:"aks,omitempty"`
}

// CloudProviderConfigReference names the configuration of a cloud's provider.
type CloudProviderConfigReference struct {
	// Kind of the configuration. A ProviderConfig is one in the namespace of each graph.
	// +optional
	// +kubebuilder:validation:Enum=ClusterProviderConfig;ProviderConfig
	// +kubebuilder:default=ClusterProviderConfig
	Kind string `json:"kind,omitempty"`

	// Name of the configuration.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// EKS is a cluster of Amazon EKS.
// +kubebuilder:validation:XValidation:rule="!has(self.subnetZones) || self.subnetZones.all(s, s in self.subnetIDs)",message="a key of subnetZones is no ID in subnetIDs: add it there, or remove the key",fieldPath=".subnetZones"
type EKS struct {
	// ClusterName of the cluster.
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z][0-9A-Za-z_-]*$`
	// +kubebuilder:validation:MaxLength=100
	ClusterName string `json:"clusterName"`

	// Region of the cluster.
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]$`
	// +kubebuilder:validation:MaxLength=32
	Region string `json:"region"`

	// SubnetIDs that nodes may be in. Nodes with a fabric need private ones.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Pattern=`^subnet-[0-9a-z]+$`
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	SubnetIDs []string `json:"subnetIDs"`

	// SubnetZones are the availability zones of subnets, by ID. Needed by pools that name zones, and by those with a
	// fabric.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(s, size(self[s]) <= 63)",message="a zone has at most 63 characters"
	SubnetZones map[string]string `json:"subnetZones,omitempty"`

	// NodeRoleARN is the IAM role of nodes.
	// +kubebuilder:validation:Pattern=`^arn:[a-z-]+:iam::[0-9]{12}:role/`
	// +kubebuilder:validation:MaxLength=2048
	NodeRoleARN string `json:"nodeRoleARN"`

	// SecurityGroupIDs of nodes, the cluster's own among them: EKS adds it only to nodes that have no others. With a
	// fabric they must admit all traffic among themselves.
	// +optional
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:Pattern=`^sg-[0-9a-z]+$`
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	SecurityGroupIDs []string `json:"securityGroupIDs,omitempty"`

	// HugePages of 2Mi that a node with a fabric has, for libfabric. Pods get a share of them.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	HugePages *resource.Quantity `json:"hugePages,omitempty"`

	// ProviderConfigRef names the configuration of the provider. Defaults to the ClusterProviderConfig "default".
	// +optional
	ProviderConfigRef *CloudProviderConfigReference `json:"providerConfigRef,omitempty"`
}

// GKE is a cluster of Google Kubernetes Engine.
type GKE struct {
	// Project of the cluster.
	// +kubebuilder:validation:Pattern=`^[a-z][-a-z0-9:.]*[a-z0-9]$`
	// +kubebuilder:validation:MaxLength=63
	Project string `json:"project"`

	// Location of the cluster: a region, or the zone of a zonal cluster.
	// +kubebuilder:validation:Pattern=`^[a-z]+-[a-z]+[0-9]+(-[a-z])?$`
	// +kubebuilder:validation:MaxLength=63
	Location string `json:"location"`

	// ClusterName of the cluster.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=40
	ClusterName string `json:"clusterName"`

	// NodeServiceAccount is the email address of the account of nodes. Defaults to the project's.
	// +optional
	// +kubebuilder:validation:Pattern=`^[^@]+@[^@]+$`
	// +kubebuilder:validation:MaxLength=253
	NodeServiceAccount string `json:"nodeServiceAccount,omitempty"`

	// GPUNetworks are the networks of the GPUs of nodes with a fabric, in the order of their interfaces, the one of the
	// second gVNIC first. Left out, GKE makes them itself, which needs provider-gcp-container v3 or later.
	// +optional
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	GPUNetworks []GPUNetwork `json:"gpuNetworks,omitempty"`

	// ProviderConfigRef names the configuration of the provider. Defaults to the ClusterProviderConfig "default".
	// +optional
	ProviderConfigRef *CloudProviderConfigReference `json:"providerConfigRef,omitempty"`
}

// A GPUNetwork is a network that GPUs of several nodes reach each other by.
type GPUNetwork struct {
	// Network of the project.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Network string `json:"network"`

	// Subnetwork of the network.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Subnetwork string `json:"subnetwork"`
}

// AKS is a cluster of Azure Kubernetes Service.
type AKS struct {
	// ClusterID is the resource ID of the cluster.
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ContainerService/managedClusters/[^/]+$`
	// +kubebuilder:validation:MaxLength=512
	ClusterID string `json:"clusterID"`

	// SubnetID is the resource ID of the subnet of nodes. Defaults to that of the cluster.
	// +optional
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$`
	// +kubebuilder:validation:MaxLength=512
	SubnetID string `json:"subnetID,omitempty"`

	// GPUDriver says whether AKS installs the driver on GPU nodes. None is for the GPU operator.
	// +optional
	// +kubebuilder:validation:Enum=Install;None
	// +kubebuilder:default=Install
	GPUDriver string `json:"gpuDriver,omitempty"`

	// FabricResource is the extended resource by which pods get InfiniBand, as the network operator is configured.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:default="rdma/hca_shared_devices_a"
	FabricResource string `json:"fabricResource,omitempty"`

	// ProximityPlacementGroupID is the resource ID of the group that nodes with a fabric are placed in.
	// +optional
	// +kubebuilder:validation:Pattern=`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/proximityPlacementGroups/[^/]+$`
	// +kubebuilder:validation:MaxLength=512
	ProximityPlacementGroupID string `json:"proximityPlacementGroupID,omitempty"`

	// ProviderConfigRef names the configuration of the provider. Defaults to the ClusterProviderConfig "default".
	// +optional
	ProviderConfigRef *CloudProviderConfigReference `json:"providerConfigRef,omitempty"`
}
