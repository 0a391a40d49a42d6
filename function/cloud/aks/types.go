// Package aks holds what is composed of the kind KubernetesClusterNodePool of containerservice.azure.m.upbound.io. Its Go
// types come with all of the Azure provider; a test holds these against its CustomResourceDefinition.
package aks

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/function/cloud"
)

// The kind, as the API server knows it.
const (
	APIVersion   = "containerservice.azure.m.upbound.io/v1beta1"
	KindNodePool = "KubernetesClusterNodePool"
)

// A NodePool of AKS.
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

// Parameters are what the provider keeps. nodeCount is not among them, since an autoscaler moves it; a pool starts with
// minCount.
type Parameters struct {
	KubernetesClusterID        string            `json:"kubernetesClusterId"`
	VMSize                     string            `json:"vmSize"`
	Mode                       string            `json:"mode"`
	OSType                     string            `json:"osType"`
	OSSKU                      string            `json:"osSku"`
	OSDiskSizeGB               int64             `json:"osDiskSizeGb"`
	AutoScalingEnabled         *bool             `json:"autoScalingEnabled"`
	MinCount                   *int32            `json:"minCount"`
	MaxCount                   *int32            `json:"maxCount"`
	GPUDriver                  string            `json:"gpuDriver,omitempty"`
	GPUInstance                string            `json:"gpuInstance,omitempty"`
	NodeLabels                 map[string]string `json:"nodeLabels"`
	NodeTaints                 []string          `json:"nodeTaints"`
	Priority                   string            `json:"priority"`
	EvictionPolicy             string            `json:"evictionPolicy,omitempty"`
	SpotMaxPrice               *int64            `json:"spotMaxPrice,omitempty"`
	CapacityReservationGroupID string            `json:"capacityReservationGroupId,omitempty"`
	ProximityPlacementGroupID  string            `json:"proximityPlacementGroupId,omitempty"`
	VNetSubnetID               string            `json:"vnetSubnetId,omitempty"`
	Zones                      []string          `json:"zones,omitempty"`
	Tags                       map[string]string `json:"tags"`
}

// DeepCopyObject makes a NodePool a runtime.Object. What it shares with the original nobody changes.
func (n *NodePool) DeepCopyObject() runtime.Object {
	out := *n
	n.DeepCopyInto(&out.ObjectMeta)
	return &out
}
