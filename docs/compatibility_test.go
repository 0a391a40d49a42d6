// Package docs_test checks what the documentation promises of the API.
package docs_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/schema"
)

const (
	compatibility = "dynamo-compatibility.md"

	graphs     = "DynamoGraphDeployment"
	components = "DynamoComponentDeployment"
)

// A source is a field of the Dynamo operator's API.
type source struct{ kind, version, path string }

// A row of a table: the fields of one version, what they are called here, and the verdict.
type row struct {
	line         int
	from         []source
	ours         []string
	verdict, why string
}

// TestCompatibility holds the table against the Dynamo operator's fields and against our definitions.
func TestCompatibility(t *testing.T) {
	rows := readRows(t)
	rowOf := map[source]int{}
	for _, r := range rows {
		for _, s := range r.from {
			if first, ok := rowOf[s]; ok {
				t.Errorf("%s:%d: %v has a row in line %d", compatibility, r.line, s, first)
			}
			rowOf[s] = r.line
		}
	}
	want := readSources(t)
	for _, s := range want {
		if !inherits(s, rowOf) && rowOf[s] == 0 {
			t.Errorf("%s: no row for %s %s %s", compatibility, s.kind, s.version, s.path)
		}
	}
	for s, line := range rowOf {
		if !slices.Contains(want, s) {
			t.Errorf("%s:%d: %s %s has no field %s", compatibility, line, s.kind, s.version, s.path)
		}
	}
}

// inherits reports whether a field of a DynamoComponentDeployment has the row of a component of a DynamoGraphDeployment.
func inherits(s source, rowOf map[source]int) bool {
	rest, inSpec := strings.CutPrefix(s.path, "spec.")
	if s.kind != components || !inSpec {
		return false
	}
	prefix := map[string]string{"v1alpha1": "spec.services{}.", "v1beta1": "spec.components[]."}[s.version]
	return rowOf[source{graphs, s.version, prefix + rest}] != 0
}

// TestCompatibilityRows holds each row to its verdict: what is there is in our definitions, what is not says why.
func TestCompatibilityRows(t *testing.T) {
	definitions := definitions(t)
	for _, r := range readRows(t) {
		switch r.verdict {
		case "same", "better", "other":
			if len(r.ours) == 0 {
				t.Errorf("%s:%d: %q without a field of ours", compatibility, r.line, r.verdict)
			}
		case "not yet", "left out":
		default:
			t.Errorf("%s:%d: unknown verdict %q", compatibility, r.line, r.verdict)
		}
		if r.why == "" && r.verdict != "same" {
			t.Errorf("%s:%d: %q without a reason", compatibility, r.line, r.verdict)
		}
		for _, f := range r.ours {
			kind, path, other := strings.Cut(f, ":")
			if !other {
				kind, path = v1alpha1.InferenceGraphKind, f
			}
			if d, ok := definitions[kind]; !ok || !has(d, path) {
				t.Errorf("%s:%d: %s has no field %s", compatibility, r.line, kind, path)
			}
		}
	}
}

// definitions are the schemas of our kinds, as Crossplane derives them.
func definitions(t *testing.T) map[string]*extv1.JSONSchemaProps {
	t.Helper()
	crds, err := schema.Derive()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*extv1.JSONSchemaProps{}
	for _, crd := range crds {
		out[crd.Spec.Names.Kind] = crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return out
}

// has reports whether a schema has a field, as spec.components[].name.
func has(s *extv1.JSONSchemaProps, path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		name, list := strings.CutSuffix(name, "[]")
		p, ok := s.Properties[name]
		if !ok {
			return false
		}
		s = &p
		if s.Items != nil {
			s = s.Items.Schema
		} else if list {
			return false
		}
	}
	return true
}

func readSources(t *testing.T) []source {
	t.Helper()
	b, err := os.ReadFile("testdata/dynamo-fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []source
	for l := range strings.Lines(string(b)) {
		f := strings.Fields(l)
		if strings.HasPrefix(l, "#") {
			continue
		}
		if len(f) != 3 {
			t.Fatalf("not a kind, a version and a path: %q", l)
		}
		out = append(out, source{f[0], f[1], f[2]})
	}
	if len(out) < 500 {
		t.Fatalf("only %d fields", len(out))
	}
	return out
}

// readRows reads every row below a heading that names a kind. The first cells of a table's head name the versions.
func readRows(t *testing.T) []row {
	t.Helper()
	f, err := os.Open(compatibility)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var (
		out  []row
		kind string
		head []string
	)
	s := bufio.NewScanner(f)
	for line := 1; s.Scan(); line++ {
		text := s.Text()
		if h, ok := strings.CutPrefix(text, "## "); ok {
			kind = h
		}
		c := cells(text)
		switch {
		case kind == "" || strings.HasPrefix(text, "|---"):
		case len(c) == 0:
			head = nil
		case head == nil:
			head = c
		default:
			out = append(out, newRow(t, line, kind, head, c))
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func newRow(t *testing.T, line int, kind string, head, c []string) row {
	t.Helper()
	if len(c) != len(head) || len(head) < 4 {
		t.Fatalf("%s:%d: %d cells below a head of %d", compatibility, line, len(c), len(head))
	}
	n := len(head)
	r := row{line: line, ours: fields(c[n-3]), verdict: c[n-2], why: c[n-1]}
	for i, version := range head[:n-3] {
		for _, path := range fields(c[i]) {
			r.from = append(r.from, source{kind, version, path})
		}
	}
	return r
}

// cells of a row of a table, nil for other text.
func cells(text string) []string {
	if !strings.HasPrefix(text, "| ") {
		return nil
	}
	c := strings.Split(strings.TrimSuffix(strings.TrimPrefix(text, "|"), "|"), "|")
	for i := range c {
		c[i] = strings.TrimSpace(c[i])
	}
	return c
}

// fields of a cell, each in backticks.
func fields(cell string) []string {
	var out []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}
