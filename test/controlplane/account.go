package controlplane

import (
	"context"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// account gives a provider what Crossplane's own runtime gives it: a
// ServiceAccount, and a Deployment that uses it, from which the RBAC manager
// learns whom to bind the provider's rights to. The Deployment has no replicas,
// since the provider is our child process. It returns a kubeconfig.
func (rt *packageRuntime) account(ctx context.Context, r revision) ([]byte, error) {
	owner := metav1.NewControllerRef(r, r.GroupVersionKind())
	meta := metav1.ObjectMeta{Name: r.GetName(), OwnerReferences: []metav1.OwnerReference{*owner}}

	sa := &corev1.ServiceAccount{ObjectMeta: meta}

	_, err := rt.cp.client.CoreV1().ServiceAccounts(crossplaneNamespace).Create(ctx, sa, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("cannot create ServiceAccount of provider: %w", err)
	}

	d := &appsv1.Deployment{ObjectMeta: meta, Spec: providerDeployment(r)}

	_, err = rt.cp.client.AppsV1().Deployments(crossplaneNamespace).Create(ctx, d, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("cannot create Deployment of provider: %w", err)
	}

	if err := rt.cp.issueToken(ctx, crossplaneNamespace, r.GetName()); err != nil {
		return nil, err
	}

	kubeconfig, err := os.ReadFile(rt.cp.kubeconfig(r.GetName()))
	if err != nil {
		return nil, fmt.Errorf("cannot read kubeconfig of provider: %w", err)
	}

	return kubeconfig, nil
}

func providerDeployment(r revision) appsv1.DeploymentSpec {
	labels := map[string]string{labelPackage: r.pkg(), labelRevision: r.GetName()}

	return appsv1.DeploymentSpec{
		Replicas: new(int32),
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: corev1.PodSpec{
				ServiceAccountName: r.GetName(),
				Containers:         []corev1.Container{{Name: "package-runtime", Image: r.image()}},
			},
		},
	}
}
