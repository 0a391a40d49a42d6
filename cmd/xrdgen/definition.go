package main

import (
	"slices"
	"strings"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// maxContainers of a pod template.
const maxContainers = 16

// definition is the part of an apiextensions.crossplane.io/v2 CompositeResourceDefinition that is generated. Its schema
// stays typed, so that what controller-gen wrote is what users get.
type definition struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   metadata       `json:"metadata"`
	Spec       definitionSpec `json:"spec"`
}

type metadata struct {
	Name string `json:"name"`
}

type definitionSpec struct {
	Scope    string                              `json:"scope"`
	Group    string                              `json:"group"`
	Names    extv1.CustomResourceDefinitionNames `json:"names"`
	Default  metadata                            `json:"defaultCompositionRef"`
	Versions []version                           `json:"versions"`
}

type version struct {
	Name          string                                 `json:"name"`
	Served        bool                                   `json:"served"`
	Referenceable bool                                   `json:"referenceable"`
	Columns       []extv1.CustomResourceColumnDefinition `json:"additionalPrinterColumns,omitempty"`
	Schema        extv1.CustomResourceValidation         `json:"schema"`
}

// Definition turns the YAML of a CustomResourceDefinition into that of a CompositeResourceDefinition, and returns its
// plural name too. Crossplane adds apiVersion, kind, metadata and its own spec and status fields by itself.
func Definition(crd []byte) (string, []byte, error) {
	in := &extv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(crd, in); err != nil {
		return "", nil, errors.Wrap(err, "cannot read the CustomResourceDefinition")
	}
	out := &definition{
		APIVersion: "apiextensions.crossplane.io/v2",
		Kind:       "CompositeResourceDefinition",
		Metadata:   metadata{Name: in.GetName()},
		Spec: definitionSpec{
			Scope:   string(in.Spec.Scope),
			Group:   in.Spec.Group,
			Names:   in.Spec.Names,
			Default: metadata{Name: in.GetName()},
		},
	}
	for _, v := range in.Spec.Versions {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			return "", nil, errors.Errorf("version %q has no schema", v.Name)
		}
		s := v.Schema.OpenAPIV3Schema
		for _, k := range []string{"apiVersion", "kind", "metadata"} {
			delete(s.Properties, k)
		}
		trim(s, "")
		out.Spec.Versions = append(out.Spec.Versions, version{
			Name: v.Name, Served: v.Served, Referenceable: v.Storage,
			Columns: v.AdditionalPrinterColumns, Schema: extv1.CustomResourceValidation{OpenAPIV3Schema: s},
		})
	}
	y, err := yaml.Marshal(out)
	return in.Spec.Names.Plural, y, errors.Wrap(err, "cannot write the CompositeResourceDefinition")
}

// trim drops the descriptions of Kubernetes' own types, nine tenths of the definition, which kubectl explain shows for
// their native kinds, and makes podTemplate.spec.containers optional: a template may add a node selector and leave the
// component's own container alone. Lists of containers get a bound, without which the estimated cost of a rule on them is
// over the API server's budget.
func trim(s *extv1.JSONSchemaProps, path string) {
	if native(path) {
		s.Description = ""
	}
	if strings.HasSuffix(path, ".podTemplate.spec") {
		s.Required = slices.DeleteFunc(s.Required, func(r string) bool { return r == "containers" })
	}
	if strings.HasSuffix(path, ".podTemplate.spec.containers") {
		s.MaxItems = new(int64(maxContainers))
	}
	if s.Items != nil && s.Items.Schema != nil {
		trim(s.Items.Schema, path+"[]")
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		trim(s.AdditionalProperties.Schema, path+"{}")
	}
	for k, p := range s.Properties {
		trim(&p, path+"."+k)
		s.Properties[k] = p
	}
}

// native reports whether a path is below a field of a Kubernetes type. The field itself keeps our description.
func native(path string) bool {
	for _, f := range []string{".podTemplate.", ".strategy.", ".metrics[]", ".env[]", ".taints[]"} {
		if strings.Contains(path, f) {
			return true
		}
	}
	return false
}
