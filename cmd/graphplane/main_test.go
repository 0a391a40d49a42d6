package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/function/manifest"
)

const graphFile = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small}
spec:
  clusterRef: {name: prod}
  backend: vllm
  components:
  - name: frontend
    type: frontend
    podTemplate: {spec: {hostNetwork: true}}
`

const clusterFile = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: prod}
spec: {policy: {allowHostNamespaces: true}}
`

const wrongFile = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small}
spec:
  backend: vllm
  bogus: true
  components:
  - {name: frontend, type: frontend, gpus: 1}
  - {name: side, type: frontend, podTemplate: {spec: {hostNetwork: true}}}
`

const podFile = `
apiVersion: v1
kind: Pod
metadata: {name: p}
`

func TestCLI(t *testing.T) {
	type args struct {
		files map[string]string
		stdin string
		args  []string
	}
	type want struct {
		// failure is part of the error, stderr are parts of what is printed beside the output.
		failure string
		stderr  []string
		stdout  string
		// kinds of the objects that are printed.
		kinds []string
	}
	kinds := []string{"Deployment", "NetworkPolicy", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount"}

	cases := map[string]struct {
		reason string
		args   args
		want   want
	}{
		"Render": {
			reason: "A graph on a cluster that allows what it asks for is rendered.",
			args:   args{files: map[string]string{"g": graphFile, "c": clusterFile}, args: []string{"render", "g", "--cluster", "c"}},
			want:   want{kinds: kinds},
		},
		"RenderJSON": {
			reason: "A JSON List holds the same objects.",
			args:   args{files: map[string]string{"g": graphFile, "c": clusterFile}, args: []string{"render", "g", "--cluster", "c", "-o", "json"}},
			want:   want{kinds: kinds},
		},
		"RenderStdin": {
			reason: "Minus reads the standard input, which may hold the cluster too.",
			args:   args{stdin: graphFile + "---" + clusterFile, args: []string{"render", "-"}},
			want:   want{kinds: kinds},
		},
		"RenderMissingCluster": {
			reason: "A graph without its cluster is refused as on a control plane.",
			args:   args{files: map[string]string{"g": graphFile}, args: []string{"render", "g"}},
			want: want{
				failure: "refused: nothing is rendered",
				stderr:  []string{`g: InferenceGraph/small: InferenceCluster "prod" does not exist`},
			},
		},
		"RenderInvalid": {
			reason: "What the API server refuses is not rendered, nor is anything beside it.",
			args:   args{files: map[string]string{"g": graphFile, "c": clusterFile, "w": wrongFile}, args: []string{"render", "g", "w", "--cluster", "c"}},
			want: want{
				failure: "refused for 2 errors: nothing is rendered",
				stderr:  []string{"w: InferenceGraph/small: spec.bogus: Forbidden: unknown field", "spec.components[0].gpus"},
			},
		},
		"RenderOther": {
			reason: "Another kind is an error that says which kinds there are.",
			args:   args{files: map[string]string{"p": podFile}, args: []string{"render", "p"}},
			want:   want{failure: "p: Pod/p: /v1, Kind=Pod is not a kind of graphplane.io/v1alpha1, which are InferenceGraph and InferenceCluster"},
		},
		"Validate": {
			reason: "Valid files are counted.",
			args:   args{files: map[string]string{"g": graphFile, "c": clusterFile}, args: []string{"validate", "g", "c"}},
			want:   want{stdout: "2 valid\n"},
		},
		"ValidateEverything": {
			reason: "Every error is printed with its field, once: the schema's, those of CEL rules and the function's own.",
			args:   args{files: map[string]string{"w": wrongFile}, args: []string{"validate", "w"}},
			want: want{
				failure: "refused for 3 errors",
				stderr: []string{
					"w: InferenceGraph/small: spec.bogus: Forbidden: unknown field\n",
					"w: InferenceGraph/small: spec.components[0].gpus: Invalid value",
					"w: InferenceGraph/small: spec.components[1].podTemplate.spec.hostNetwork: Forbidden: the built-in policy",
				},
			},
		},
		"ValidateMissingCluster": {
			reason: "A graph cannot be judged without its cluster's policy.",
			args:   args{files: map[string]string{"g": graphFile}, args: []string{"validate", "g"}},
			want: want{
				failure: "refused for 1 error",
				stderr:  []string{`spec.clusterRef.name: Invalid value: "prod": this InferenceCluster is in none of the files`},
			},
		},
		"NoFile": {
			reason: "A file that is not there is an error.",
			args:   args{args: []string{"validate", "nowhere"}},
			want:   want{failure: "nowhere"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, tc.args.files)
			stdout, stderr, err := run(t, tc.args.stdin, tc.args.args...)
			if got := err != nil; got != (tc.want.failure != "") || (got && !strings.Contains(err.Error(), tc.want.failure)) {
				t.Errorf("%s\nwant error %q, got %v", tc.reason, tc.want.failure, err)
			}
			for _, s := range tc.want.stderr {
				if !strings.Contains(stderr, s) {
					t.Errorf("%s\nwant %q in:\n%s", tc.reason, s, stderr)
				}
			}
			if tc.want.kinds == nil {
				if diff := cmp.Diff(tc.want.stdout, stdout); diff != "" {
					t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
				}
				return
			}
			if diff := cmp.Diff(tc.want.kinds, printed(t, stdout)); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// printed are the kinds of objects, once each, in the order they are printed.
func printed(t *testing.T, stdout string) []string {
	t.Helper()
	if strings.HasPrefix(stdout, "{") && !json.Valid([]byte(stdout)) {
		t.Fatalf("not JSON:\n%s", stdout)
	}
	objects, err := manifest.Read(strings.NewReader(stdout))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range objects {
		out = append(out, o.GetKind())
	}
	return out
}
