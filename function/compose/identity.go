package compose

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// ServiceAccountResource is the composition resource name of the graph's ServiceAccount.
const ServiceAccountResource = "serviceaccount.discovery"

// Identity is the service account of the graph's pods, and the rights that discovery through Kubernetes needs. A role
// binding's role cannot change, so the role has a name of its own rather than a derived one.
func Identity(g *graph.Graph) []Resource {
	name := names.ServiceAccount(g.Name)
	account := Resource{
		Name:   ServiceAccountResource,
		Object: &corev1.ServiceAccount{TypeMeta: typeMeta("v1", "ServiceAccount"), ObjectMeta: objectMeta(g, name)},
		Ready:  ready.Exists,
	}
	if g.Discovery != v1alpha1.DiscoveryKubernetes {
		return []Resource{account}
	}
	return []Resource{
		account,
		{
			Name: "role.discovery",
			Object: &rbacv1.Role{
				TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion.String(), "Role"),
				ObjectMeta: objectMeta(g, name),
				Rules:      DiscoveryRules(),
			},
			Ready: ready.Exists,
		},
		{
			Name: "rolebinding.discovery",
			Object: &rbacv1.RoleBinding{
				TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion.String(), "RoleBinding"),
				ObjectMeta: objectMeta(g, name),
				Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: g.Namespace}},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			},
			Ready: ready.Exists,
		},
	}
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
