package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/schema"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/lws"
)

// Names of types in a schema. The first three are of Kubernetes' own.
const (
	typePodTemplate = "io.k8s.api.core.v1.PodTemplateSpec"
	typeObjectMeta  = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
	typeDeduced     = "__untyped_deduced_"
	typeCustom      = "custom"
	typeGroups      = "leaderworkerset"
)

// types say how the API server merges what is applied with what is there: for Kubernetes' own kinds and the pod templates
// of LeaderWorkerSets by their schema, for all others by what the values look like, with each list as one value.
type types struct {
	schema    *schema.Schema
	converter managedfields.TypeConverter
}

func newTypes() (*types, error) {
	t := &types{converter: applyconfigurations.NewTypeConverter(clientscheme.Scheme)}
	pod, err := t.converter.ObjectToTyped(shell(runtimeschema.GroupVersionKind{Version: "v1", Kind: "Pod"}))
	if err != nil {
		return nil, errors.Wrap(err, "cannot read the schema of Kubernetes' own kinds")
	}
	template := field("leaderWorkerTemplate", structure(field("leaderTemplate", named(typePodTemplate)), field("workerTemplate", named(typePodTemplate))))
	meta := field("metadata", named(typeObjectMeta))
	t.schema = &schema.Schema{Types: append(slices.Clone(pod.Schema().Types),
		schema.TypeDef{Name: typeCustom, Atom: structure(meta).Inlined},
		schema.TypeDef{Name: typeGroups, Atom: structure(meta, field("spec", structure(template))).Inlined},
	)}
	return t, nil
}

// of is the type of a kind.
func (t *types) of(gvk runtimeschema.GroupVersionKind) schema.TypeRef {
	if gvk == runtimeschema.FromAPIVersionAndKind(lws.APIVersion, lws.Kind) {
		return named(typeGroups)
	}
	typed, err := t.converter.ObjectToTyped(shell(gvk))
	if err != nil {
		// It is no kind of Kubernetes' own.
		return named(typeCustom)
	}
	return typed.TypeRef()
}

// resolve a type. A field that the schema does not know, as of a newer API server, is of a deduced type.
func (t *types) resolve(ref schema.TypeRef) schema.Atom {
	if a, ok := t.schema.Resolve(ref); ok && (a.Map != nil || a.List != nil || a.Scalar != nil) {
		return a
	}
	a, _ := t.schema.Resolve(named(typeDeduced))
	return a
}

func shell(gvk runtimeschema.GroupVersionKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetGroupVersionKind(gvk)
	return o
}

func named(name string) schema.TypeRef { return schema.TypeRef{NamedType: &name} }

func field(name string, of schema.TypeRef) schema.StructField {
	return schema.StructField{Name: name, Type: of}
}

// structure has some fields of known types. All others are deduced.
func structure(fields ...schema.StructField) schema.TypeRef {
	return schema.TypeRef{Inlined: schema.Atom{Map: &schema.Map{Fields: fields, ElementType: named(typeDeduced)}}}
}
