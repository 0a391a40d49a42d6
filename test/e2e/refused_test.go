package e2e

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/refused"
)

// What users get wrong is refused where it is said to be, with the field and the message that are promised, and composes
// nothing.
func TestRefused(t *testing.T) {
	cases, err := refused.Cases(namespace(t, "refuse"))
	if err != nil || len(cases) < 40 {
		t.Fatalf("want at least 40 cases, got %d: %v", len(cases), err)
	}
	clusters := e2e.client.Resource(v1alpha1.GroupVersion.WithResource("inferenceclusters"))
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if c.Cluster != nil {
				store(t, clusters, c.Cluster)
			}
			for _, o := range c.Exist {
				gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
				store(t, e2e.client.Resource(gvr).Namespace(o.GetNamespace()), o)
			}
			var api dynamic.ResourceInterface = clusters
			if c.Object.GetKind() == v1alpha1.InferenceGraphKind {
				api = e2e.client.Resource(graphs()).Namespace(c.Object.GetNamespace())
			}
			if c.Before != nil {
				store(t, api, c.Before)
			}
			err := write(t.Context(), api, c.Object, c.Before != nil)
			if c.By == refused.APIServer {
				if err == nil {
					drop(api, c.Object)
					t.Fatal("the API server accepts it")
				}
				says(t, c, err.Error())
				return
			}
			if err != nil {
				t.Fatalf("the API server refuses it: %v", err)
			}
			t.Cleanup(func() { drop(api, c.Object) })
			g := &graph{t: t, namespace: c.Object.GetNamespace(), name: c.Object.GetName()}
			_, msg := g.isFalse(v1alpha1.ConditionAccepted)
			says(t, c, msg)
			if refs := g.composed(); len(refs) != 0 {
				t.Errorf("it composed %v", refs)
			}
		})
	}
}

func says(t *testing.T, c refused.Case, msg string) {
	t.Helper()
	// Some cases are about a control plane without an InferenceCluster. Here is one by the name that graphs default to.
	want := strings.NewReplacer(
		`the built-in policy, which holds without an InferenceCluster,`, `the policy of InferenceCluster "local"`,
		`, and there is no InferenceCluster to say that it is installed: install it, create InferenceCluster "local" with LeaderWorkerSet in spec.capabilities.orchestrators, or`,
		`, which InferenceCluster "local" does not have in spec.capabilities.orchestrators: install it and add it there, or`,
		`, and there is no InferenceCluster to say that it is installed: install it, create InferenceCluster "local" with Grove in spec.capabilities.orchestrators, or`,
		`, which InferenceCluster "local" does not have in spec.capabilities.orchestrators: install it and add it there, or`,
	).Replace(c.Message)
	if !strings.Contains(msg, c.Field) || !strings.Contains(msg, want) {
		t.Errorf("want %q and %q in %q", c.Field, want, msg)
	}
}

// store creates an object that a case needs, and deletes it when the case ends.
func store(t *testing.T, api dynamic.ResourceInterface, u *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	out, err := api.Create(t.Context(), u.DeepCopy(), metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatalf("cannot create %s %q: %v", u.GetKind(), u.GetName(), err)
	}
	t.Cleanup(func() { drop(api, u) })
	return out
}

func write(ctx context.Context, api dynamic.ResourceInterface, u *unstructured.Unstructured, update bool) error {
	if !update {
		_, err := api.Create(ctx, u, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
		return err
	}
	// Crossplane writes to the object too.
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		now, err := api.Get(ctx, u.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		u.SetResourceVersion(now.GetResourceVersion())
		_, err = api.Update(ctx, u, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
		return err
	})
}

func drop(api dynamic.ResourceInterface, u *unstructured.Unstructured) {
	_ = api.Delete(context.Background(), u.GetName(), metav1.DeleteOptions{})
}
