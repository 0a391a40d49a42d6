package plan

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Change of a field. Before or After is nil where there is none.
type Change struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`

	// Hidden says that the values are secret, and left out.
	Hidden bool `json:"hidden,omitempty"`
}

// longest is how much of a value the text shows.
const longest = 64

// String is the change on one line.
func (c Change) String() string {
	before, isText := c.Before.(string)
	after, both := c.After.(string)
	switch {
	case c.Hidden:
		return c.Path + ": (hidden)"
	case c.Before == nil:
		return c.Path + ": " + brief(c.After) + " (new)"
	case c.After == nil:
		return c.Path + ": " + brief(c.Before) + " (goes)"
	case isText && both && max(len(before), len(after)) > longest:
		before, after = apart(before, after)
		return c.Path + ": " + brief(before) + " -> " + brief(after)
	}
	return c.Path + ": " + brief(c.Before) + " -> " + brief(c.After)
}

// apart takes away what two long texts begin with, but for some of it.
func apart(a, b string) (restOfA, restOfB string) {
	const context = 12
	ra, rb := []rune(a), []rune(b)
	same := 0
	for same < min(len(ra), len(rb)) && ra[same] == rb[same] {
		same++
	}
	if same <= context {
		return a, b
	}
	return "..." + string(ra[same-context:]), "..." + string(rb[same-context:])
}

// brief is a value, cut where it is long.
func brief(v any) string {
	b := &strings.Builder{}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	s := []rune(strings.TrimSuffix(b.String(), "\n"))
	if len(s) > longest {
		return string(s[:longest-3]) + "..."
	}
	return string(s)
}
