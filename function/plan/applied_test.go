package plan

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/graphplane/graphplane/function/compose"
)

// applied is what the API server records of an object that was applied by Crossplane and by nobody else.
func applied(t *testing.T, types *types, o *unstructured.Unstructured) []metav1.ManagedFieldsEntry {
	t.Helper()
	content := trimmed(o)
	v, err := typed.ParseableType{TypeRef: types.of(o.GroupVersionKind()), Schema: types.schema}.FromUnstructured(content)
	if err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
	set, err := v.ToFieldSet()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := set.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	return []metav1.ManagedFieldsEntry{{
		Manager: compose.ComposedManager + "/1", Operation: metav1.ManagedFieldsOperationApply,
		APIVersion: o.GetAPIVersion(), FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: raw},
	}}
}
