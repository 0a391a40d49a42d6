package compose

import (
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/dynamo"
	"github.com/graphplane/graphplane/function/ready"
)

// Platform is what an InferenceCluster installs.
func Platform(cluster string, in v1alpha1.Install) []Resource {
	var out []Resource
	if in.WorkerMetadata {
		out = append(out, definition("workermetadata", workerMetadata()))
	}
	if in.Planner {
		out = append(out, definition("graphdeployment", graphDeployment()), definition("scalingadapter", scalingAdapter()))
	}
	if in.Dashboards != nil {
		out = append(out, dashboards(in.Dashboards, cluster))
	}
	return out
}

func definition(name string, crd *extv1.CustomResourceDefinition) Resource {
	crd.TypeMeta = typeMeta(extv1.SchemeGroupVersion.String(), "CustomResourceDefinition")
	crd.Name = crd.Spec.Names.Plural + "." + crd.Spec.Group
	crd.Labels = map[string]string{"app.kubernetes.io/managed-by": "graphplane"}
	return Resource{Name: "customresourcedefinition." + name, Object: crd, Ready: ready.Established}
}

// workerMetadata is the kind in which every process of the Dynamo runtime publishes its endpoints and model cards, one
// object a pod, for discovery through Kubernetes. What it publishes is the runtime's own affair.
func workerMetadata() *extv1.CustomResourceDefinition {
	data := extv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: new(true)}
	spec := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"data": data}}
	return &extv1.CustomResourceDefinition{
		Spec: extv1.CustomResourceDefinitionSpec{
			Group: dynamo.Group,
			Scope: extv1.NamespaceScoped,
			Names: extv1.CustomResourceDefinitionNames{
				Kind: "DynamoWorkerMetadata", ListKind: "DynamoWorkerMetadataList",
				Plural: "dynamoworkermetadatas", Singular: "dynamoworkermetadata", ShortNames: []string{"dwm"},
			},
			Versions: []extv1.CustomResourceDefinitionVersion{{
				Name: "v1alpha1", Served: true, Storage: true,
				Schema: &extv1.CustomResourceValidation{OpenAPIV3Schema: &extv1.JSONSchemaProps{
					Type: "object", Properties: map[string]extv1.JSONSchemaProps{"spec": spec},
				}},
			}},
		},
	}
}

// graphDeployment is the kind in which a planner looks for its graph. Its status is no subresource, since Crossplane
// applies what is composed as one object.
func graphDeployment() *extv1.CustomResourceDefinition {
	free := extv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: new(true)}
	schema := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"spec": free, "status": free}}
	return plannerKind(extv1.CustomResourceDefinitionNames{
		Kind: dynamo.KindGraphDeployment, ListKind: dynamo.KindGraphDeployment + "List",
		Plural: "dynamographdeployments", Singular: "dynamographdeployment", ShortNames: []string{"dgd"},
	}, schema, nil)
}

// scalingAdapter is the kind in which a planner asks for replicas, by the scale subresource.
func scalingAdapter() *extv1.CustomResourceDefinition {
	text := extv1.JSONSchemaProps{Type: "string"}
	ref := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"name": text, "serviceName": text}}
	replicas := extv1.JSONSchemaProps{Type: "integer", Format: "int32", Minimum: new(0.0), Default: &extv1.JSON{Raw: []byte("1")}}
	status := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"replicas": {Type: "integer", Format: "int32"}}}
	spec := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"dgdRef": ref, "replicas": replicas}}
	schema := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"spec": spec, "status": status}}
	return plannerKind(extv1.CustomResourceDefinitionNames{
		Kind: dynamo.KindScalingAdapter, ListKind: dynamo.KindScalingAdapter + "List",
		Plural: "dynamographdeploymentscalingadapters", Singular: "dynamographdeploymentscalingadapter", ShortNames: []string{"dgdsa"},
	}, schema, &extv1.CustomResourceSubresources{
		Scale: &extv1.CustomResourceSubresourceScale{SpecReplicasPath: ".spec.replicas", StatusReplicasPath: ".status.replicas"},
	})
}

// plannerKind serves one schema in each of the versions that planners ask for.
func plannerKind(n extv1.CustomResourceDefinitionNames, schema extv1.JSONSchemaProps, sub *extv1.CustomResourceSubresources) *extv1.CustomResourceDefinition {
	out := &extv1.CustomResourceDefinition{Spec: extv1.CustomResourceDefinitionSpec{Group: dynamo.Group, Scope: extv1.NamespaceScoped, Names: n}}
	for _, v := range []string{dynamo.OldVersion, dynamo.Version} {
		out.Spec.Versions = append(out.Spec.Versions, extv1.CustomResourceDefinitionVersion{
			Name: v, Served: true, Storage: v == dynamo.Version, Subresources: sub,
			Schema: &extv1.CustomResourceValidation{OpenAPIV3Schema: &schema},
		})
	}
	return out
}
