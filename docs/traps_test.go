package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/graphplane/graphplane/test/refused"
)

const traps = "dynamo-traps.md"

// TestTraps holds the list of rules and traps against the tests that it names, and looks that no number is missing.
func TestTraps(t *testing.T) {
	b, err := os.ReadFile(traps)
	if err != nil {
		t.Fatal(err)
	}
	exist := testNames(t)
	want := map[string]int{"Rules of v1alpha1": 34, "Rules of v1beta1": 15, "Traps": 24, "What users complain of": 8}
	rows := map[string]int{}
	section, line := "", 0
	for text := range strings.Lines(string(b)) {
		line++
		text = strings.TrimSpace(text)
		if h, ok := strings.CutPrefix(text, "## "); ok {
			section = h
		}
		c := cells(text)
		if len(c) == 0 || c[0] == "#" {
			continue
		}
		rows[section]++
		if n, err := strconv.Atoi(c[0]); err != nil || n != rows[section] {
			t.Errorf("%s:%d: number %s after %d", traps, line, c[0], rows[section]-1)
		}
		tests := fields(c[3])
		if len(tests) == 0 && !strings.Contains(c[2], "yet") && c[2] != "left out" {
			t.Errorf("%s:%d: no test", traps, line)
		}
		for _, name := range tests {
			if !exist[name] {
				t.Errorf("%s:%d: there is no test %s", traps, line, name)
			}
		}
	}
	for s, n := range want {
		if rows[s] != n {
			t.Errorf("%s: %q has %d rows, want %d", traps, s, rows[s], n)
		}
	}
}

// testNames are the Go tests of the repository, and the cases of what is refused.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(b, -1) {
			out[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := refused.Cases("team-a")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		out["refused/"+c.Name] = true
	}
	return out
}
