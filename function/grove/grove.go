// Package grove holds the part of Grove's API that is composed. The module of its operator is not published, and that of its
// API needs another k8s.io/api than everything else here; a test holds these types against its CustomResourceDefinitions.
package grove

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// The kinds, as the API server knows them.
const (
	APIVersion       = "grove.io/v1alpha1"
	KindSet          = "PodCliqueSet"
	KindClique       = "PodClique"
	KindScalingGroup = "PodCliqueScalingGroup"
)

// Variables that Grove sets in every container, those of a scaling group only in its pods.
// https://github.com/ai-dynamo/grove/blob/main/operator/api/common/constants/constants.go
const (
	HeadlessService = "GROVE_HEADLESS_SERVICE"
	PodIndex        = "GROVE_PCLQ_POD_INDEX"
	GroupName       = "GROVE_PCSG_NAME"
	GroupIndex      = "GROVE_PCSG_INDEX"
)

// Labels of what Grove makes for a PodCliqueSet.
// https://github.com/ai-dynamo/grove/blob/main/operator/api/common/labels.go
const (
	LabelSet       = "app.kubernetes.io/part-of"
	LabelComponent = "app.kubernetes.io/component"
	// LabelTemplate is the digest of the pods that a PodClique is to have.
	LabelTemplate = "grove.io/pod-template-hash"

	// ComponentClique and ComponentScalingGroup are the values of LabelComponent of what a PodCliqueSet owns itself.
	ComponentClique       = "pcs-podclique"
	ComponentScalingGroup = "pcs-podcliquescalinggroup"
)

// AnyOrder starts all cliques at once.
const AnyOrder = "CliqueStartupTypeAnyOrder"

// A PodCliqueSet runs cliques of pods as one gang.
type PodCliqueSet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec Spec `json:"spec"`
}

// Spec of a PodCliqueSet.
type Spec struct {
	Replicas int32    `json:"replicas"`
	Template Template `json:"template"`
}

// Template is the cliques of one replica.
type Template struct {
	Cliques               []CliqueTemplate      `json:"cliques"`
	CliqueStartupType     string                `json:"cliqueStartupType"`
	HeadlessServiceConfig HeadlessServiceConfig `json:"headlessServiceConfig"`
	TerminationDelay      *metav1.Duration      `json:"terminationDelay,omitempty"`
	ScalingGroups         []ScalingGroup        `json:"podCliqueScalingGroups,omitempty"`
}

// HeadlessServiceConfig of the Service by which pods find each other.
type HeadlessServiceConfig struct {
	PublishNotReadyAddresses bool `json:"publishNotReadyAddresses"`
}

// A CliqueTemplate is pods of one role. Its labels and annotations are those of its pods.
type CliqueTemplate struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Spec        CliqueSpec        `json:"spec"`
}

// CliqueSpec of a CliqueTemplate. Replicas are those that Grove makes a PodClique with; it changes no others.
type CliqueSpec struct {
	RoleName     string         `json:"roleName"`
	PodSpec      corev1.PodSpec `json:"podSpec"`
	Replicas     int32          `json:"replicas"`
	MinAvailable int32          `json:"minAvailable"`
	ScaleConfig  *ScaleConfig   `json:"autoScalingConfig,omitempty"`
}

// A ScalingGroup is cliques that are scaled together, each replica of it a gang.
type ScalingGroup struct {
	Name               string              `json:"name"`
	CliqueNames        []string            `json:"cliqueNames"`
	Replicas           int32               `json:"replicas"`
	MinAvailable       int32               `json:"minAvailable"`
	ScaleConfig        *ScaleConfig        `json:"scaleConfig,omitempty"`
	TopologyConstraint *TopologyConstraint `json:"topologyConstraint,omitempty"`
}

// ScaleConfig is of the HorizontalPodAutoscaler that Grove makes.
type ScaleConfig struct {
	MinReplicas int32                      `json:"minReplicas"`
	MaxReplicas int32                      `json:"maxReplicas"`
	Metrics     []autoscalingv2.MetricSpec `json:"metrics,omitempty"`
}

// A TopologyConstraint packs the pods of a replica into a domain of a ClusterTopologyBinding.
type TopologyConstraint struct {
	TopologyName string `json:"topologyName"`
	Pack         Pack   `json:"pack"`
}

// Pack is the domain, one of both.
type Pack struct {
	Required  string `json:"required,omitempty"`
	Preferred string `json:"preferred,omitempty"`
}

// DeepCopyObject makes it a runtime.Object.
func (p *PodCliqueSet) DeepCopyObject() runtime.Object {
	out := *p
	p.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Template.Cliques = append([]CliqueTemplate(nil), p.Spec.Template.Cliques...)
	for i := range out.Spec.Template.Cliques {
		c := &out.Spec.Template.Cliques[i]
		c.Spec.PodSpec = *c.Spec.PodSpec.DeepCopy()
	}
	out.Spec.Template.ScalingGroups = append([]ScalingGroup(nil), p.Spec.Template.ScalingGroups...)
	return &out
}
