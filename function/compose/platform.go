package compose

import (
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/ready"
)

// Platform is what an InferenceCluster installs.
func Platform(in v1alpha1.Install) []Resource {
	if !in.WorkerMetadata {
		return nil
	}
	return []Resource{{
		Name:   "customresourcedefinition.workermetadata",
		Object: workerMetadata(),
		Ready:  ready.Established,
	}}
}

// workerMetadata is the kind in which every process of the Dynamo runtime publishes its endpoints and model cards, one
// object a pod, for discovery through Kubernetes. What it publishes is the runtime's own affair.
func workerMetadata() *extv1.CustomResourceDefinition {
	data := extv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: new(true)}
	spec := extv1.JSONSchemaProps{Type: "object", Properties: map[string]extv1.JSONSchemaProps{"data": data}}
	return &extv1.CustomResourceDefinition{
		TypeMeta: typeMeta(extv1.SchemeGroupVersion.String(), "CustomResourceDefinition"),
		ObjectMeta: metav1.ObjectMeta{
			Name:   "dynamoworkermetadatas.nvidia.com",
			Labels: map[string]string{"app.kubernetes.io/managed-by": "graphplane"},
		},
		Spec: extv1.CustomResourceDefinitionSpec{
			Group: "nvidia.com",
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
