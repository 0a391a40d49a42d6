package schema

import (
	"context"
	"fmt"
	"maps"
	"slices"

	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	crvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// maxObject is how many bytes of JSON the API server stores of one object: etcd's default limit of a request.
// https://etcd.io/docs/v3.6/dev-guide/limit/
const maxObject = 3 << 19

// The steps below are those of the API server, in its order:
// https://github.com/kubernetes/kubernetes/blob/v1.35.3/staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go

// prune removes unknown fields, and returns an error for each, as strict field validation does.
func (k *kind) prune(o *unstructured.Unstructured) field.ErrorList {
	var unknown []string
	_, _, paths, err := objectmeta.GetObjectMetaWithOptions(o.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return field.ErrorList{field.TypeInvalid(field.NewPath("metadata"), nil, err.Error())}
	}
	unknown = append(unknown, paths...)
	unknown = append(unknown, pruning.PruneWithOptions(o.Object, k.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(o.Object, k.structural)
	ferr, paths := objectmeta.CoerceWithOptions(nil, o.Object, k.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if ferr != nil {
		return field.ErrorList{ferr}
	}
	unknown = append(unknown, paths...)

	errs := make(field.ErrorList, 0, len(unknown))
	for _, p := range unknown {
		errs = append(errs, field.Forbidden(field.NewPath(p), "unknown field"))
	}
	return errs
}

func (k *kind) create(ctx context.Context, o *unstructured.Unstructured) field.ErrorList {
	errs := validation.ValidateObjectMetaAccessor(o, k.namespaced, validation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, crvalidation.ValidateCustomResource(nil, o.UnstructuredContent(), k.schema)...)
	errs = append(errs, objectmeta.Validate(nil, o.Object, k.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, o.Object)...)
	if blocks(errs) {
		return errs
	}
	rules, _ := k.cel.Validate(ctx, nil, k.structural, o.Object, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, rules...)
}

func (k *kind) update(ctx context.Context, o, old *unstructured.Unstructured) field.ErrorList {
	// What was stored before has what the API server sets.
	o = o.DeepCopy()
	for _, u := range []*unstructured.Unstructured{o, old} {
		u.SetResourceVersion("1")
		u.SetUID(old.GetUID())
		u.SetCreationTimestamp(old.GetCreationTimestamp())
		u.SetGeneration(old.GetGeneration())
	}
	correlated := common.NewCorrelatedObject(o.Object, old.Object, &model.Structural{Structural: k.structural})
	errs := validation.ValidateObjectMetaAccessorUpdate(o, old, field.NewPath("metadata"))
	errs = append(errs, crvalidation.ValidateCustomResourceUpdate(nil, o.UnstructuredContent(), old.UnstructuredContent(), k.schema, crvalidation.WithRatcheting(correlated))...)
	errs = append(errs, objectmeta.Validate(nil, o.Object, k.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, o.Object)...)
	if blocks(errs) {
		return errs
	}
	rules, _ := k.cel.Validate(ctx, nil, k.structural, o.Object, old.Object, celconfig.RuntimeCELCostBudget, cel.WithRatcheting(correlated))
	return append(errs, rules...)
}

// blocks reports whether the API server leaves rules unchecked after errors of such types.
func blocks(errs field.ErrorList) bool {
	return slices.ContainsFunc(errs, func(e *field.Error) bool {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		default:
			return false
		}
	})
}

func tooLarge(o *unstructured.Unstructured) field.ErrorList {
	b, err := json.Marshal(o.Object)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	if len(b) <= maxObject {
		return nil
	}
	return field.ErrorList{field.Invalid(nil, fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("too large: the API server stores at most %d bytes of an object: move large values into a ConfigMap or a volume", maxObject))}
}

// names of the kinds, sorted.
func (k *Kinds) names() []string {
	var out []string
	for gvk := range maps.Keys(k.kinds) {
		out = append(out, gvk.GroupVersion().String()+" "+gvk.Kind)
	}
	slices.Sort(out)
	return out
}
