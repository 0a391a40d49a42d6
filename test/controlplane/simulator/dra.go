package simulator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// gpuDriver is NVIDIA's DRA driver, and the class of its GPUs: https://github.com/NVIDIA/k8s-dra-driver-gpu
const gpuDriver = "gpu.nvidia.com"

// installDriver plays the installation of NVIDIA's DRA driver.
func installDriver(ctx context.Context, c kubernetes.Interface) error {
	class := &resourcev1.DeviceClass{
		ObjectMeta: metav1.ObjectMeta{Name: gpuDriver},
		Spec: resourcev1.DeviceClassSpec{Selectors: []resourcev1.DeviceSelector{{
			CEL: &resourcev1.CELDeviceSelector{Expression: fmt.Sprintf("device.driver == %q && device.attributes[%q].type == 'gpu'", gpuDriver, gpuDriver)},
		}}},
	}

	if _, err := c.ResourceV1().DeviceClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create DeviceClass: %w", err)
	}

	return nil
}

// publish the GPUs of a node for claims, as the driver does when it has started there. A cluster has either the driver or
// the device plugin. Here a node has both, and pods of one cluster ask by one of them.
func publish(ctx context.Context, c kubernetes.Interface, n *corev1.Node) error {
	gpus := n.Status.Allocatable[gpu]
	if gpus.Value() == 0 {
		return nil
	}

	kind := "gpu"
	s := &resourcev1.ResourceSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name:            n.Name + "-" + gpuDriver,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID}},
		},
		Spec: resourcev1.ResourceSliceSpec{
			Driver: gpuDriver, NodeName: &n.Name, Pool: resourcev1.ResourcePool{Name: n.Name, ResourceSliceCount: 1},
		},
	}

	for i := range gpus.Value() {
		s.Spec.Devices = append(s.Spec.Devices, resourcev1.Device{
			Name:       fmt.Sprintf("gpu-%d", i),
			Attributes: map[resourcev1.QualifiedName]resourcev1.DeviceAttribute{"type": {StringValue: &kind}},
		})
	}

	if _, err := c.ResourceV1().ResourceSlices().Create(ctx, s, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot publish GPUs of node %s: %w", n.Name, err)
	}

	return nil
}
