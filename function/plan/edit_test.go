package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/function/manifest"
)

// pools is a graph with nodes of its own.
const pools = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: team-a}
spec:
  clusterRef: {name: eks}
  backend: vllm
  networkPolicy: None
  model: {name: m, cache: {claim: weights, mountPath: /models}}
  claims:
  - {name: weights, size: 10Gi}
  - {name: scratch, size: 10Gi, retain: false}
  nodePools:
  - {name: h100, accelerator: {type: H100, count: 8}, size: {max: 4}, fallback: [{capacity: Spot}]}
  env: [{name: A, value: "1"}, {name: B, value: "2"}]
  components:
  - {name: frontend, type: frontend, mounts: [{claim: scratch, mountPath: /scratch}]}
  - {name: decode, type: decode, gpus: 8, replicas: 4, nodePool: h100}
  - {name: prefill, type: prefill, gpus: 8, scaling: {min: 1, max: 2, metrics: [{type: External, external: {metric: {name: q}, target: {type: Value, value: "1"}}}]}}
`

// groups is a graph whose replicas span nodes.
const groups = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: team-a}
spec:
  clusterRef: {name: multinode}
  backend: vllm
  networkPolicy: None
  model: {name: m}
  components:
  - {name: frontend, type: frontend}
  - {name: decode, type: decode, gpus: 8, nodeCount: 4, replicas: 2}
`

// TestEdit plans an edit of a graph that runs.
func TestEdit(t *testing.T) {
	b := newBench(t)
	for name, tc := range editCases() {
		t.Run(name, func(t *testing.T) {
			before := b.admit(t, parse(t, tc.graph))
			observed := b.exists(t, before)
			for i := range observed {
				if tc.there != nil {
					tc.there(&observed[i])
				}
			}
			after := parse(t, tc.graph)
			merge(t, after.Object, tc.edit)
			p := b.plan(t, b.admit(t, after), observed)
			if diff := cmp.Diff(strings.TrimSpace(tc.want), changesOf(p)); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s\n%s", tc.reason, diff, changesOf(p))
			}
		})
	}
}

// changesOf are the lines of a plan about objects that change, or that stay for a reason.
func changesOf(p *Plan) string {
	t := &text{}
	t.actions(p.Objects)
	var out []string
	for l := range strings.Lines(t.String()) {
		out = append(out, strings.TrimRight(strings.TrimPrefix(l, "  "), "\n"))
	}
	return strings.TrimSpace(strings.Join(out[3:], "\n"))
}

func parse(t *testing.T, y string) unstructured.Unstructured {
	t.Helper()
	out, err := manifest.Read(strings.NewReader(y))
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// merge fields of YAML into an object. Lists are replaced, but for items with a name, which are merged. A null removes.
func merge(t *testing.T, o map[string]any, y string) {
	t.Helper()
	mergeMap(o, parse(t, "apiVersion: graphplane.io/v1alpha1\nkind: InferenceGraph\n"+y).Object)
}

func mergeMap(into, edit map[string]any) {
	for k, v := range edit {
		switch e := v.(type) {
		case nil:
			delete(into, k)
			continue
		case map[string]any:
			if m, ok := into[k].(map[string]any); ok {
				mergeMap(m, e)
				continue
			}
		case []any:
			if l, ok := into[k].([]any); ok {
				into[k] = mergeList(l, e)
				continue
			}
		}
		into[k] = v
	}
}

func mergeList(into, edit []any) []any {
	for _, v := range edit {
		e, named := v.(map[string]any)
		if !named || e["name"] == nil {
			return edit
		}
		found := false
		for i := range into {
			m, _ := into[i].(map[string]any)
			if m["name"] != e["name"] {
				continue
			}
			found = true
			if e["remove"] == true {
				into = append(into[:i:i], into[i+1:]...)
			} else {
				mergeMap(m, e)
			}
			break
		}
		if !found {
			into = append(into, runtime.DeepCopyJSON(e))
		}
	}
	return into
}
