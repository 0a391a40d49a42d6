package compose

import (
	"math"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// noDeadline turns a Deployment's progress deadline off. Weights load for longer than the ten minutes that are the
// default, and a Deployment that is told of a deadline reports each step of its progress, which Crossplane must read.
const noDeadline = math.MaxInt32

// Deployment runs a component of one node.
func Deployment(g *graph.Graph, c *graph.Component) Resource {
	meta := componentMeta(g, c, c.Object)
	meta.Labels[names.DynamoGraph] = g.Name
	meta.Labels[names.DynamoComponent] = c.Name
	meta.Labels[names.DynamoNamespace] = c.DynamoNamespace
	return scaled(c, Resource{
		Name: "deployment." + c.Key,
		Object: &appsv1.Deployment{
			TypeMeta:   typeMeta(appsv1.SchemeGroupVersion.String(), "Deployment"),
			ObjectMeta: queued(g, meta),
			Spec: appsv1.DeploymentSpec{
				Replicas:                c.Replicas,
				Selector:                &metav1.LabelSelector{MatchLabels: names.Selector(g.Name, c.Name)},
				Strategy:                ptr.Deref(c.Strategy, appsv1.DeploymentStrategy{}),
				Template:                PodTemplate(g, c),
				ProgressDeadlineSeconds: new(int32(noDeadline)),
			},
		},
		Ready:     ready.Deployment,
		Component: c.Key,
		Templates: [][]string{{"spec", "template"}},
	})
}
