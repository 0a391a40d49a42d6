// Package graph resolves what a user wrote into a Graph that can be composed: defaults are applied, every rule is
// checked. It has no I/O, no clock and no randomness.
package graph

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/names"
)

// manyComponents are so many that the updates of their objects, each as it gets ready, could open Crossplane's circuit
// breaker, which takes some fifty in short order.
const manyComponents = 6

// A Graph is valid, and has no defaults left to apply.
type Graph struct {
	Name            string
	Namespace       string
	DynamoNamespace string

	Backend       v1alpha1.Backend
	Model         *Model
	Discovery     v1alpha1.Discovery
	Orchestrator  v1alpha1.Orchestrator
	Components    []Component
	Claims        []Claim
	Env           []corev1.EnvVar
	NetworkPolicy bool

	// Etcd is the system of the etcd discovery, NATS that of the planes that use it. Nil for none.
	Etcd, NATS *Backing

	// RequestPlane and EventPlane carry requests and events between processes.
	RequestPlane v1alpha1.RequestPlane
	EventPlane   v1alpha1.EventPlane

	// Expose is how the frontend is reached from outside, nil for not at all.
	Expose *Expose

	// Monitoring is how metrics are collected, nil for not by us.
	Monitoring *Monitoring

	// Gang says who places the pods, nil for Kubernetes' own scheduler.
	Gang *Gang

	// MPI is what the nodes of TensorRT-LLM reach each other by, nil where no component spans several.
	MPI *MPI

	// Planner is what scales the workers, nil for none.
	Planner *Planner

	// Guard keeps prefill in proportion to decode, nil for no such bounds.
	Guard *Guard

	// EPP is what picks workers for an inference gateway, nil for none.
	EPP *EPP

	// Restart is the restart that was last asked for, nil for none.
	Restart *Restart

	// Pools are the node pools that the graph brings along.
	Pools []Pool

	// Warnings are what a user should know, but is free to do.
	Warnings []string

	// NamespaceUID is the UID of the graph's Namespace, known when claims are to be retained.
	NamespaceUID string

	Cluster Cluster
}

// Many reports whether a graph has many components. It is composed and reported so that there are few events.
func (g *Graph) Many() bool { return len(g.Components) >= manyComponents }

// A Model is what a graph serves.
type Model struct {
	Name       string
	ServedName string
	Revision   string
	Token      *corev1.SecretKeySelector

	// Path is what engines load the model by: its name, or where it is mounted.
	Path string

	// Cache is the claim that weights are downloaded to, Image the image that holds them. At most one is there.
	Cache, Image *Mount

	// Download is the image of the Job that fills the cache, empty for none.
	Download string
}

// Mounted is where the model is mounted, nil for nowhere.
func (m *Model) Mounted() *Mount {
	if m.Image != nil {
		return m.Image
	}
	return m.Cache
}

// A Component is one process of a graph.
type Component struct {
	// Name as declared, Key in lower case, Object with the graph's name before it.
	Name, Key, Object string

	Type            v1alpha1.ComponentType
	DynamoNamespace string
	Image           string

	// Replicas is nil when somebody else owns their number, and Scaling then says by what.
	Replicas     *int32
	Scaling      *Scaling
	MinAvailable *int32
	Strategy     *appsv1.DeploymentStrategy

	// Clique is the name of the PodClique, or of the PodCliqueScalingGroup for several nodes, that Grove makes for the
	// component. Empty where Grove does not run it.
	Clique string

	// Cliques are the replicas that it is observed with, nil before it exists.
	Cliques *int32

	// Group is nil for a component whose replicas run on one node.
	Group *Group

	GPUs        int32
	GPUResource corev1.ResourceName

	// NodePool is the name of the pool that the pods run on, empty for any nodes.
	NodePool string

	// SharedMemory is the size of /dev/shm, nil for none.
	SharedMemory *resource.Quantity
	Mounts       []Mount

	// CompilationCache is the path of the mount where the engine keeps what it compiled, empty for none.
	CompilationCache string

	// Template is the user's, to be merged over ours. Never nil.
	Template *corev1.PodTemplateSpec
}

// Main returns the user's part of the main container, and whether there is one.
func (c *Component) Main() (corev1.Container, bool) {
	for i := range c.Template.Spec.Containers {
		if c.Template.Spec.Containers[i].Name == v1alpha1.MainContainer {
			return c.Template.Spec.Containers[i], true
		}
	}
	return corev1.Container{}, false
}

// Worker reports whether the component runs an inference engine.
func (c *Component) Worker() bool {
	switch c.Type {
	case v1alpha1.TypeWorker, v1alpha1.TypePrefill, v1alpha1.TypeDecode:
		return true
	case v1alpha1.TypeFrontend, v1alpha1.TypePlanner, v1alpha1.TypeEPP, v1alpha1.TypeCustom:
	}
	return false
}

// HasAccount reports whether the component's pods run as an account of their own, for more rights than the others have.
func (c *Component) HasAccount() bool {
	return hasAccount(c.Type)
}

// Account is the service account that the component's pods run as.
func (c *Component) Account(graph string) string {
	if c.HasAccount() {
		return names.RoleAccount(graph, c.Type)
	}
	return names.ServiceAccount(graph)
}

// A Mount is a PersistentVolumeClaim or an image mounted at a path.
type Mount struct {
	// Volume is the name of the volume in the pod.
	Volume string
	// Claim is the name of the PersistentVolumeClaim, empty for an image.
	Claim string
	// Image is mounted read-only where there is one.
	Image *corev1.ImageVolumeSource
	Path  string
}

// A Claim is a PersistentVolumeClaim that the graph creates.
type Claim struct {
	// Name as declared, Object with the graph's name before it.
	Name, Object string

	Size             resource.Quantity
	StorageClassName *string
	AccessMode       corev1.PersistentVolumeAccessMode
	Retain           bool
}

// A Cluster is what an InferenceCluster says of a cluster, or the built-in defaults, which are its zero value.
type Cluster struct {
	// Name of the InferenceCluster, empty for the built-in defaults.
	Name         string
	Access       v1alpha1.Access
	Cloud        v1alpha1.Cloud
	Capabilities v1alpha1.Capabilities
	Install      v1alpha1.Install
	Defaults     v1alpha1.Defaults
	Policy       v1alpha1.Policy
}

// NewCluster returns what a graph needs to know of an InferenceCluster.
func NewCluster(name string, spec v1alpha1.InferenceClusterSpec) Cluster {
	return Cluster{
		Name: name, Access: spec.Access, Cloud: ptr.Deref(spec.Cloud, v1alpha1.Cloud{}),
		Capabilities: spec.Capabilities, Install: spec.Install, Defaults: spec.Defaults, Policy: spec.Policy,
	}
}

// Provider of the cluster's nodes, empty where there is not exactly one.
func (c *Cluster) Provider() cloud.Provider {
	var out []cloud.Provider
	if c.Cloud.EKS != nil {
		out = append(out, cloud.EKS)
	}
	if c.Cloud.GKE != nil {
		out = append(out, cloud.GKE)
	}
	if c.Cloud.AKS != nil {
		out = append(out, cloud.AKS)
	}
	if len(out) != 1 {
		return ""
	}
	return out[0]
}
