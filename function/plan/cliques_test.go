package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestCliquesChanged(t *testing.T) {
	const before = `{spec: {template: {cliques: [
		{name: b, annotations: {graphplane.io/revision: b1}}, {name: a, annotations: {graphplane.io/revision: a1}}, {name: c, annotations: {graphplane.io/revision: c1}}]}}}`
	cases := map[string]struct {
		reason string
		after  string
		action Action
		want   []string
	}{
		"Pods": {
			reason: "Cliques whose pods are others roll, and no others",
			after:  `{spec: {template: {cliques: [{name: b, annotations: {graphplane.io/revision: b2}}, {name: a, annotations: {graphplane.io/revision: a2}}, {name: c, annotations: {graphplane.io/revision: c1}}]}}}`,
			action: ActionRoll, want: []string{"rolls the pods of a, b, one replica fewer at a time"},
		},
		"Else": {
			reason: "What is no pod rolls nothing",
			after:  `{spec: {template: {terminationDelay: 1m, cliques: [{name: b, annotations: {graphplane.io/revision: b1}}]}}}`,
			action: ActionChange,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			read := func(y string) *unstructured.Unstructured {
				u := &unstructured.Unstructured{}
				if err := yaml.Unmarshal([]byte(y), &u.Object); err != nil {
					t.Fatal(err)
				}
				return u
			}
			action, got := cliquesChanged(read(before), read(tc.after))
			if diff := cmp.Diff(tc.want, got); diff != "" || action != tc.action {
				t.Errorf("%s: %s (-want, +got):\n%s", tc.reason, action, diff)
			}
		})
	}
}
