package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// A comparison finds what applying an object changes of one that is there: what is applied and is not there or is other,
// and what is there, ours and no longer applied. All else is the API server's or somebody else's, and stays.
type comparison struct {
	types   *types
	changes []Change
}

// compare what is there with what is applied, with no regard to what only the API server or Crossplane write.
func (t *types) compare(before, after *unstructured.Unstructured, own ownership) []Change {
	c := &comparison{types: t}
	c.fields("", t.resolve(t.of(after.GroupVersionKind())).Map, trimmed(before), trimmed(after), own)
	return c.changes
}

// trimmed is an object without its status, and with those of its metadata that are applied.
func trimmed(o *unstructured.Unstructured) map[string]any {
	out := maps.Clone(o.Object)
	delete(out, "status")
	meta := map[string]any{}
	for _, k := range []string{"labels", "annotations", "ownerReferences"} {
		if v, ok, _ := unstructured.NestedFieldNoCopy(o.Object, "metadata", k); ok {
			meta[k] = v
		}
	}
	out["metadata"] = meta
	return out
}

func (c *comparison) add(path string, before, after any) {
	c.changes = append(c.changes, Change{Path: path, Before: before, After: after})
}

// value compares two values of a type.
func (c *comparison) value(path string, ref schema.TypeRef, before, after any, own ownership) {
	atom := c.types.resolve(ref)
	switch a := after.(type) {
	case map[string]any:
		if b, ok := before.(map[string]any); ok && atom.Map != nil && atom.Map.ElementRelationship != schema.Atomic {
			c.fields(path, atom.Map, b, a, own)
			return
		}
	case []any:
		if b, ok := before.([]any); ok && atom.List != nil && atom.List.ElementRelationship == schema.Associative {
			if c.items(path, atom.List, b, a, own) {
				return
			}
		}
	}
	c.whole(path, before, after)
}

// whole compares values that are one to the API server, and says where in them they differ.
func (c *comparison) whole(path string, before, after any) {
	if equivalent(before, after) {
		return
	}
	if b, ok := before.(map[string]any); ok {
		if a, ok := after.(map[string]any); ok {
			c.members(path, b, a)
			return
		}
	}
	b, isList := before.([]any)
	a, areLists := after.([]any)
	if !isList || !areLists {
		c.add(path, before, after)
		return
	}
	from := 0
	for from < min(len(b), len(a)) && equivalent(b[from], a[from]) {
		from++
	}
	b, a = b[from:], a[from:]
	for len(b) > 0 && len(a) > 0 && equivalent(b[len(b)-1], a[len(a)-1]) {
		b, a = b[:len(b)-1], a[:len(a)-1]
	}
	switch {
	case len(b) == 1 && len(a) == 1:
		c.whole(fmt.Sprintf("%s[%d]", path, from), b[0], a[0])
	case len(b) == 0:
		c.add(fmt.Sprintf("%s[%d]", path, from), nil, one(a))
	case len(a) == 0:
		c.add(fmt.Sprintf("%s[%d]", path, from), one(b), nil)
	default:
		c.add(fmt.Sprintf("%s[%d...]", path, from), b, a)
	}
}

// members says in which members two maps differ that are one value.
func (c *comparison) members(path string, before, after map[string]any) {
	for _, k := range union(before, after) {
		p := pair(before, after, k)
		switch {
		case p.hasBefore && p.hasAfter:
			c.whole(below(path, k), p.before, p.after)
		case p.hasAfter:
			c.add(below(path, k), nil, p.after)
		case !defaulted(k, p.before):
			c.add(below(path, k), p.before, nil)
		}
	}
}

// one is a value that stands alone in a list, or the list.
func one(l []any) any {
	if len(l) == 1 {
		return l[0]
	}
	return l
}

// union of the keys of two maps, sorted.
func union(a, b map[string]any) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// fields compares two maps or structures.
func (c *comparison) fields(path string, of *schema.Map, before, after map[string]any, own ownership) {
	for _, k := range union(before, after) {
		e := fieldpath.FieldNameElement(k)
		ref := of.ElementType
		if f, ok := of.FindField(k); ok {
			ref = f.Type
		}
		c.member(below(path, k), e, ref, pair(before, after, k), own)
	}
}

// A both is the same part of two values, and whether each has it.
type both struct {
	before, after       any
	hasBefore, hasAfter bool
}

