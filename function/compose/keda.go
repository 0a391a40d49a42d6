package compose

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A ScaledObject is what we set of the kind of keda.sh/v1alpha1:
// https://github.com/kedacore/keda/blob/v2.20.2/apis/keda/v1alpha1/scaledobject_types.go
type ScaledObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec ScaledObjectSpec `json:"spec"`
}

// ScaledObjectSpec is what a ScaledObject scales, how far and by what.
type ScaledObjectSpec struct {
	ScaleTargetRef  ScaleTargetRef `json:"scaleTargetRef"`
	MinReplicaCount *int32         `json:"minReplicaCount"`
	MaxReplicaCount int32          `json:"maxReplicaCount"`
	Triggers        []ScaleTrigger `json:"triggers"`
}

// A ScaleTargetRef names a workload with a scale subresource.
type ScaleTargetRef struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
}

// A ScaleTrigger is an event source.
type ScaleTrigger struct {
	Type              string                         `json:"type"`
	Metadata          map[string]string              `json:"metadata"`
	AuthenticationRef *TriggerAuthenticationRef      `json:"authenticationRef,omitempty"`
	MetricType        autoscalingv2.MetricTargetType `json:"metricType,omitempty"`
}

// A TriggerAuthenticationRef names a TriggerAuthentication.
type TriggerAuthenticationRef struct {
	Name string `json:"name"`
}

// DeepCopyObject makes a ScaledObject a runtime.Object. Nothing is shared with the original but the strings of triggers,
// which nobody changes.
func (s *ScaledObject) DeepCopyObject() runtime.Object {
	out := *s
	s.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Triggers = append([]ScaleTrigger(nil), s.Spec.Triggers...)
	return &out
}
