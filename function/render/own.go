package render

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"
)

// own sets what Crossplane sets on a composed object, in the way of RenderComposedResourceMetadata:
// https://github.com/crossplane/crossplane/blob/v2.4.0/internal/controller/apiextensions/composite/composition_render.go
func own(o, xr *unstructured.Unstructured, name string) error {
	prefix := xr.GetLabels()[xcrd.LabelKeyNamePrefixForComposed]
	if prefix == "" {
		prefix = xr.GetName()
	}
	if o.GetName() == "" && o.GetGenerateName() == "" {
		o.SetGenerateName(prefix + "-")
	}
	if ns := xr.GetNamespace(); ns != "" {
		o.SetNamespace(ns)
	}
	xcrd.SetCompositionResourceName(o, name)
	meta.AddLabels(o, map[string]string{xcrd.LabelKeyNamePrefixForComposed: prefix})
	if err := meta.AddControllerReference(o, meta.AsController(meta.TypedReferenceTo(xr, xr.GroupVersionKind()))); err != nil {
		return err
	}
	if o.GetName() == "" {
		o.SetName(derivedName(o.GetGenerateName(), string(xr.GetUID()), name))
	}
	return nil
}

// derivedName is the name Crossplane gives to an object that the function did not name:
// https://github.com/crossplane/crossplane/blob/v2.4.0/internal/names/names.go
func derivedName(prefix, uid, name string) string {
	const maxName, hash = 63, 12
	sum := sha256.Sum256([]byte(uid + name))
	suffix := hex.EncodeToString(sum[:])[:hash]
	if !strings.HasSuffix(prefix, "-") {
		prefix += "-"
	}
	if len(prefix) <= maxName-hash {
		return prefix + suffix
	}
	prefix = prefix[:maxName-hash]
	if !strings.HasSuffix(prefix, "-") {
		prefix = prefix[:len(prefix)-1] + "-"
	}
	return prefix + suffix
}

// fallbackUID is the UID of a composite resource that was never in a cluster. It is that of crossplane composition
// render, so that derived names are the same:
// https://github.com/crossplane/crossplane/blob/v2.4.0/internal/render/composite/render.go
func fallbackUID(xr *unstructured.Unstructured) types.UID {
	key := strings.Join([]string{xr.GroupVersionKind().String(), xr.GetNamespace(), xr.GetName()}, "\x00")
	return types.UID(uuid.NewSHA1(uuid.Nil, []byte(key)).String())
}
