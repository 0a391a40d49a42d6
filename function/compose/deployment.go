package compose

import (
	"math"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
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
		Name: WorkloadResource(c),
		Object: &appsv1.Deployment{
			TypeMeta:   typeMeta(appsv1.SchemeGroupVersion.String(), "Deployment"),
			ObjectMeta: queued(g, meta),
			Spec: appsv1.DeploymentSpec{
				Replicas:                c.Replicas,
				Selector:                &metav1.LabelSelector{MatchLabels: names.Selector(g.Name, c.Name)},
				Strategy:                strategy(c),
				Template:                PodTemplate(g, c),
				ProgressDeadlineSeconds: new(int32(noDeadline)),
			},
		},
		Ready:     ready.Deployment,
		Workloads: whole(c, "Deployment", c.Object, []string{"spec", "template"}),
	})
}

// strategy by which pods are replaced, with the API server's defaults written out: those that it fills in are nobody's, so
// they stay when the strategy becomes Recreate, which it then refuses beside them. See
// https://github.com/kubernetes/kubernetes/issues/24198
func strategy(c *graph.Component) appsv1.DeploymentStrategy {
	s := ptr.Deref(c.Strategy, appsv1.DeploymentStrategy{})
	if s.Type == appsv1.RecreateDeploymentStrategyType {
		return s
	}
	const quarter = "25%"
	r := ptr.Deref(s.RollingUpdate, appsv1.RollingUpdateDeployment{})
	if r.MaxUnavailable == nil {
		r.MaxUnavailable = new(intstr.FromString(quarter))
	}
	if r.MaxSurge == nil {
		r.MaxSurge = new(intstr.FromString(quarter))
	}
	return appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &r}
}
