package graph

import (
	"regexp"
	"slices"
	"strings"
)

// module is how a shell script starts an engine of the Dynamo runtime.
var module = regexp.MustCompile(`(^|[\s/;&|(])python[0-9.]*\s+(-[^\s|&;]+\s+)*?-m\s+dynamo\.(vllm|sglang|trtllm)($|[\s|&;)])`)

var (
	interpreter = regexp.MustCompile(`^(.*/)?python[0-9.]*$`)
	engineName  = regexp.MustCompile(`^dynamo\.(vllm|sglang|trtllm)$`)
)

// A Launch is where a command line starts an engine: python3 -m dynamo.vllm and the like, either as words of their own
// or inside one word, which is a shell script then.
type Launch struct {
	// Backend that is started.
	Backend string
	// Word is the index of the module's name, or that of the script.
	Word int
	// Script says that Word is a script, and End where the module's name ends in it.
	Script bool
	End    int
}

// Launches finds every start of an engine in a command line.
func Launches(words []string) []Launch {
	var out []Launch
	for i, w := range words {
		if b, ok := vectorLaunch(words, i); ok {
			out = append(out, Launch{Backend: b, Word: i})
			continue
		}
		for from := 0; from < len(w); {
			m := module.FindStringSubmatchIndex(w[from:])
			if m == nil {
				break
			}
			end := from + m[7]
			out = append(out, Launch{Backend: w[from+m[6] : end], Word: i, Script: true, End: end})
			from = end
		}
	}
	return out
}

// vectorLaunch reports whether a word is the module that an interpreter among the words before it is told to run.
func vectorLaunch(words []string, i int) (string, bool) {
	m := engineName.FindStringSubmatch(words[i])
	if m == nil || i < 2 || words[i-1] != "-m" {
		return "", false
	}
	for k := i - 2; k >= 0; k-- {
		if interpreter.MatchString(words[k]) {
			return m[1], true
		}
		if !strings.HasPrefix(words[k], "-") {
			break
		}
	}
	return "", false
}

// Flags are the words that follow the start of an engine.
func (l Launch) Flags(words []string) Flags {
	if l.Script {
		return split(words[l.Word][l.End:])
	}
	return words[l.Word+1:]
}

// split takes the first command of a shell script apart. Expansions stay as they are written.
func split(script string) []string {
	var (
		out   []string
		word  strings.Builder
		open  bool
		quote rune
	)
	flush := func() {
		if open {
			out = append(out, word.String())
		}
		word.Reset()
		open = false
	}
	runes := []rune(script)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case quote == 0 && c == '\\' && i+1 < len(runes):
			i++
			if runes[i] != '\n' {
				word.WriteRune(runes[i])
				open = true
			}
		case quote == '"' && c == '\\' && i+1 < len(runes) && slices.Contains([]rune("\"\\$`"), runes[i+1]):
			i++
			word.WriteRune(runes[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == ' ' || c == '\t':
			flush()
		case slices.Contains([]rune("\n|&;"), c):
			flush()
			return out
		default:
			word.WriteRune(c)
			open = true
		}
	}
	flush()
	return out
}
