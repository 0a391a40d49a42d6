package compose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/dynamo"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// AccountResource is the composition resource name of the ServiceAccount that a component's pods run as.
func AccountResource(c *graph.Component) string {
	if c.HasAccount() {
		return "serviceaccount." + string(c.Type)
	}
	return "serviceaccount.discovery"
}

// Identity are the service accounts of the graph's pods, and the rights that discovery through Kubernetes needs. A
// planner and an endpoint picker have accounts of their own, since they need more. A role binding's role cannot change, so
// the role has a name of its own rather than a derived one.
func Identity(g *graph.Graph) []Resource {
	var rules []rbacv1.PolicyRule
	if g.Discovery == v1alpha1.DiscoveryKubernetes {
		rules = DiscoveryRules()
	}
	out := account(g, "discovery", names.ServiceAccount(g.Name), rules)
	if g.Planner != nil {
		out = append(out, account(g, "planner", names.RoleAccount(g.Name, v1alpha1.TypePlanner), slices.Concat(rules, PlannerRules()))...)
	}
	if g.EPP != nil {
		out = append(out, account(g, "epp", names.RoleAccount(g.Name, v1alpha1.TypeEPP), EPPRules())...)
	}
	return out
}

// account is a service account, with a role where it has rights. Who may not bind every role needs the rights of the one
// that is bound, so the API server looks it up: a binding that Crossplane applies before its role is refused, and with it
// the rest of the reconcile.
func account(g *graph.Graph, key, name string, rules []rbacv1.PolicyRule) []Resource {
	out := []Resource{{
		Name:   "serviceaccount." + key,
		Object: &corev1.ServiceAccount{TypeMeta: typeMeta("v1", "ServiceAccount"), ObjectMeta: objectMeta(g, name)},
		Ready:  ready.Exists,
	}}
	if len(rules) == 0 {
		return out
	}
	return append(
		out,
		Resource{
			Name: "role." + key,
			Object: &rbacv1.Role{
				TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion.String(), "Role"),
				ObjectMeta: objectMeta(g, name),
				Rules:      rules,
			},
			Ready: ready.Exists,
		},
		Resource{
			Name: "rolebinding." + key,
			Object: &rbacv1.RoleBinding{
				TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion.String(), "RoleBinding"),
				ObjectMeta: objectMeta(g, name),
				Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: g.Namespace}},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			},
			Ready: ready.Exists,
			After: []string{"role." + key},
		},
	)
}

// DiscoveryRules are what the Dynamo runtime needs to publish its endpoints and to find those of its peers.
func DiscoveryRules() []rbacv1.PolicyRule {
	read := []string{"get", "list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"endpoints", "pods"}, Verbs: read},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
		{
			APIGroups: []string{"nvidia.com"}, Resources: []string{"dynamoworkermetadatas"},
			Verbs: []string{"create", "get", "list", "watch", "update", "patch", "delete"},
		},
	}
}

// PlannerRules are what a planner needs beside discovery: to find its graph, and to ask for replicas. It may not write the
// graph, which it would where it finds nothing to ask: https://github.com/ai-dynamo/dynamo/issues/13538
func PlannerRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		{APIGroups: []string{dynamo.Group}, Resources: []string{"dynamographdeployments", "dynamographdeploymentscalingadapters"}, Verbs: []string{"get", "list"}},
		{APIGroups: []string{dynamo.Group}, Resources: []string{"dynamographdeploymentscalingadapters/scale"}, Verbs: []string{"get", "patch"}},
	}
}

// EPPRules are what an endpoint picker needs: to read its pool, and the workers in it. It publishes nothing.
func EPPRules() []rbacv1.PolicyRule {
	read := []string{"get", "list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: read},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
		{APIGroups: []string{dynamo.Group}, Resources: []string{"dynamoworkermetadatas"}, Verbs: read},
		{APIGroups: []string{inferencePoolGroup}, Resources: []string{"inferencepools"}, Verbs: read},
	}
}
