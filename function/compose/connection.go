package compose

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Connection is the Secret by which an application finds a graph: its URL, the name it asks for the model by, and the
// certificates that it trusts the URL by, where the platform has its own. There is nothing secret in it but what
// applications are used to take from one. The certificates come from the InferenceCluster: to take them from the Secret
// that a route serves with, its private key would have to pass through here.
func Connection(g *graph.Graph) []Resource {
	url := URL(g)
	if url == "" {
		return nil
	}
	data := map[string][]byte{"url": []byte(url)}
	if g.Model != nil {
		data["model"] = []byte(g.Model.ServedName)
	}
	if ca := g.Cluster.Defaults.CABundle; ca != "" && g.Expose != nil && g.Expose.TLSSecretName != "" {
		data["ca.crt"] = []byte(ca)
	}
	return []Resource{{
		Name: "secret.connection",
		Object: &corev1.Secret{
			TypeMeta:   typeMeta("v1", "Secret"),
			ObjectMeta: objectMeta(g, names.Connection(g.Name)),
			Type:       corev1.SecretTypeOpaque,
			Data:       data,
		},
		Ready: ready.Exists,
	}}
}
