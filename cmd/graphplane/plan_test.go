package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/plan"
)

const planned = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small, namespace: team-a}
spec:
  clusterRef: {name: prod}
  backend: vllm
  networkPolicy: None
  model: {name: m}
  components:
  - {name: frontend, type: frontend}
  - {name: worker, type: worker, gpus: 2, replicas: 2}
`

//nolint:dupword // A frontend is of type frontend.
const fromNothing = `InferenceGraph team-a/small
runs on InferenceCluster prod

Components
  NAME      TYPE      PODS  GPUS  NODE POOL
  frontend  frontend  1     0     -
  worker    worker    2     4     -
  in all              3     4

Objects
  8 objects: 2 Deployment, 1 Role, 1 RoleBinding, 1 Secret, 2 Service, 1 ServiceAccount
`

//nolint:dupword // A frontend is of type frontend.
const unchanged = `InferenceGraph team-a/small
runs on InferenceCluster prod

Components
  NAME      TYPE      PODS  GPUS  NODE POOL
  frontend  frontend  1     0     -
  worker    worker    2     4     -
  in all              3     4

Changes
  nothing changes, 8 unchanged
`

//nolint:dupword // A frontend is of type frontend.
const moreWorkers = `InferenceGraph team-a/small
runs on InferenceCluster prod

Components
  NAME      TYPE      PODS  GPUS  NODE POOL
  frontend  frontend  1     0     -
  worker    worker    3     6     -
  in all              4     6

Changes
  1 to change, 7 unchanged
  ~ change   Deployment small-worker
      starts 1 more pod of worker, 3 in all
      spec.replicas: 2 -> 3
`

// run a command line, and return what it printed.
func run(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	parser, err := kong.New(&cli{}, bind(t.Context(), &streams{in: strings.NewReader(stdin), out: out, err: errs})...)
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	err = k.Run()
	return out.String(), errs.String(), err
}

func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for f, content := range files {
		if err := os.WriteFile(filepath.Clean(f), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlan(t *testing.T) {
	type want struct {
		stdout string
		stderr string
		// code is what the command exits with.
		code int
	}
	cases := map[string]struct {
		reason string
		args   []string
		want   want
	}{
		"FromNothing": {
			reason: "Without observed objects it is said what would exist.",
			args:   []string{"graph", "--cluster", "cluster"},
			want:   want{stdout: fromNothing},
		},
		"Unchanged": {
			reason: "A graph that is as it was changes nothing.",
			args:   []string{"graph", "--cluster", "cluster", "--observed", "observed", "--detailed-exitcode"},
			want:   want{stdout: unchanged},
		},
		"Changed": {
			reason: "An edit is a success like any other.",
			args:   []string{"edited", "--cluster", "cluster", "--observed", "observed"},
			want:   want{stdout: moreWorkers},
		},
		"ChangedCode": {
			reason: "Who asks is told of changes by the exit code.",
			args:   []string{"edited", "--cluster", "cluster", "--observed", "observed", "--detailed-exitcode"},
			want:   want{stdout: moreWorkers, code: 2},
		},
		"Invalid": {
			reason: "What is invalid is refused with its field, as by validate.",
			args:   []string{"wrong", "--cluster", "cluster", "--detailed-exitcode"},
			want:   want{stderr: "wrong: InferenceGraph/small: spec.components[0].gpus: Invalid value", code: 1},
		},
		"OverPolicy": {
			reason: "What is over the cluster's policy is refused with its field.",
			args:   []string{"graph", "--cluster", "strict", "--observed", "observed"},
			want:   want{stderr: "spec.components: Forbidden: the policy of InferenceCluster \"prod\" does not allow 4 GPUs in a graph", code: 1},
		},
	}
	writeFiles(t, map[string]string{
		"graph": planned, "edited": strings.Replace(planned, "replicas: 2", "replicas: 3", 1),
		"wrong":   strings.Replace(planned, "type: frontend", "type: frontend, gpus: 1", 1),
		"cluster": clusterFile, "strict": strings.Replace(clusterFile, "{allowHostNamespaces: true}", "{maxGPUs: 3}", 1),
	})
	observed, _, err := run(t, "", "render", "graph", "--cluster", "cluster")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("observed", []byte(observed), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := run(t, "", append([]string{"plan"}, tc.args...)...)
			got := want{stdout: stdout}
			if strings.Contains(stderr, tc.want.stderr) {
				got.stderr = tc.want.stderr
			}
			if err != nil {
				got.code = 1
			}
			var c kong.ExitCoder
			if errors.As(err, &c) {
				got.code = c.ExitCode()
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s\n%s", tc.reason, diff, stderr)
			}
		})
	}
}

// TestPlanFormats asserts that machines read the same plan in both of their formats.
func TestPlanFormats(t *testing.T) {
	writeFiles(t, map[string]string{"graph": planned, "cluster": clusterFile})
	type printed struct {
		Plans []plan.Plan `json:"plans"`
	}
	fromJSON, fromYAML := printed{}, printed{}
	stdout, _, err := run(t, "", "plan", "graph", "--cluster", "cluster", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(stdout), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if stdout, _, err = run(t, "", "plan", "graph", "--cluster", "cluster", "-o", "yaml"); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(stdout), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromJSON, fromYAML, cmp.AllowUnexported(plan.Object{})); diff != "" {
		t.Errorf("(-json, +yaml):\n%s", diff)
	}
	if len(fromJSON.Plans) != 1 || len(fromJSON.Plans[0].Objects) != 8 || fromJSON.Plans[0].Components[1].GPUs.Max != 4 {
		t.Errorf("want a plan of 8 objects and 4 GPUs, got %+v", fromJSON)
	}
}
