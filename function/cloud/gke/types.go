// Package gke holds what is composed of the kind NodePool of container.gcp.m.upbound.io. Its Go types come with all of the
// Google provider; a test holds these against its CustomResourceDefinition.
package gke

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/function/cloud"
)

// The kind, as the API server knows it.
const (
	APIVersion   = "container.gcp.m.upbound.io/v1beta1"
	KindNodePool = "NodePool"
)

// A NodePool of GKE.
type NodePool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec Spec `json:"spec"`
}

// Spec of a NodePool.
type Spec struct {
	ForProvider        Parameters                    `json:"forProvider"`
	ManagementPolicies []string                      `json:"managementPolicies"`
	ProviderConfigRef  cloud.ProviderConfigReference `json:"providerConfigRef"`
}

// Parameters are what the provider keeps. nodeCount is not among them, since an autoscaler moves it.
type Parameters struct {
	Project          string           `json:"project"`
	Location         string           `json:"location"`
	Cluster          string           `json:"cluster"`
	NodeLocations    []string         `json:"nodeLocations,omitempty"`
	InitialNodeCount *int32           `json:"initialNodeCount"`
	Autoscaling      Autoscaling      `json:"autoscaling"`
	Management       Management       `json:"management"`
	UpgradeSettings  UpgradeSettings  `json:"upgradeSettings"`
	PlacementPolicy  *PlacementPolicy `json:"placementPolicy,omitempty"`
	NetworkConfig    *NetworkConfig   `json:"networkConfig,omitempty"`
	NodeConfig       NodeConfig       `json:"nodeConfig"`
}

// Autoscaling bounds the number of nodes of all zones.
type Autoscaling struct {
	TotalMinNodeCount *int32 `json:"totalMinNodeCount"`
	TotalMaxNodeCount *int32 `json:"totalMaxNodeCount"`
	LocationPolicy    string `json:"locationPolicy"`
}

// Management says what GKE does by itself.
type Management struct {
	AutoRepair  *bool `json:"autoRepair"`
	AutoUpgrade *bool `json:"autoUpgrade"`
}

// UpgradeSettings say how nodes are replaced.
type UpgradeSettings struct {
	Strategy       string `json:"strategy"`
	MaxSurge       *int32 `json:"maxSurge"`
	MaxUnavailable *int32 `json:"maxUnavailable"`
}

// PlacementPolicy keeps nodes together.
type PlacementPolicy struct {
	Type string `json:"type"`
}

// NetworkConfig is the networks of GPUs. acceleratorNetworkProfile is new in v3 of the provider.
type NetworkConfig struct {
	AcceleratorNetworkProfile    string        `json:"acceleratorNetworkProfile,omitempty"`
	AdditionalNodeNetworkConfigs []NodeNetwork `json:"additionalNodeNetworkConfigs,omitempty"`
}

// A NodeNetwork is one more network of nodes.
type NodeNetwork struct {
	Network    string `json:"network"`
	Subnetwork string `json:"subnetwork"`
}

// NodeConfig is what each node is.
type NodeConfig struct {
	MachineType            string               `json:"machineType"`
	ImageType              string               `json:"imageType"`
	DiskSizeGB             int64                `json:"diskSizeGb"`
	Spot                   *bool                `json:"spot,omitempty"`
	FlexStart              *bool                `json:"flexStart,omitempty"`
	GuestAccelerator       []GuestAccelerator   `json:"guestAccelerator,omitempty"`
	ReservationAffinity    *ReservationAffinity `json:"reservationAffinity,omitempty"`
	Labels                 map[string]string    `json:"labels"`
	ResourceLabels         map[string]string    `json:"resourceLabels"`
	Taint                  []Taint              `json:"taint"`
	Metadata               map[string]string    `json:"metadata"`
	GVNIC                  GVNIC                `json:"gvnic"`
	ServiceAccount         string               `json:"serviceAccount,omitempty"`
	OAuthScopes            []string             `json:"oauthScopes"`
	WorkloadMetadataConfig WorkloadMetadata     `json:"workloadMetadataConfig"`
}

// A GuestAccelerator is the GPUs of a node.
type GuestAccelerator struct {
	Type                        string             `json:"type"`
	Count                       int32              `json:"count"`
	GPUDriverInstallationConfig DriverInstallation `json:"gpuDriverInstallationConfig"`
	GPUPartitionSize            string             `json:"gpuPartitionSize,omitempty"`
}

// DriverInstallation says which driver GKE installs.
type DriverInstallation struct {
	GPUDriverVersion string `json:"gpuDriverVersion"`
}

// ReservationAffinity says which reservation nodes are taken from.
type ReservationAffinity struct {
	ConsumeReservationType string   `json:"consumeReservationType"`
	Key                    string   `json:"key,omitempty"`
	Values                 []string `json:"values,omitempty"`
}

// A Taint of nodes.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

// GVNIC is the network interface of nodes.
type GVNIC struct {
	Enabled *bool `json:"enabled"`
}

// WorkloadMetadata says what pods see of the metadata server.
type WorkloadMetadata struct {
	Mode string `json:"mode"`
}

// DeepCopyObject makes a NodePool a runtime.Object. What it shares with the original nobody changes.
func (n *NodePool) DeepCopyObject() runtime.Object {
	out := *n
	n.DeepCopyInto(&out.ObjectMeta)
	return &out
}
