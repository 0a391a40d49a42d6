package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/types/known/structpb"
)

// Digest returns a digest of an object, 16 hexadecimal digits: the same for equal objects, whoever computes it. Marshalling
// deterministically would do, but computes the size of what is nested again at each level.
func Digest(s *structpb.Struct) string {
	d := digester{h: sha256.New()}
	d.object(s)
	d.flush()
	return hex.EncodeToString(d.h.Sum(nil)[:8])
}

// A digester writes values so that no two different ones are written alike: each by its kind and length first.
type digester struct {
	h   hash.Hash
	buf []byte
}

// flushAt is how much is gathered for one write to the hash.
const flushAt = 4096

func (d *digester) flush() {
	d.h.Write(d.buf) // It never fails.
	d.buf = d.buf[:0]
}

func (d *digester) token(kind byte, n uint64) {
	d.buf = binary.AppendUvarint(append(d.buf, kind), n)
}

func (d *digester) text(kind byte, s string) {
	d.token(kind, uint64(len(s)))
	d.buf = append(d.buf, s...)
	if len(d.buf) > flushAt {
		d.flush()
	}
}

func (d *digester) object(s *structpb.Struct) {
	fields := s.GetFields()
	d.token('o', uint64(len(fields)))
	keys := slices.AppendSeq(make([]string, 0, len(fields)), maps.Keys(fields))
	slices.Sort(keys)
	for _, k := range keys {
		d.text('k', k)
		d.value(fields[k])
	}
}

func (d *digester) value(v *structpb.Value) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		d.object(k.StructValue)
	case *structpb.Value_ListValue:
		d.token('l', uint64(len(k.ListValue.GetValues())))
		for _, e := range k.ListValue.GetValues() {
			d.value(e)
		}
	case *structpb.Value_StringValue:
		d.text('s', k.StringValue)
	case *structpb.Value_NumberValue:
		d.token('n', math.Float64bits(k.NumberValue))
	case *structpb.Value_BoolValue:
		n := uint64(0)
		if k.BoolValue {
			n = 1
		}
		d.token('b', n)
	default:
		d.token('z', 0)
	}
}
