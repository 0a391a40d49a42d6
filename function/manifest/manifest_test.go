package manifest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestRead(t *testing.T) {
	type want struct {
		names []string
		err   string
	}
	cases := map[string]struct {
		reason string
		args   string
		want   want
	}{
		"Stream": {
			reason: "Empty documents and comments are nothing.",
			args:   "# One.\n---\napiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}\n",
			want:   want{names: []string{"a", "b"}},
		},
		"List": {
			reason: "A List in JSON is its items.",
			args:   `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}]}`,
			want:   want{names: []string{"a"}},
		},
		"Tree": {
			reason: "What crossplane resource trace prints is its objects, less those that are gone.",
			args: `{"object":{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}},"children":[
				{"object":{"apiVersion":"v1","kind":"B","metadata":{"name":"b"}},"children":[{"object":{"apiVersion":"v1","kind":"C","metadata":{"name":"c"}}}]},
				{"object":{"apiVersion":"v1","kind":"B","metadata":{"name":"gone"}},"error":{"ErrStatus":{"reason":"NotFound"}}}]}`,
			want: want{names: []string{"a", "b", "c"}},
		},
		"TreeForbidden": {
			reason: "An object that could not be read must not be taken for one that is not there.",
			args:   `{"object":{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}},"error":{"ErrStatus":{"reason":"Forbidden"}}}`,
			want:   want{err: `A "a" could not be read when the tree was printed`},
		},
		"TreeOfNothing": {
			reason: "A tree without objects is none.",
			args:   `{"object":{"metadata":{"name":"a"}}}`,
			want:   want{err: "one has no apiVersion or no kind"},
		},
		"Twice": {
			reason: "A key that is there twice is a mistake.",
			args:   "apiVersion: v1\nkind: A\nkind: B\n",
			want:   want{err: `cannot parse document 1`},
		},
		"NoKind": {
			reason: "An object without a kind is none.",
			args:   "apiVersion: v1\nkind: A\n---\nspec: {}\n",
			want:   want{err: "cannot parse document 2: not a Kubernetes object"},
		},
		"Scalar": {reason: "Text is no object.", args: "hello", want: want{err: "cannot parse document 1"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := Read(strings.NewReader(tc.args))
			if got := err != nil; got != (tc.want.err != "") || (got && !strings.Contains(err.Error(), tc.want.err)) {
				t.Fatalf("%s\nwant error %q, got %v", tc.reason, tc.want.err, err)
			}
			var got []string
			for _, o := range objects {
				got = append(got, o.GetName())
			}
			if diff := cmp.Diff(tc.want.names, got); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestRoundTrip asserts that both forms hold the same objects, with whole numbers as they were.
func TestRoundTrip(t *testing.T) {
	want := []unstructured.Unstructured{
		{Object: map[string]any{"apiVersion": "v1", "kind": "A", "spec": map[string]any{"int": int64(9007199254740993), "float": 0.5, "list": []any{"<", nil}}}},
		{Object: map[string]any{"apiVersion": "v1", "kind": "B", "spec": map[string]any{"text": "a: b\n---\n", "empty": map[string]any{}}}},
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"YAML": func(b *bytes.Buffer) error { return YAML(b, want) },
		"JSON": func(b *bytes.Buffer) error { return JSON(b, want) },
	} {
		t.Run(name, func(t *testing.T) {
			b := &bytes.Buffer{}
			if err := write(b); err != nil {
				t.Fatal(err)
			}
			got, err := Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want, +got):\n%s", diff)
			}
		})
	}
}
