package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

func TestLarger(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		rsp := &fnv1.RunFunctionResponse{}
		for i := range rnd.IntN(20) {
			Desire(rsp, fmt.Sprint("object-", i), randomObject(rnd, 4), true)
		}
		size := proto.Size(rsp)
		for _, limit := range []int{size - 1, size, size + 1} {
			if got, want := Larger(rsp, limit), size > limit; got != want {
				t.Errorf("a response of %d bytes: larger than %d is %t", size, limit, got)
			}
		}
		n := 0
		for name, r := range rsp.GetDesired().GetResources() {
			n += framing + len(name) + bound(r.GetResource())
		}
		if n < size {
			t.Errorf("the bound %d is less than the size %d", n, size)
		}
	}
}

func randomObject(rnd *rand.Rand, depth int) *structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for i := range rnd.IntN(6) {
		s.Fields[fmt.Sprint("field-", i)] = randomValue(rnd, depth)
	}
	return s
}

func randomValue(rnd *rand.Rand, depth int) *structpb.Value {
	switch kind := rnd.IntN(6); {
	case kind == 0 && depth > 0:
		return structpb.NewStructValue(randomObject(rnd, depth-1))
	case kind == 1 && depth > 0:
		l := &structpb.ListValue{}
		for range rnd.IntN(4) {
			l.Values = append(l.Values, randomValue(rnd, depth-1))
		}
		return structpb.NewListValue(l)
	case kind == 2:
		return structpb.NewNumberValue(rnd.Float64())
	case kind == 3:
		return structpb.NewNullValue()
	}
	return structpb.NewStringValue(strings.Repeat("x", rnd.IntN(40000)))
}
