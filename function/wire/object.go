package wire

import (
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// Decode reads part of an object, as its spec, into a typed value. An absent part leaves the value as it is. Fields the
// type does not know are ignored, as clients of the API server do: it has pruned what the schema does not know.
func Decode(s *structpb.Struct, part string, into any) error {
	v := s.GetFields()[part].GetStructValue()
	if v == nil {
		return nil
	}
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(v.AsMap(), into)
	return errors.Wrapf(err, "cannot read %s", part)
}

// Get returns the value at a path of fields, or nil.
func Get(s *structpb.Struct, path ...string) *structpb.Value {
	for i, p := range path {
		v := s.GetFields()[p]
		if i == len(path)-1 {
			return v
		}
		s = v.GetStructValue()
	}
	return nil
}

// String returns the string at a path of fields, or "".
func String(s *structpb.Struct, path ...string) string {
	return Get(s, path...).GetStringValue()
}

// Int returns the number at a path of fields, or 0.
func Int(s *structpb.Struct, path ...string) int64 {
	return int64(Get(s, path...).GetNumberValue())
}
