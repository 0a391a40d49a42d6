package plan

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// cliquesChanged says what a change of a PodCliqueSet does. Its cliques are one list, and each bears the digest of its pods.
func cliquesChanged(before, after *unstructured.Unstructured) (Action, []string) {
	was, is := cliqueRevisions(before), cliqueRevisions(after)
	var rolls []string
	for name, revision := range is {
		if old, ok := was[name]; ok && old != revision {
			rolls = append(rolls, name)
		}
	}
	if len(rolls) == 0 {
		return ActionChange, nil
	}
	slices.Sort(rolls)
	return ActionRoll, []string{"rolls the pods of " + strings.Join(rolls, ", ") + ", one replica fewer at a time"}
}

// cliqueRevisions are the digests of the pods of each clique of a PodCliqueSet, by its name.
func cliqueRevisions(set *unstructured.Unstructured) map[string]string {
	out := map[string]string{}
	cliques, _, _ := unstructured.NestedSlice(set.Object, "spec", "template", "cliques")
	for _, v := range cliques {
		c, ok := v.(map[string]any)
		if !ok {
			continue
		}
		name, _, _ := unstructured.NestedString(c, "name")
		out[name], _, _ = unstructured.NestedString(c, "annotations", v1alpha1.AnnotationRevision)
	}
	return out
}