func pair[K comparable](before, after map[K]any, k K) both {
	out := both{}
	out.before, out.hasBefore = before[k]
	out.after, out.hasAfter = after[k]
	return out
}

func (c *comparison) member(path string, e fieldpath.PathElement, ref schema.TypeRef, v both, own ownership) {
	switch {
	case v.hasBefore && v.hasAfter:
		c.value(path, ref, v.before, v.after, own.of(e))
	case v.hasAfter:
		c.add(path, nil, v.after)
	case own.has(e) && (own.known() || !strings.HasPrefix(path, "metadata.")):
		c.add(path, v.before, nil)
	}
}

// items compares two lists whose items have keys, or are a set. It reports false if an item is there twice.
func (c *comparison) items(path string, of *schema.List, before, after []any, own ownership) bool {
	element := c.types.resolve(of.ElementType)
	b, bOrder := index(of, element.Map, before)
	a, aOrder := index(of, element.Map, after)
	if len(b) < len(before) || len(a) < len(after) {
		return false
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(bOrder, aOrder)))) {
		x := item{}
		if v, ok := a[id]; ok {
			x = v
		} else {
			x = b[id]
		}
		p := both{before: b[id].value, after: a[id].value}
		_, p.hasBefore = b[id]
		_, p.hasAfter = a[id]
		c.member(path+"["+id+"]", x.element, of.ElementType, p, own)
	}
	shared := slices.DeleteFunc(bOrder, func(id string) bool { _, ok := a[id]; return !ok })
	if len(shared) == len(aOrder) && !slices.Equal(shared, aOrder) {
		c.add(path+" (order)", list(shared), list(aOrder))
	}
	return true
}

func list(in []string) []any {
	out := make([]any, len(in))
	for i := range in {
		out[i] = in[i]
	}
	return out
}

type item struct {
	element fieldpath.PathElement
	value   any
}

// index the items of a list by their keys as people read them.
func index(of *schema.List, element *schema.Map, in []any) (items map[string]item, order []string) {
	items = map[string]item{}
	for _, v := range in {
		m, ok := v.(map[string]any)
		if !ok || len(of.Keys) == 0 {
			id := fmt.Sprint(v)
			items[id] = item{element: fieldpath.ValueElement(value.NewValueInterface(v)), value: v}
			order = append(order, id)
			continue
		}
		var fields []any
		var id []string
		for _, k := range of.Keys {
			kv, ok := m[k]
			if !ok && element != nil {
				f, _ := element.FindField(k)
				kv = f.Default
			}
			if kv != nil {
				fields, id = append(fields, k, kv), append(id, fmt.Sprint(kv))
			}
		}
		name := strings.Join(id, "/")
		items[name] = item{element: fieldpath.KeyElementByFields(fields...), value: v}
		order = append(order, name)
	}
	return items, order
}

// below is the path of a member of a map. Names that would look like several are in brackets.
func below(path, name string) string {
	switch {
	case strings.ContainsAny(name, "./"):
		return path + "[" + name + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// equivalent reports whether a value that is one to the API server is what is applied, but for defaults.
func equivalent(before, after any) bool {
	switch a := after.(type) {
	case map[string]any:
		b, ok := before.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range b {
			if want, ok := a[k]; (ok && !equivalent(v, want)) || (!ok && !defaulted(k, v)) {
				return false
			}
		}
		for k := range a {
			if _, ok := b[k]; !ok {
				return false
			}
		}
		return true
	case []any:
		b, ok := before.([]any)
		return ok && slices.EqualFunc(b, a, equivalent)
	}
	return reflect.DeepEqual(number(before), number(after))
}

// number makes numbers comparable.
func number(v any) any {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int32:
		return float64(n)
	case int64:
		return float64(n)
	}
	return v
}

// defaulted reports whether a field has a value that the API server gives it in the lists that it takes for one value.
// Who applies such a value or leaves it out gets the same.
func defaulted(field string, v any) bool {
	defaults := map[string][]any{
		"protocol":          {"TCP"},
		"apiVersion":        {"v1"},
		"expirationSeconds": {3600.0},
		"divisor":           {"0"},
		"allocationMode":    {"ExactCount"},
		"count":             {1.0},
		"weight":            {1.0},
		"action":            {"replace"},
		"group":             {"", "gateway.networking.k8s.io"},
		"kind":              {"Service", "Gateway"},
		"matches":           {[]any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}}},
	}
	return slices.ContainsFunc(defaults[field], func(d any) bool { return reflect.DeepEqual(d, number(v)) })
}
