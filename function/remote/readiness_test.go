package remote

import (
	"testing"

	"github.com/google/cel-go/cel"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/function/ready"
)

// TestQueries compares what provider-kubernetes makes of a query, which it evaluates over the variable object, with what
// package ready says of the same object.
func TestQueries(t *testing.T) {
	env, err := cel.NewEnv(cel.Variable("object", cel.AnyType))
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]ready.Check{
		"Deployment": ready.Deployment, "LeaderWorkerSet": ready.LeaderWorkerSet,
		"PersistentVolumeClaim": ready.Claim, "CustomResourceDefinition": ready.Established,
	}
	cases := map[string]struct {
		kind, object string
		want         bool
	}{
		"NoStatus":      {kind: "Deployment", object: `{metadata: {generation: 1}, spec: {replicas: 1}}`},
		"Unseen":        {kind: "Deployment", object: `{metadata: {generation: 2}, spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}}`},
		"Updating":      {kind: "Deployment", object: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2}}`},
		"Surplus":       {kind: "Deployment", object: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 3, updatedReplicas: 2, readyReplicas: 3, availableReplicas: 3}}`},
		"Unavailable":   {kind: "Deployment", object: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 1}}`},
		"RolledOut":     {kind: "Deployment", object: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2}}`, want: true},
		"NoReplicas":    {kind: "Deployment", object: `{metadata: {generation: 1}, spec: {}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}}`, want: true},
		"ToZero":        {kind: "Deployment", object: `{metadata: {generation: 3}, spec: {replicas: 0}, status: {observedGeneration: 3}}`, want: true},
		"GroupLacks":    {kind: "LeaderWorkerSet", object: `{metadata: {generation: 1}, spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 1}}`},
		"GroupUp":       {kind: "LeaderWorkerSet", object: `{metadata: {generation: 1}, spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2}}`, want: true},
		"GroupUnseen":   {kind: "LeaderWorkerSet", object: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2}}`},
		"ClaimPending":  {kind: "PersistentVolumeClaim", object: `{metadata: {}, status: {phase: Pending}}`, want: true},
		"ClaimLost":     {kind: "PersistentVolumeClaim", object: `{metadata: {}, status: {phase: Lost}}`},
		"NotServed":     {kind: "CustomResourceDefinition", object: `{metadata: {}, status: {conditions: [{type: Established, status: "False"}]}}`},
		"Served":        {kind: "CustomResourceDefinition", object: `{metadata: {}, status: {conditions: [{type: NamesAccepted, status: "True"}, {type: Established, status: "True"}]}}`, want: true},
		"NothingServed": {kind: "CustomResourceDefinition", object: `{metadata: {}}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := map[string]any{}
			if err := yaml.Unmarshal([]byte(tc.object), &m); err != nil {
				t.Fatal(err)
			}
			s, err := structpb.NewStruct(m)
			if err != nil {
				t.Fatal(err)
			}
			if got := checks[tc.kind](s).Ready; got != tc.want {
				t.Errorf("package ready says %t", got)
			}
			ast, issues := env.Compile(readiness(tc.kind).CELQuery)
			if issues.Err() != nil {
				t.Fatal(issues.Err())
			}
			program, err := env.Program(ast)
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := program.Eval(map[string]any{"object": m})
			if err != nil {
				t.Fatal(err)
			}
			if out.Value() != tc.want {
				t.Errorf("the query says %v", out.Value())
			}
		})
	}
	for kind := range queries() {
		if checks[kind] == nil {
			t.Errorf("no case compares the query of %s", kind)
		}
	}
}
