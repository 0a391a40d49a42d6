// Package dynamo holds the part of the Dynamo operator's kinds that the Dynamo planner reads and writes:
// https://github.com/ai-dynamo/dynamo/blob/main/components/src/dynamo/planner/connectors/kubernetes.py
//
// A planner reads either version of a DynamoGraphDeployment, by its own age. Both are served from one object that has
// the fields of both, so that nothing needs to be converted.
package dynamo

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// The kinds, as the API server knows them.
const (
	Group   = "nvidia.com"
	Version = "v1beta1"
	// OldVersion is what planners before Dynamo 1.2 ask for.
	OldVersion = "v1alpha1"
	APIVersion = Group + "/" + Version

	KindGraphDeployment = "DynamoGraphDeployment"
	KindScalingAdapter  = "DynamoGraphDeploymentScalingAdapter"
)

// MainContainer is the container of a component whose arguments and GPUs a planner reads.
const MainContainer = "main"

// A GraphDeployment is what a planner knows of a graph.
type GraphDeployment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec GraphDeploymentSpec `json:"spec"`
}

// GraphDeploymentSpec is the components of a graph: as a list for v1beta1, and by name for v1alpha1.
type GraphDeploymentSpec struct {
	BackendFramework string             `json:"backendFramework"`
	Components       []Component        `json:"components"`
	Services         map[string]Service `json:"services"`
}

// A Component of v1beta1.
type Component struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	Replicas    *int32      `json:"replicas,omitempty"`
	PodTemplate PodTemplate `json:"podTemplate"`
}

// A PodTemplate is the part of a pod that a planner reads.
type PodTemplate struct {
	Spec PodSpec `json:"spec"`
}

// PodSpec is the containers of a pod.
type PodSpec struct {
	Containers []Container `json:"containers"`
}

// A Container has the model's name among its arguments, and its GPUs among its limits.
type Container struct {
	Name      string    `json:"name"`
	Args      []string  `json:"args,omitempty"`
	Resources Resources `json:"resources"`
}

// Resources of a container.
type Resources struct {
	Limits map[string]string `json:"limits,omitempty"`
}

// A Service is a component of v1alpha1.
type Service struct {
	ComponentType    string       `json:"componentType"`
	SubComponentType string       `json:"subComponentType,omitempty"`
	Replicas         *int32       `json:"replicas,omitempty"`
	Resources        OldResources `json:"resources"`
	ExtraPodSpec     ExtraPodSpec `json:"extraPodSpec"`
}

// OldResources are those of v1alpha1.
type OldResources struct {
	Limits OldLimits `json:"limits"`
}

// OldLimits are those of v1alpha1.
type OldLimits struct {
	GPU string `json:"gpu,omitempty"`
}

// ExtraPodSpec has the arguments of a component in v1alpha1.
type ExtraPodSpec struct {
	MainContainer OldContainer `json:"mainContainer"`
}

// OldContainer is a container of v1alpha1.
type OldContainer struct {
	Args []string `json:"args,omitempty"`
}

// DeepCopyObject makes it a runtime.Object. The components are shared with the original.
func (d *GraphDeployment) DeepCopyObject() runtime.Object {
	out := *d
	d.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// Status of a GraphDeployment: how far each component is rolled out.
type Status struct {
	Conditions []Condition      `json:"conditions"`
	Components map[string]Count `json:"components"`
	Services   map[string]Count `json:"services"`
}

// A Condition of a GraphDeployment.
type Condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Count of the replicas of a component. A planner takes a component for settled when all of them equal what the spec
// asks for.
type Count struct {
	Replicas          int64 `json:"replicas"`
	ReadyReplicas     int64 `json:"readyReplicas"`
	UpdatedReplicas   int64 `json:"updatedReplicas"`
	AvailableReplicas int64 `json:"availableReplicas"`
}

// A ScalingAdapter is where a planner asks for replicas of one component, by its scale subresource.
type ScalingAdapter struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec ScalingAdapterSpec `json:"spec"`
}

// ScalingAdapterSpec names the component that is scaled. Its replicas are the planner's.
type ScalingAdapterSpec struct {
	DGDRef Reference `json:"dgdRef"`
}

// Reference names a component of a GraphDeployment.
type Reference struct {
	Name        string `json:"name"`
	ServiceName string `json:"serviceName"`
}

// DeepCopyObject makes it a runtime.Object.
func (a *ScalingAdapter) DeepCopyObject() runtime.Object {
	out := *a
	a.DeepCopyInto(&out.ObjectMeta)
	return &out
}
