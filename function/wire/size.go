package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

const (
	// framing is more than the bytes that the tags and lengths of a map entry or a list element take, its text aside, in a
	// message of less than 2 GiB.
	framing = 32

	// beside is what the rest of a response may take without being looked at: requirements, results, conditions.
	beside = 1 << 20
)

// Larger reports whether a response takes more than limit bytes. It is quick for the small ones that nearly all are:
// their exact size is only computed when a bound, for which nothing nested is looked at twice, does not tell.
func Larger(rsp *fnv1.RunFunctionResponse, limit int) bool {
	n := beside + bound(rsp.GetDesired().GetComposite().GetResource())
	for name, r := range rsp.GetDesired().GetResources() {
		n += framing + len(name) + bound(r.GetResource())
	}
	return n > limit && proto.Size(rsp) > limit
}

// bound is no less than the size of an object.
func bound(s *structpb.Struct) int {
	n := framing
	for k, v := range s.GetFields() {
		n += framing + len(k) + boundValue(v)
	}
	return n
}

func boundValue(v *structpb.Value) int {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		return bound(k.StructValue)
	case *structpb.Value_ListValue:
		n := framing
		for _, e := range k.ListValue.GetValues() {
			n += framing + boundValue(e)
		}
		return n
	case *structpb.Value_StringValue:
		return framing + len(k.StringValue)
	}
	return framing
}
