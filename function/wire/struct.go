// Package wire translates between Crossplane's protobuf messages and Kubernetes objects.
package wire

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// An Encoder turns typed Kubernetes objects into protobuf structs for server-side apply, where every field that is sent
// is a field that is owned. It sends what its JSON holds, less status, less zero values that the JSON tags of older types
// do not omit, and less empty structs that no pointer asked for. What a pointer asks for, as an emptyDir: {}, is kept.
//
// The zero value is ready, and caches what it learns about types. It may be used concurrently.
type Encoder struct {
	types sync.Map // reflect.Type to []structField
}

// Struct encodes an object. It fails on values that JSON cannot hold.
func (e *Encoder) Struct(object any) (*structpb.Struct, error) {
	v, err := e.value(reflect.ValueOf(object))
	if err != nil {
		return nil, err
	}
	s := v.GetStructValue()
	if s == nil {
		return nil, errors.Errorf("cannot encode %T: not an object", object)
	}
	delete(s.GetFields(), "status")
	return s, nil
}

// A structField is how one field of a Go struct appears in JSON.
type structField struct {
	index  int
	name   string
	inline bool
	// omit says that the JSON tag omits zero values.
	omit bool
}

// fields returns how the fields of a struct type appear in JSON.
func (e *Encoder) fields(t reflect.Type) []structField {
	if f, ok := e.types.Load(t); ok {
		return f.([]structField) //nolint:forcetypeassert // Nothing else is stored.
	}
	var out []structField
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		inline := strings.Contains(opts, "inline") || (f.Anonymous && name == "")
		if (!f.IsExported() && !inline) || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, structField{index: i, name: name, inline: inline, omit: strings.Contains(opts, "omit")})
	}
	e.types.Store(t, out)
	return out
}

// value encodes any value. It returns nil for one that is absent: a nil pointer, interface, slice or map.
func (e *Encoder) value(v reflect.Value) (*structpb.Value, error) {
	if !v.IsValid() {
		return nil, nil //nolint:nilnil // Absent is not an error.
	}
	if w, known, err := special(v); known {
		return w, err
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil //nolint:nilnil // Absent is not an error.
		}
		return e.value(v.Elem())
	case reflect.Struct:
		return e.structValue(v)
	case reflect.Map:
		return e.mapValue(v)
	case reflect.Slice, reflect.Array:
		return e.listValue(v)
	case reflect.String:
		return structpb.NewStringValue(v.String()), nil
	case reflect.Bool:
		return structpb.NewBoolValue(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return structpb.NewNumberValue(float64(v.Int())), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return structpb.NewNumberValue(float64(v.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return structpb.NewNumberValue(v.Float()), nil
	default:
		return nil, errors.Errorf("cannot encode a value of type %s", v.Type())
	}
}

func (e *Encoder) structValue(v reflect.Value) (*structpb.Value, error) {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	if err := e.into(s, v); err != nil {
		return nil, err
	}
	return structpb.NewStructValue(s), nil
}

// into encodes the fields of a Go struct into a protobuf one.
func (e *Encoder) into(s *structpb.Struct, v reflect.Value) error {
	for _, f := range e.fields(v.Type()) {
		fv := v.Field(f.index)
		if f.inline && fv.Kind() == reflect.Struct {
			if err := e.into(s, fv); err != nil {
				return err
			}
			continue
		}
		if f.omit && empty(fv) {
			continue
		}
		w, err := e.value(fv)
		if err != nil {
			return errors.Wrapf(err, "cannot encode %s", f.name)
		}
		if w == nil || (fv.Kind() == reflect.Struct && w.GetStructValue() != nil && len(w.GetStructValue().GetFields()) == 0) {
			continue
		}
		s.Fields[f.name] = w
	}
	return nil
}

func (e *Encoder) mapValue(v reflect.Value) (*structpb.Value, error) {
	if v.IsNil() {
		return nil, nil //nolint:nilnil // Absent is not an error.
	}
	s := &structpb.Struct{Fields: make(map[string]*structpb.Value, v.Len())}
	for it := v.MapRange(); it.Next(); {
		if it.Key().Kind() != reflect.String {
			return nil, errors.Errorf("cannot encode a map with keys of type %s", it.Key().Type())
		}
		w, err := e.value(it.Value())
		if err != nil {
			return nil, errors.Wrapf(err, "cannot encode %s", it.Key().String())
		}
		s.Fields[it.Key().String()] = present(w)
	}
	return structpb.NewStructValue(s), nil
}

func (e *Encoder) listValue(v reflect.Value) (*structpb.Value, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil, nil //nolint:nilnil // Absent is not an error.
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
		return structpb.NewStringValue(base64.StdEncoding.EncodeToString(v.Bytes())), nil
	}
	l := &structpb.ListValue{Values: make([]*structpb.Value, v.Len())}
	for i := range v.Len() {
		w, err := e.value(v.Index(i))
		if err != nil {
			return nil, errors.Wrapf(err, "cannot encode item %d", i)
		}
		l.Values[i] = present(w)
	}
	return structpb.NewListValue(l), nil
}

// present is null for an absent value, where JSON needs one.
func present(v *structpb.Value) *structpb.Value {
	if v == nil {
		return structpb.NewNullValue()
	}
	return v
}

// empty is what omitempty of encoding/json omits.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

// special encodes types with a JSON form of their own, and reports whether it knows the type. The types of large fields
// are spelt out, every other goes through its MarshalJSON.
func special(v reflect.Value) (*structpb.Value, bool, error) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		return nil, false, nil
	}
	switch o := v.Interface().(type) {
	case resource.Quantity:
		return structpb.NewStringValue(o.String()), true, nil
	case intstr.IntOrString:
		if o.Type == intstr.String {
			return structpb.NewStringValue(o.StrVal), true, nil
		}
		return structpb.NewNumberValue(float64(o.IntVal)), true, nil
	case json.Marshaler:
		w, err := viaJSON(o)
		return w, true, err
	case encoding.TextMarshaler:
		b, err := o.MarshalText()
		return structpb.NewStringValue(string(b)), true, err
	}
	return nil, false, nil
}

// viaJSON encodes a value through its MarshalJSON. A value that marshals to null, as a zero time, is absent.
func viaJSON(m json.Marshaler) (*structpb.Value, error) {
	b, err := m.MarshalJSON()
	if err != nil {
		return nil, errors.Wrapf(err, "cannot marshal a %T", m)
	}
	w := &structpb.Value{}
	if err := w.UnmarshalJSON(b); err != nil {
		return nil, errors.Wrapf(err, "cannot read the JSON of a %T", m)
	}
	if _, null := w.GetKind().(*structpb.Value_NullValue); null {
		return nil, nil //nolint:nilnil // Absent is not an error.
	}
	return w, nil
}
