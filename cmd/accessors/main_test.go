package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const imports = "package v1\n\nimport xpv2 \"x\"\n\n"
	cases := map[string]struct {
		reason string
		args   string
		want   *Package
	}{
		"Managed": {
			reason: "A managed resource is told by its Spec.",
			args:   imports + "type B struct { Spec BSpec }\ntype BSpec struct { xpv2.ManagedResourceSpec }\ntype A struct { Spec BSpec }",
			want:   &Package{Name: "v1", Managed: []string{"A", "B"}},
		},
		"Config": {
			reason: "A config is told by its Status, a usage by itself.",
			args:   imports + "type C struct { Status CS }\ntype CS struct { xpv2.ProviderConfigStatus }\ntype U struct { xpv2.TypedProviderConfigUsage }",
			want:   &Package{Name: "v1", Configs: []string{"C"}, Usages: []string{"U"}},
		},
		"Nothing": {
			reason: "A package without any of them is the wrong one.",
			args:   imports + "type A struct { Spec string }",
		},
		"NamedField": {
			reason: "A field of such a type is not an embedded one.",
			args:   imports + "type A struct { Spec ASpec }\ntype ASpec struct { M xpv2.ManagedResourceSpec }",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "types.go"), []byte(tc.args), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Parse(dir)
			if (err == nil) != (tc.want != nil) {
				t.Errorf("\n%s\nParse(...): %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nParse(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	out, err := (&Package{Name: "v1", Managed: []string{"Stream"}, Configs: []string{"Config"}}).Methods()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"package v1", "func (mg *Stream) SetConditions(", "func (l *StreamList) GetItems()", "func (p *Config) GetUsers()"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("Methods(): want %q in:\n%s", want, out)
		}
	}
}
