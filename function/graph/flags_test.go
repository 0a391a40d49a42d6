package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSizes(t *testing.T) {
	cases := map[string]struct {
		reason string
		flags  Flags
		want   sizes
		fails  bool
	}{
		"None":          {reason: "Engines run on one GPU", want: sizes{1, 1, 1}},
		"Long":          {reason: "A value in a word of its own", flags: Flags{"--tensor-parallel-size", "8"}, want: sizes{8, 1, 1}},
		"LongAssigned":  {reason: "A value in the same word", flags: Flags{"--tensor-parallel-size=8"}, want: sizes{8, 1, 1}},
		"Short":         {reason: "vLLM's short name", flags: Flags{"-tp", "8", "-pp", "2", "-dp", "4"}, want: sizes{8, 2, 4}},
		"ShortAssigned": {reason: "vLLM's short name with a value", flags: Flags{"-tp=8", "-pp=2", "-dp=4"}, want: sizes{8, 2, 4}},
		"SGLang":        {reason: "SGLang's names", flags: Flags{"--tp-size", "8", "--pp-size=2", "--dp-size", "4"}, want: sizes{8, 2, 4}},
		"SGLangShort":   {reason: "SGLang's abbreviations", flags: Flags{"--tp", "8", "--pp=2", "--dp", "4"}, want: sizes{8, 2, 4}},
		"Underscores":   {reason: "vLLM takes underscores", flags: Flags{"--tensor_parallel_size", "8", "--pipeline_parallel_size=2"}, want: sizes{8, 2, 1}},
		"Last":          {reason: "The last one holds", flags: Flags{"-tp", "8", "--tensor-parallel-size", "4"}, want: sizes{4, 1, 1}},
		"Others":        {reason: "Flags that begin alike are others", flags: Flags{"--data-parallel-size-local", "2", "--tpx", "3"}, want: sizes{1, 1, 1}},
		"Glued":         {reason: "No engine takes -tp8, so it is not read", flags: Flags{"-tp8"}, want: sizes{1, 1, 1}},
		"Variable":      {reason: "A value that is known in the pod only cannot be checked", flags: Flags{"-tp", "$(TP)"}, fails: true},
		"Zero":          {reason: "Zero GPUs hold no model", flags: Flags{"-tp", "0"}, fails: true},
		"Huge":          {reason: "A product must not overflow", flags: Flags{"-tp", "99999999999999999999"}, fails: true},
		"Missing":       {reason: "A flag without its value", flags: Flags{"--tensor-parallel-size"}, fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.flags.sizes()
			if (err != nil) != tc.fails {
				t.Fatalf("%s: error %v, want one: %t", tc.reason, err, tc.fails)
			}
			if err == nil && got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}

func TestLaunches(t *testing.T) {
	type found struct {
		Backend string
		Flags   []string
	}
	cases := map[string]struct {
		reason string
		words  []string
		want   []found
	}{
		"Vector": {
			reason: "An argument vector",
			words:  []string{"python3", "-m", "dynamo.vllm", "--model", "a b"},
			want:   []found{{"vllm", []string{"--model", "a b"}}},
		},
		"Interpreter": {
			reason: "Any Python, with flags of its own, behind another program",
			words:  []string{"numactl", "--all", "/opt/venv/bin/python3.12", "-u", "-m", "dynamo.sglang", "--tp", "8"},
			want:   []found{{"sglang", []string{"--tp", "8"}}},
		},
		"Script": {
			reason: "A shell script, of which the engine's command ends at a newline, a pipe or a list operator",
			words:  []string{"/bin/sh", "-c", "ulimit -l unlimited && exec python3 -m dynamo.vllm --model \"a b\" \\\n  -tp 8 '{\"x\": \"y z\"}' | tee /log"},
			want:   []found{{"vllm", []string{"--model", "a b", "-tp", "8", `{"x": "y z"}`}}},
		},
		"Two": {
			reason: "Two engines in a script",
			words:  []string{"sh", "-c", "python3 -m dynamo.vllm & python3 -m dynamo.vllm"},
			want:   []found{{"vllm", nil}, {"vllm", nil}},
		},
		"OtherModule":  {reason: "Another module", words: []string{"python3", "-m", "dynamo.frontend"}},
		"LongerModule": {reason: "A module whose name only begins alike", words: []string{"sh", "-c", "python3 -m dynamo.vllm_omni"}},
		"OtherProgram": {reason: "Another program", words: []string{"vllm", "serve", "a"}},
		"Mention":      {reason: "The module's name alone", words: []string{"echo", "-m", "dynamo.vllm"}},
		"Empty":        {reason: "No words"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []found
			for _, l := range Launches(tc.words) {
				got = append(got, found{l.Backend, l.Flags(tc.words)})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}
