package schema

import (
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestDefinitions asks what the API server asks of a CustomResourceDefinition. When it says no, above all to CEL rules
// whose estimated cost is over budget, Crossplane never establishes the kind, and only an event says why.
func TestDefinitions(t *testing.T) {
	s := runtime.NewScheme()
	install.Install(s)
	crds, err := Derive()
	if err != nil {
		t.Fatal(err)
	}
	for _, crd := range crds {
		t.Run(crd.GetName(), func(t *testing.T) {
			crd.SetGroupVersionKind(extv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
			crd.SetOwnerReferences(nil) // Names a CompositeResourceDefinition that has no UID yet.
			crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
			s.Default(crd)
			in := &apiextensions.CustomResourceDefinition{}
			if err := s.Convert(crd, in, nil); err != nil {
				t.Fatal(err)
			}
			for _, e := range validation.ValidateCustomResourceDefinition(t.Context(), in) {
				t.Error(e)
			}
		})
	}
}
