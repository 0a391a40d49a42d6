package names

import (
	"regexp"
	"strings"
	"testing"
)

// Every cloud takes the names of nodes, whatever people call their graphs and pools: GKE has the shortest limit but AKS,
// which has names of its own.
func TestNamesOfNodes(t *testing.T) {
	cases := map[string]struct {
		reason                 string
		namespace, graph, pool string
	}{
		"Short":   {"Names that fit whole", "a", "g", "p"},
		"Long":    {"The longest names that there may be", strings.Repeat("n", 63), strings.Repeat("g", 45), strings.Repeat("p", 40)},
		"Hyphens": {"A cut that would leave a hyphen at the end", "a", strings.Repeat("g", 30) + "-x", "a-b-c-d-e"},
		"Digits":  {"A pool that ends with a digit", "a", "g", "h100-8"},
	}
	// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.nodePools
	nodes := regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	// https://learn.microsoft.com/azure/aks/create-node-pools#limitations
	aks := regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	seen := map[string]string{}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for _, id := range []string{"one", "other"} {
				got, short := Nodes(tc.namespace, tc.graph, tc.pool, id), AKSPool(tc.namespace, tc.graph, tc.pool, id)
				if !nodes.MatchString(got) {
					t.Errorf("%s: %q is no name for EKS and GKE", tc.reason, got)
				}
				if !aks.MatchString(short) {
					t.Errorf("%s: %q is no name for AKS", tc.reason, short)
				}
				if got != Nodes(tc.namespace, tc.graph, tc.pool, id) || short != AKSPool(tc.namespace, tc.graph, tc.pool, id) {
					t.Error("the names of the same nodes change")
				}
				for _, n := range []string{got, short} {
					if by := seen[n]; by != "" {
						t.Errorf("%q is of %s too", n, by)
					}
					seen[n] = name + "/" + id
				}
			}
		})
	}
	for _, other := range [][3]string{{"b", "g", "p"}, {"a", "g-p", "p"}, {"a", "g", "p-p"}} {
		if Nodes(other[0], other[1], other[2], "one") == Nodes("a", "g", "p", "one") || AKSPool(other[0], other[1], other[2], "one") == AKSPool("a", "g", "p", "one") {
			t.Errorf("%v has nodes of the same name", other)
		}
	}
}
