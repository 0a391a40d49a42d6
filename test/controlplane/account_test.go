package controlplane

import (
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// providerHasAccount shows that a provider gets an identity, and through it the
// rights that the RBAC manager gives to its revision. The revision is not
// active, so that no process is started for it.
func (r running) providerHasAccount(t *testing.T) {
	resource := packageResource("providerrevisions")
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "pkg.crossplane.io/v1",
		"kind":       "ProviderRevision",
		"metadata":   map[string]any{"name": "provider-test-1", "labels": map[string]any{labelPackage: "provider-test"}},
		"spec": map[string]any{
			"desiredState": "Inactive", "image": r.Registry + "/test/provider-test:v1.0.0", "revision": int64(1),
		},
		"status": map[string]any{"resolvedImage": r.Registry + "/test/provider-test:v1.0.0"},
	}}

	created, err := r.dynamic.Resource(resource).Create(t.Context(), u, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	created.Object["status"] = u.Object["status"]

	kubeconfig, err := r.runtime.account(t.Context(), revision{Unstructured: created, resource: resource})
	if err != nil {
		t.Fatal(err)
	}

	cfg, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}

	who, err := kubernetes.NewForConfigOrDie(cfg).AuthenticationV1().SelfSubjectReviews().
		Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if want := "system:serviceaccount:crossplane-system:provider-test-1"; who.Status.UserInfo.Username != want {
		t.Errorf("want the provider to be %s, got %s", want, who.Status.UserInfo.Username)
	}

	eventually(t, "the provider's rights are bound to its ServiceAccount", func() bool {
		b, err := r.client.RbacV1().ClusterRoleBindings().
			Get(t.Context(), "crossplane:provider:provider-test-1:system", metav1.GetOptions{})

		return err == nil && len(b.Subjects) == 1 && b.Subjects[0].Name == "provider-test-1"
	})

	if err := r.dynamic.Resource(resource).Delete(t.Context(), "provider-test-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
