package compose

import (
	"os"
	"path/filepath"
	"testing"
)

// tools returns a directory with programs for scripts: a python3 that prints its arguments, each with a NUL after it, a
// ray that starts, and a getent that finds no name the first time.
func tools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{
		"python3": `for a in "$@"; do printf '%s\0' "$a"; done`,
		"ray":     `test "$1" = start`,
		"sleep":   `:`,
		"getent":  `case "$1 $2" in "hosts group-0.group.ns"|"hosts g-0-w-0-w-ldr-0.g-0.ns.svc.cluster.local") ;; *) exit 9;; esac; test -e ` + dir + `/asked || { touch ` + dir + `/asked; exit 2; }; echo 10.0.0.1 "$2"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
