package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// A planner's own service account finds the graph in either version of the kind, and what it asks for in the scale
// subresource becomes the replicas of the workers. It may do nothing else.
func TestPlannerScales(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "examples", "planner", "vllm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, "team-a", strings.Replace(string(b), "name: planned-vllm", "name: asked", 1))
	g.ready()

	account := "system:serviceaccount:" + g.namespace + ":" + g.name + "-planner"
	config := rest.CopyConfig(e2e.cp.Config())
	config.Impersonate = rest.ImpersonationConfig{UserName: account}
	planner, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1alpha1", "v1beta1"} {
		kind := schema.GroupVersionResource{Group: "nvidia.com", Version: version, Resource: "dynamographdeployments"}
		eventually(t, "the planner to read a graph that is rolled out in "+version, func() (bool, string) {
			o, err := planner.Resource(kind).Namespace(g.namespace).Get(t.Context(), g.name, metav1.GetOptions{})
			if err != nil {
				return false, err.Error()
			}
			n, _, _ := unstructured.NestedInt64(o.Object, "status", "components", "decode", "availableReplicas")
			conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
			return n == 1 && len(conditions) == 1 && conditions[0].(map[string]any)["status"] == "True", fmt.Sprint(o.Object["status"])
		})
	}

	for _, n := range []int{3, 2} {
		adapters := schema.GroupVersionResource{Group: "nvidia.com", Version: "v1beta1", Resource: "dynamographdeploymentscalingadapters"}
		patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
		if _, err := planner.Resource(adapters).Namespace(g.namespace).Patch(t.Context(), g.name+"-decode", types.MergePatchType, patch, metav1.PatchOptions{}, "scale"); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("%d replicas of decode", n), func() (bool, string) {
			d := g.deployments()["decode"]
			return *d.Spec.Replicas == int32(n) && d.Status.AvailableReplicas == int32(n), fmt.Sprint(*d.Spec.Replicas, d.Status)
		})
		g.ready()
	}
	denied(t, account, g.namespace, "patch", "nvidia.com", "dynamographdeployments")
	denied(t, account, g.namespace, "patch", "apps", "deployments")
	denied(t, account, g.namespace, "get", "", "secrets")
}

// denied fails if an account may do something.
func denied(t *testing.T, account, namespace, verb, group, resource string) {
	t.Helper()
	r, err := e2e.kube.AuthorizationV1().SubjectAccessReviews().Create(context.Background(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: account, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: group, Resource: resource,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Status.Allowed {
		t.Errorf("%s may %s %s", account, verb, resource)
	}
}
