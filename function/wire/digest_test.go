package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestDigest(t *testing.T) {
	base := func() map[string]any {
		return map[string]any{
			"kind": "Deployment", "n": 1.0, "yes": true, "nothing": nil,
			"list": []any{"a", "bc"}, "map": map[string]any{"x": "1", "y": "2"},
		}
	}
	encode := func(m map[string]any) *structpb.Struct {
		s, err := structpb.NewStruct(m)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := Digest(encode(base()))
	for range 20 {
		if got := Digest(proto.CloneOf(encode(base()))); got != want {
			t.Fatalf("equal objects have the digests %s and %s", want, got)
		}
	}
	// A digest is kept in clusters, and must not change with a release: each workload would be unready for a moment.
	if want != "0a2a5617146da9c0" {
		t.Errorf("the digest of the example has become %s", want)
	}
	for name, change := range map[string]func(m map[string]any){
		"String":    func(m map[string]any) { m["kind"] = "Deploymen" },
		"Number":    func(m map[string]any) { m["n"] = 2.0 },
		"Bool":      func(m map[string]any) { m["yes"] = false },
		"Null":      func(m map[string]any) { m["nothing"] = false },
		"Type":      func(m map[string]any) { m["n"] = "1" },
		"Key":       func(m map[string]any) { delete(m, "n"); m["N"] = 1.0 },
		"Removed":   func(m map[string]any) { delete(m, "nothing") },
		"Boundary":  func(m map[string]any) { m["list"] = []any{"ab", "c"} },
		"Nested":    func(m map[string]any) { m["list"] = []any{[]any{"a"}, "bc"} },
		"ListOrder": func(m map[string]any) { m["list"] = []any{"bc", "a"} },
		"Moved":     func(m map[string]any) { m["map"] = map[string]any{"x": "1"}; m["y"] = "2" },
	} {
		m := base()
		change(m)
		if got := Digest(encode(m)); got == want {
			t.Errorf("%s: a changed object has the same digest", name)
		}
	}
}
