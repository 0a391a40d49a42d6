// Package compose expands a graph into the Kubernetes objects it consists of. Each composer is a plain function of the
// graph, in a file of its own.
package compose

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/structpb"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// A Resource is one object of a graph.
type Resource struct {
	// Name by which Crossplane keeps track of the object. It starts with the kind, so that no names of users meet.
	Name string

	// Object with its type and the name it must have, if any. Crossplane derives the name of an object without one.
	Object runtime.Object

	// Ready says from the observed object whether it is ready.
	Ready ready.Check

	// After are the names of resources that must be observed and ready before this one first appears. What is observed
	// stays, whatever becomes of them.
	After []string

	// Late is for what no pod needs to start. It first appears once all is there that comes after nothing: a hundred graphs
	// that are created at once have their pods sooner when nothing else is applied, and applied again, before them.
	Late bool

	// Wait says what else the resource waits for before it first appears, empty for nothing.
	Wait string

	// Workloads are the components that the object runs, none for every other object.
	Workloads []Workload

	// Pool is the name of the node pool that the object is the nodes of, empty for every other object.
	Pool string

	// HandOver completes the desired object by what is still ours to keep of the observed one, nil for nothing. It is no
	// part of the object's revision.
	HandOver func(desired, observed *structpb.Struct)
}

// All returns every object of a graph, in an order that depends on nothing but the graph.
func All(g *graph.Graph) []Resource {
	download := Download(g)
	out := slices.Concat(NodePools(g), Systems(g), Claims(g), Identity(g), MPISecret(g), download, ClaimTemplates(g))
	set := PodCliqueSet(g, download)
	out = append(out, set...)
	for i := range g.Components {
		c := &g.Components[i]
		var w Resource
		if len(set) > 0 {
			w = set[0]
		} else {
			w = begun(g, c, workload(g, c), download)
			out = append(out, w)
		}
		out = append(out, poolUsage(g, c, w)...)
		out = append(out, besides(g, c, slices.Concat(Service(g, c), DisruptionBudget(g, c), Autoscaler(g, c)))...)
	}
	out = append(out, ScaleSurface(g)...)
	out = append(out, EndpointPicker(g)...)
	out = append(out, NetworkPolicies(g)...)
	out = append(out, late(g, Route(g))...)
	out = append(out, late(g, Monitor(g))...)
	out = append(out, late(g, Alerts(g))...)
	return append(out, late(g, Connection(g))...)
}

// late marks resources as Late, but for a graph of many components.
func late(g *graph.Graph, rs []Resource) []Resource {
	for i := range rs {
		rs[i].Late = !g.Many()
	}
	return rs
}

// besides marks what a component has besides its workload as Late, or lets it appear with the workload in a graph of many
// components: it is looked up in the reconcile in which it appears, and no sooner.
func besides(g *graph.Graph, c *graph.Component, rs []Resource) []Resource {
	if !g.Many() {
		return late(g, rs)
	}
	for i := range rs {
		rs[i].After = append(rs[i].After, AccountResource(c))
	}
	return rs
}

// besideAccount says whether a workload is applied beside the ServiceAccount of its pods rather than after it. Pods are
// refused without one. A Deployment's are asked for again milliseconds later; other controllers back off, and on another
// cluster nothing is applied beside anything.
func besideAccount(g *graph.Graph, w Resource) bool {
	_, deployment := w.Object.(*appsv1.Deployment)
	return deployment && g.Cluster.Access.Source != v1alpha1.AccessRemote && !g.Many()
}

// begun says what a workload waits for before it first appears, to run a component: workers, for their model.
func begun(g *graph.Graph, c *graph.Component, w Resource, download []Resource) Resource {
	if !besideAccount(g, w) {
		w.After = append(w.After, AccountResource(c))
	}
	if usesMPI(c) && g.MPI.Own {
		w.After = append(w.After, MPISecretResource)
	}
	if claimsGPUs(g, c) {
		w.After = append(w.After, ClaimTemplateResource(c))
	}
	if c.Worker() {
		for _, d := range download {
			w.After = append(w.After, d.Name)
		}
	}
	return hold(g, w)
}

// objectMeta is the metadata of an object of the whole graph.
func objectMeta(g *graph.Graph, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: g.Namespace, Labels: names.Graph(g.Name)}
}

// labelledMeta is the metadata of an object of the whole graph with labels of the user, and ours over them.
func labelledMeta(g *graph.Graph, labels map[string]string) metav1.ObjectMeta {
	m := objectMeta(g, "")
	all := map[string]string{}
	maps.Copy(all, labels)
	maps.Copy(all, m.Labels)
	m.Labels = all
	return m
}

// componentMeta is the metadata of an object of one component.
func componentMeta(g *graph.Graph, c *graph.Component, name string) metav1.ObjectMeta {
	m := objectMeta(g, name)
	m.Labels[v1alpha1.LabelComponent] = c.Key
	m.Labels[v1alpha1.LabelType] = string(c.Type)
	m.Labels["app.kubernetes.io/component"] = c.Key
	return m
}

func typeMeta(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}
