// Package names derives the names and labels of what a graph composes.
package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// Limits of names, in characters.
const (
	// MaxLabel is the limit of label values and of Service names.
	MaxLabel = 63

	// MaxGang is the limit of <graph>-<component> under gang schedulers, which append to it to name pods.
	// https://github.com/ai-dynamo/dynamo/issues/4938
	MaxGang = 45

	// MaxGroup is the limit of <graph>-<component> of a component of several nodes. Its pods carry the label
	// controller-revision-hash with the name of their group, <graph>-<component>-lws-<up to 4 digits>, and a hyphen and
	// up to ten more characters.
	// https://github.com/kubernetes/kubernetes/issues/64023
	MaxGroup = MaxLabel - len(groupSuffix) - 5 - 11

	groupSuffix = "-lws"

	// MaxClique is the limit of the names of a PodCliqueSet, of a clique, and of the scaling group that it may be in, without
	// what Grove puts between them.
	// https://github.com/ai-dynamo/grove/blob/main/operator/internal/webhook/admission/pcs/validation/podcliqueset.go
	MaxClique = 45
)

// GlobalNamespace is the Dynamo namespace of components that several graphs share.
const GlobalNamespace = "dynamo"

// Labels that the Dynamo runtime, its endpoint picker and its dashboards read. They are set as the Dynamo operator sets
// them, with the graph's name for its DynamoGraphDeployment's.
const (
	DynamoGraph            = "nvidia.com/dynamo-graph-deployment-name"
	DynamoComponent        = "nvidia.com/dynamo-component"
	DynamoNamespace        = "nvidia.com/dynamo-namespace"
	DynamoType             = "nvidia.com/dynamo-component-type"
	DynamoSubType          = "nvidia.com/dynamo-sub-component-type"
	DynamoClass            = "nvidia.com/dynamo-component-class"
	DynamoModelHash        = "nvidia.com/dynamo-base-model-hash"
	DynamoDiscovery        = "nvidia.com/dynamo-discovery-backend"
	DynamoDiscoveryEnabled = "nvidia.com/dynamo-discovery-enabled"
	DynamoMetrics          = "nvidia.com/metrics-enabled"
)

// Key is the name of a component in object names and label values.
func Key(component string) string {
	return strings.ToLower(component)
}

// Object is the name of a component's Deployment and Service.
func Object(graph, component string) string {
	return graph + "-" + Key(component)
}

// Group is the name of the LeaderWorkerSet of an object.
func Group(object string) string {
	return object + groupSuffix
}

// Clique is the name of the PodClique or PodCliqueScalingGroup that Grove makes for a component by its key.
// https://github.com/ai-dynamo/grove/blob/main/operator/api/common/namegen.go
func Clique(graph, key string) string {
	return graph + "-0-" + key
}

// LeaderClique and WorkerClique are the cliques of a component of several nodes by its key.
func LeaderClique(key string) string { return key + "-ldr" }

// WorkerClique is described at LeaderClique.
func WorkerClique(key string) string { return key + "-wkr" }

// ServiceAccount is the name of the account that the pods of a graph run as.
func ServiceAccount(graph string) string {
	return graph + "-discovery"
}

// RoleAccount is the name of the account of the one component of a type that has rights of its own: planner or epp.
func RoleAccount(graph string, t v1alpha1.ComponentType) string {
	return graph + "-" + string(t)
}

// Pool is the name of the InferencePool of a graph.
func Pool(graph string) string {
	return graph + "-pool"
}

// PickerConfig is the name of the ConfigMap of a graph's endpoint picker.
func PickerConfig(graph string) string {
	return graph + "-epp-config"
}

// Download is the name of a Job that downloads a graph's model.
func Download(graph, digest string) string {
	return graph + "-model-" + digest
}

// Claim is the name of a PersistentVolumeClaim that a graph creates.
func Claim(graph, claim string) string {
	return graph + "-" + claim
}

// Connection is the name of the Secret by which applications find a graph.
func Connection(graph string) string {
	return graph + "-connection"
}

// MPI is the name of the Secret with the key by which the nodes of a graph's components start processes on each other.
func MPI(graph string) string {
	return graph + "-mpi-ssh"
}

// Dynamo is the namespace of a graph inside the Dynamo runtime. The runtime's own names have no dots.
func Dynamo(namespace, graph string) string {
	return strings.ReplaceAll(namespace+"-"+graph, ".", "-")
}

// maxIsolated bounds the Dynamo namespace of an isolated graph. The rights of its NATS user repeat it, and all of them are in
// a JWT that servers take in one line of 4 KiB.
// https://docs.nats.io/running-a-nats-service/configuration#limits
const maxIsolated = 48

// Isolated is the Dynamo namespace of a graph that nothing else may reach. Dynamo's own can be that of two graphs, as of b in
// namespace a-x and of x-b in namespace a, so this one ends in a digest of both names.
func Isolated(namespace, graph string) string {
	sum := sha256.Sum256([]byte(namespace + "/" + graph))
	suffix := "-" + hex.EncodeToString(sum[:4])
	n := Dynamo(namespace, graph)
	return strings.TrimRight(n[:min(len(n), maxIsolated-len(suffix))], "-") + suffix
}

// System is the name of what a graph has of a technology, as etcd: its Endpoint, its user and its rights.
func System(graph, technology string) string {
	return graph + "-" + technology
}

// SystemUser is the name of the Secret with the credentials of a graph's own user.
func SystemUser(graph, technology string) string {
	return System(graph, technology) + "-user"
}

// Reserved reports whether a label key is Graphplane's or the runtime's own, which users may not set on pods.
func Reserved(key string) bool {
	return strings.HasPrefix(key, "graphplane.io/") || strings.HasPrefix(key, "nvidia.com/dynamo-")
}

// Graph are the labels of every object of a graph.
func Graph(graph string) map[string]string {
	return map[string]string{
		v1alpha1.LabelGraph:            graph,
		"app.kubernetes.io/name":       "inferencegraph",
		"app.kubernetes.io/instance":   graph,
		"app.kubernetes.io/managed-by": "graphplane",
	}
}

// Selector are the labels that select the pods of one component. No two components, of any graph of a namespace, share
// them, whatever their types.
func Selector(graph, component string) map[string]string {
	return map[string]string{v1alpha1.LabelGraph: graph, v1alpha1.LabelComponent: Key(component)}
}

// ModelHash is the label value by which the endpoints of one model are found: eight hexadecimal digits.
func ModelHash(model string) string {
	sum := sha256.Sum256([]byte(model))
	return hex.EncodeToString(sum[:4])
}
