package controlplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// provisioner is the name under which we play the storage driver, by the
	// protocol of external provisioners: the volume controller asks for a
	// volume by annotating the claim, and leaves deleting it to us.
	// https://github.com/kubernetes/design-proposals-archive/blob/main/storage/volume-provisioning.md
	provisioner = "controlplane.graphplane.io/nothing"

	annotationProvisioner   = "volume.kubernetes.io/storage-provisioner"
	annotationProvisionedBy = "pv.kubernetes.io/provisioned-by"

	// provisionInterval is how often we look for claims to serve.
	provisionInterval = 300 * time.Millisecond
)

// createStorageClass makes claims without a class get one of our volumes.
func (cl *Cluster) createStorageClass(ctx context.Context) error {
	reclaim := corev1.PersistentVolumeReclaimDelete
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "standard",
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner:   provisioner,
		ReclaimPolicy: &reclaim,
	}

	if _, err := cl.client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create StorageClass: %w", err)
	}

	return nil
}

// provisionVolumes serves claims until the context ends. Errors are conflicts
// with other writers, or the API server going away, so the next turn tries again.
func (cl *Cluster) provisionVolumes(ctx context.Context) {
	t := time.NewTicker(provisionInterval)
	defer t.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}

		if err := cl.createVolumes(ctx); err != nil && ctx.Err() == nil {
			cl.log.printf("cannot create volumes: %v", err)
		}

		if err := cl.deleteVolumes(ctx); err != nil && ctx.Err() == nil {
			cl.log.printf("cannot delete volumes: %v", err)
		}
	}
}

func (cl *Cluster) createVolumes(ctx context.Context) error {
	// ResourceVersion 0 is served from the API server's memory.
	claims, err := cl.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("cannot list claims: %w", err)
	}

	for _, c := range claims.Items {
		if c.Spec.VolumeName != "" || c.Annotations[annotationProvisioner] != provisioner {
			continue
		}

		_, err := cl.client.CoreV1().PersistentVolumes().Create(ctx, volume(c), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot create volume of claim %s/%s: %w", c.Namespace, c.Name, err)
		}
	}

	return nil
}

// volume returns the volume a claim asks for. It names a file server that does
// not exist, which needs no attaching and is never mounted, since no pod runs.
func volume(c corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pvc-" + string(c.UID),
			Annotations: map[string]string{annotationProvisionedBy: provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      c.Spec.Resources.Requests,
			AccessModes:                   c.Spec.AccessModes,
			VolumeMode:                    c.Spec.VolumeMode,
			StorageClassName:              *c.Spec.StorageClassName,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				NFS: &corev1.NFSVolumeSource{Server: "127.0.0.1", Path: "/" + string(c.UID)},
			},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: c.Namespace, Name: c.Name, UID: c.UID,
			},
		},
	}
}

func (cl *Cluster) deleteVolumes(ctx context.Context) error {
	volumes, err := cl.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("cannot list volumes: %w", err)
	}

	for _, v := range volumes.Items {
		if v.Status.Phase != corev1.VolumeReleased || v.Annotations[annotationProvisionedBy] != provisioner {
			continue
		}

		err := cl.client.CoreV1().PersistentVolumes().Delete(ctx, v.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot delete volume %s: %w", v.Name, err)
		}
	}

	return nil
}
