package simulator

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gpu is the resource that the device plugin of NVIDIA advertises.
const gpu corev1.ResourceName = "nvidia.com/gpu"

// node returns a machine as its kubelet registers it.
func (s shape) node(name, zone, providerID string) *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname:           name,
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         s.machine.arch(),
		corev1.LabelInstanceTypeStable: s.machineType,
		corev1.LabelTopologyRegion:     s.region,
	}
	if zone != "" {
		labels[corev1.LabelTopologyZone] = zone
	}

	maps.Copy(labels, s.labels)

	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: providerID, Taints: s.taints},
		Status:     corev1.NodeStatus{Capacity: s.resources, Allocatable: s.resources},
	}
}

// resources that every kubelet has of a machine.
func (m machine) resources() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(int64(m.CPU), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(m.MemoryMiB)<<20, resource.BinarySI),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
		corev1.ResourcePods:             resource.MustParse("110"),
	}
}

// with returns the resources and another, if there is any of it.
func with(r corev1.ResourceList, name corev1.ResourceName, n int) corev1.ResourceList {
	out := maps.Clone(r)
	if n > 0 {
		out[name] = *resource.NewQuantity(int64(n), resource.DecimalSI)
	}

	return out
}
