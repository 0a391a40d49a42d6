package managed

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

// counting client that holds an Endpoint.
func counting(t *testing.T, writes *int) (client.Client, *v1alpha1.Endpoint) {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	e := &v1alpha1.Endpoint{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "e"}}
	c := fake.NewClientBuilder().WithScheme(s).WithObjects(e).WithStatusSubresource(e).WithInterceptorFuncs(interceptor.Funcs{
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			*writes++
			return c.SubResource(sub).Update(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			*writes++
			return c.Update(ctx, o, opts...)
		},
	}).Build()
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(e), e); err != nil {
		t.Fatal(err)
	}
	return c, e
}

func TestQuietClient(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(e *v1alpha1.Endpoint)
		want   int
	}{
		"Nothing":  {"What is there already is not written.", func(*v1alpha1.Endpoint) {}, 0},
		"Status":   {"What is not there is.", func(e *v1alpha1.Endpoint) { e.Status.AtProvider.Leader = "m1" }, 1},
		"Stale":    {"Nor is a write held back that has to fail.", func(e *v1alpha1.Endpoint) { e.ResourceVersion = "1" }, 1},
		"NoReturn": {"A condition that was set counts.", func(e *v1alpha1.Endpoint) { e.SetConditions(xpv2.Available()) }, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			writes := 0
			c, e := counting(t, &writes)
			q := &quietClient{Client: c}
			tc.change(e)
			_ = q.Status().Update(t.Context(), e)
			if writes != tc.want {
				t.Errorf("\n%s\n%d writes, want %d", tc.reason, writes, tc.want)
			}
		})
	}
}

// TestFinalizerKeepsStatus is crossplane-runtime#791: what Observe has set must
// survive the finalizer.
func TestFinalizerKeepsStatus(t *testing.T) {
	writes := 0
	c, e := counting(t, &writes)
	f := NewFinalizer(c, "f")
	e.Status.AtProvider.Leader = "m1"
	e.SetConditions(xpv2.Available())
	if err := f.AddFinalizer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if e.Status.AtProvider.Leader != "m1" || e.GetCondition(xpv2.TypeReady).Status != corev1.ConditionTrue {
		t.Errorf("the status is lost: %+v", e.Status)
	}
	if err := c.Status().Update(t.Context(), e); err != nil {
		t.Errorf("the status cannot be written after the finalizer: %v", err)
	}
	if err := f.RemoveFinalizer(t.Context(), e); err != nil || len(e.GetFinalizers()) > 0 {
		t.Errorf("RemoveFinalizer(...): %v, left: %v", err, e.GetFinalizers())
	}
}

func TestCompareVersions(t *testing.T) {
	cases := map[string]struct {
		a, b string
		want int
	}{
		"Equal":    {"3.6.12", "3.6.12", 0},
		"Short":    {"3.6", "3.6.0", 0},
		"Numbers":  {"3.10.0", "3.9.9", 1},
		"Patch":    {"3.6.1", "3.6.2", -1},
		"Suffix":   {"2.14.9-beta.1", "2.14.9", 0},
		"Prefixed": {"v2.14.9", "2.14.10", -1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := CompareVersions(tc.a, tc.b); got != tc.want {
				t.Errorf("CompareVersions(%q, %q): %d, want %d", tc.a, tc.b, got, tc.want)
			}
		})
	}
}
