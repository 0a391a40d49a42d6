// Package schema judges objects of graphplane.io as the API server does: it prunes and reports unknown fields, applies
// defaults, and checks the schema and the CEL rules of the CustomResourceDefinition that Crossplane derives from ours.
package schema

import (
	"context"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"

	"github.com/graphplane/graphplane/package/configuration"
)

// Kinds are the kinds that our definitions define. They may be used concurrently.
type Kinds struct {
	kinds map[schema.GroupVersionKind]*kind
}

// A kind is what the API server knows of one version of a kind.
type kind struct {
	namespaced bool
	structural *structural.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

// New returns the kinds of the definitions in package/configuration.
func New() (*Kinds, error) {
	crds, err := Derive()
	if err != nil {
		return nil, err
	}
	return Of(crds...)
}

// Of returns the kinds of CustomResourceDefinitions.
func Of(crds ...*extv1.CustomResourceDefinition) (*Kinds, error) {
	k := &Kinds{kinds: map[schema.GroupVersionKind]*kind{}}
	for _, crd := range crds {
		for _, v := range crd.Spec.Versions {
			one, err := compile(crd.Spec.Scope, v)
			if err != nil {
				return nil, errors.Wrapf(err, "cannot compile version %s of %s", v.Name, crd.GetName())
			}
			k.kinds[schema.GroupVersionKind{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind}] = one
		}
	}
	return k, nil
}

// Derive returns the CustomResourceDefinitions that Crossplane derives from the definitions in package/configuration.
func Derive() ([]*extv1.CustomResourceDefinition, error) {
	xrds, err := configuration.Definitions()
	if err != nil {
		return nil, err
	}
	out := make([]*extv1.CustomResourceDefinition, len(xrds))
	for i := range xrds {
		if out[i], err = xcrd.ForCompositeResource(&xrds[i]); err != nil {
			return nil, errors.Wrapf(err, "cannot derive the CustomResourceDefinition of %s", xrds[i].GetName())
		}
	}
	return out, nil
}

func compile(scope extv1.ResourceScope, v extv1.CustomResourceDefinitionVersion) (*kind, error) {
	props := &apiextensions.JSONSchemaProps{}
	if err := extv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, props, nil); err != nil {
		return nil, errors.Wrap(err, "cannot convert the schema")
	}
	s, err := structural.NewStructural(props)
	if err != nil {
		return nil, errors.Wrap(err, "the schema is not structural")
	}
	if err := defaulting.PruneDefaults(s); err != nil {
		return nil, errors.Wrap(err, "cannot prune defaults")
	}
	sv, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		return nil, errors.Wrap(err, "cannot compile the schema")
	}
	return &kind{
		namespaced: scope == extv1.NamespaceScoped,
		structural: s,
		schema:     sv,
		cel:        cel.NewValidator(s, true, celconfig.PerCallLimit),
	}, nil
}

// Has reports whether a kind is one of ours.
func (k *Kinds) Has(gvk schema.GroupVersionKind) bool {
	_, ok := k.kinds[gvk]
	return ok
}

// Admit prunes an object and applies defaults to it, and returns what the API server refuses it for. Rules on changes
// are checked only when there is an old object.
func (k *Kinds) Admit(ctx context.Context, o, old *unstructured.Unstructured) field.ErrorList {
	one, ok := k.kinds[o.GroupVersionKind()]
	if !ok {
		return field.ErrorList{field.NotSupported(field.NewPath("kind"), o.GetKind(), k.names())}
	}
	errs := one.prune(o)
	errs = append(errs, tooLarge(o)...)
	defaulting.Default(o.Object, one.structural)
	if old == nil {
		return append(errs, one.create(ctx, o)...)
	}
	old = old.DeepCopy()
	one.prune(old)
	defaulting.Default(old.Object, one.structural)
	return append(errs, one.update(ctx, o, old)...)
}
