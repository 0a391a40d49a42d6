package compose

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/graphplane/graphplane/function/dynamo"
)

// Kinds are all that composers can emit. Crossplane needs rights on each, which package/rbac.yaml grants.
func Kinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		{Group: "", Version: "v1", Kind: "ConfigMap"},
		{Group: "", Version: "v1", Kind: "PersistentVolumeClaim"},
		{Group: "", Version: "v1", Kind: "Secret"},
		{Group: "", Version: "v1", Kind: "Service"},
		{Group: "", Version: "v1", Kind: "ServiceAccount"},
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
		{Group: "etcd.graphplane.io", Version: "v1alpha1", Kind: "Endpoint"},
		{Group: "etcd.graphplane.io", Version: "v1alpha1", Kind: "Role"},
		{Group: "etcd.graphplane.io", Version: "v1alpha1", Kind: "User"},
		{Group: "container.gcp.m.upbound.io", Version: "v1beta1", Kind: "NodePool"},
		{Group: "containerservice.azure.m.upbound.io", Version: "v1beta1", Kind: "KubernetesClusterNodePool"},
		{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "LaunchTemplate"},
		{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "PlacementGroup"},
		{Group: "eks.aws.m.upbound.io", Version: "v1beta1", Kind: "NodeGroup"},
		{Group: "batch", Version: "v1", Kind: "Job"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"},
		{Group: "grove.io", Version: "v1alpha1", Kind: "PodCliqueSet"},
		{Group: inferencePoolGroup, Version: "v1", Kind: "InferencePool"},
		{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"},
		{Group: "kubernetes.m.crossplane.io", Version: "v1alpha1", Kind: "Object"},
		{Group: "leaderworkerset.x-k8s.io", Version: "v1", Kind: "LeaderWorkerSet"},
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"},
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"},
		{Group: "nats.graphplane.io", Version: "v1alpha1", Kind: "Endpoint"},
		{Group: "nats.graphplane.io", Version: "v1alpha1", Kind: "User"},
		{Group: "networking.istio.io", Version: "v1", Kind: "VirtualService"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		{Group: dynamo.Group, Version: dynamo.Version, Kind: dynamo.KindGraphDeployment},
		{Group: dynamo.Group, Version: dynamo.Version, Kind: dynamo.KindScalingAdapter},
		{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"},
		{Group: "protection.crossplane.io", Version: "v1beta1", Kind: "Usage"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
		{Group: "resource.k8s.io", Version: "v1", Kind: "ResourceClaimTemplate"},
	}
}
