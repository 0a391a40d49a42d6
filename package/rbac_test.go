// Package package_test checks what belongs to Graphplane's packages but cannot be in them.
package package_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	extv1alpha1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1alpha1"

	"github.com/graphplane/graphplane/function/compose"
)

// resources are the plural names of what the function can emit, each with its group.
func resources() []string {
	var out []string
	for _, o := range compose.Kinds() {
		out = append(out, plural(o))
	}
	slices.Sort(out)
	return out
}

func plural(gvk schema.GroupVersionKind) string {
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	return gvr.GroupResource().String()
}

func role(t *testing.T) rbacv1.ClusterRole {
	t.Helper()
	b, err := os.ReadFile("rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Crossplane may write exactly what the function can emit, and what it hands on to pods.
func TestRights(t *testing.T) {
	r := role(t)
	if r.Labels["rbac.crossplane.io/aggregate-to-crossplane"] != "true" {
		t.Error("the role is not aggregated to Crossplane's")
	}
	emitted := resources()
	handedOn := map[string]bool{}
	for _, rule := range granted() {
		for _, n := range names(rule) {
			handedOn[n] = !slices.Contains(emitted, n)
		}
	}
	var written []string
	for _, rule := range r.Rules {
		if slices.Contains(rule.Verbs, "*") || slices.Contains(rule.Resources, "*") || slices.Contains(rule.APIGroups, "*") {
			t.Errorf("a wildcard: %v", rule)
		}
		if slices.Contains(rule.Verbs, "escalate") || slices.Contains(rule.Verbs, "bind") {
			t.Errorf("more rights than it has itself: %v", rule)
		}
		for _, n := range names(rule) {
			if slices.Contains(rule.Verbs, "create") && !handedOn[n] {
				written = append(written, n)
			}
		}
	}
	slices.Sort(written)
	if diff := cmp.Diff(emitted, written); diff != "" {
		t.Errorf("-what the function emits, +what Crossplane may write:\n%s", diff)
	}
}

// Crossplane must hold what the composed Role grants, or the API server refuses the Role.
func TestHandedOn(t *testing.T) {
	held := map[string][]string{}
	for _, rule := range role(t).Rules {
		for _, n := range names(rule) {
			held[n] = append(held[n], rule.Verbs...)
		}
	}
	for _, rule := range granted() {
		for _, n := range names(rule) {
			for _, v := range rule.Verbs {
				if !slices.Contains(held[n], v) {
					t.Errorf("pods get %s on %s, which Crossplane has not", v, n)
				}
			}
		}
	}
}

// granted is what the function grants to pods.
func granted() []rbacv1.PolicyRule {
	return slices.Concat(compose.DiscoveryRules(), compose.PlannerRules(), compose.EPPRules())
}

func names(rule rbacv1.PolicyRule) []string {
	var out []string
	for _, g := range rule.APIGroups {
		for _, r := range rule.Resources {
			out = append(out, strings.TrimSuffix(r+"."+g, "."))
		}
	}
	return out
}

// A kind that nobody activates is not served, so the configuration activates every managed resource that is composed.
func TestActivation(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("configuration", "activation.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := extv1alpha1.ManagedResourceActivationPolicy{}
	if err := yaml.UnmarshalStrict(b, &p); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, a := range p.Spec.Activations {
		got = append(got, string(a))
	}
	for _, r := range resources() {
		if strings.HasSuffix(r, ".etcd.graphplane.io") || strings.HasSuffix(r, ".nats.graphplane.io") || strings.HasSuffix(r, ".m.upbound.io") {
			want = append(want, r)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-what the function emits, +what is activated:\n%s", diff)
	}
}
