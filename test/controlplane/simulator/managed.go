package simulator

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Names of the clouds, which are parts of their API groups.
const (
	amazon = "aws"
	google = "gcp"
	azure  = "azure"
)

// A Managed is a managed resource of any of the kinds. What is asked of the cloud stays as it is written, since a controller
// writes whole objects, and what it does not know must not be lost.
type Managed struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   Spec   `json:"spec"`
	Status Status `json:"status"`
}

// A Spec of a managed resource.
type Spec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	ForProvider  json.RawMessage `json:"forProvider,omitempty"`
	InitProvider json.RawMessage `json:"initProvider,omitempty"`
}

// A Status of a managed resource.
type Status struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	AtProvider json.RawMessage `json:"atProvider,omitempty"`
}

// GetCondition of the resource.
func (m *Managed) GetCondition(t xpv2.ConditionType) xpv2.Condition { return m.Status.GetCondition(t) }

// SetConditions of the resource.
func (m *Managed) SetConditions(c ...xpv2.Condition) { m.Status.SetConditions(c...) }

// GetManagementPolicies of the resource.
func (m *Managed) GetManagementPolicies() xpv2.ManagementPolicies { return m.Spec.ManagementPolicies }

// SetManagementPolicies of the resource.
func (m *Managed) SetManagementPolicies(p xpv2.ManagementPolicies) { m.Spec.ManagementPolicies = p }

// GetProviderConfigReference of the resource.
func (m *Managed) GetProviderConfigReference() *xpv2.ProviderConfigReference {
	return m.Spec.ProviderConfigReference
}

// SetProviderConfigReference of the resource.
func (m *Managed) SetProviderConfigReference(r *xpv2.ProviderConfigReference) {
	m.Spec.ProviderConfigReference = r
}

// GetWriteConnectionSecretToReference of the resource.
func (m *Managed) GetWriteConnectionSecretToReference() *xpv2.LocalSecretReference {
	return m.Spec.WriteConnectionSecretToReference
}

// SetWriteConnectionSecretToReference of the resource.
func (m *Managed) SetWriteConnectionSecretToReference(r *xpv2.LocalSecretReference) {
	m.Spec.WriteConnectionSecretToReference = r
}

// managed returns the resource, of whatever kind it is.
func (m *Managed) managed() *Managed { return m }

func (m *Managed) copy() *Managed {
	meta, spec, status := m.ObjectMeta, m.Spec.ManagedResourceSpec, m.Status.ManagedResourceStatus

	return &Managed{
		TypeMeta:   m.TypeMeta,
		ObjectMeta: *meta.DeepCopy(),
		Spec: Spec{
			ManagedResourceSpec: *spec.DeepCopy(),
			ForProvider:         append(json.RawMessage(nil), m.Spec.ForProvider...),
			InitProvider:        append(json.RawMessage(nil), m.Spec.InitProvider...),
		},
		Status: Status{
			ManagedResourceStatus: *status.DeepCopy(),
			AtProvider:            append(json.RawMessage(nil), m.Status.AtProvider...),
		},
	}
}

// A scheme knows a kind by its Go type, so each kind has one.
type (
	// A NodeGroup of Amazon EKS.
	NodeGroup struct{ Managed }

	// A LaunchTemplate of Amazon EC2.
	LaunchTemplate struct{ Managed }

	// A PlacementGroup of Amazon EC2.
	PlacementGroup struct{ Managed }

	// A NodePool of Google GKE.
	NodePool struct{ Managed }

	// A KubernetesClusterNodePool of Azure AKS.
	KubernetesClusterNodePool struct{ Managed }
)

// DeepCopyObject copies the resource.
func (m *NodeGroup) DeepCopyObject() runtime.Object { return &NodeGroup{*m.copy()} }

// DeepCopyObject copies the resource.
func (m *LaunchTemplate) DeepCopyObject() runtime.Object { return &LaunchTemplate{*m.copy()} }

// DeepCopyObject copies the resource.
func (m *PlacementGroup) DeepCopyObject() runtime.Object { return &PlacementGroup{*m.copy()} }

// DeepCopyObject copies the resource.
func (m *NodePool) DeepCopyObject() runtime.Object { return &NodePool{*m.copy()} }

// DeepCopyObject copies the resource.
func (m *KubernetesClusterNodePool) DeepCopyObject() runtime.Object {
	return &KubernetesClusterNodePool{*m.copy()}
}

// A List of managed resources of one kind.
type List[T any, P interface {
	*T
	runtime.Object
}] struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []T `json:"items"`
}

// DeepCopyObject copies the list.
func (l *List[T, P]) DeepCopyObject() runtime.Object {
	meta := l.ListMeta
	out := &List[T, P]{TypeMeta: l.TypeMeta, ListMeta: *meta.DeepCopy()}

	for i := range l.Items {
		if c, ok := P(&l.Items[i]).DeepCopyObject().(P); ok {
			out.Items = append(out.Items, *c)
		}
	}

	return out
}

func nodeGroupKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "eks.aws.m.upbound.io", Version: "v1beta1", Kind: "NodeGroup"}
}

func launchTemplateKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "LaunchTemplate"}
}

func placementGroupKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "ec2.aws.m.upbound.io", Version: "v1beta1", Kind: "PlacementGroup"}
}

func nodePoolKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "container.gcp.m.upbound.io", Version: "v1beta1", Kind: "NodePool"}
}

func kubernetesClusterNodePoolKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{
		Group: "containerservice.azure.m.upbound.io", Version: "v1beta1", Kind: "KubernetesClusterNodePool",
	}
}

// newScheme knows the kinds.
func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()

	for gvk, types := range map[schema.GroupVersionKind][2]runtime.Object{
		nodeGroupKind():                 {&NodeGroup{}, &List[NodeGroup, *NodeGroup]{}},
		launchTemplateKind():            {&LaunchTemplate{}, &List[LaunchTemplate, *LaunchTemplate]{}},
		placementGroupKind():            {&PlacementGroup{}, &List[PlacementGroup, *PlacementGroup]{}},
		nodePoolKind():                  {&NodePool{}, &List[NodePool, *NodePool]{}},
		kubernetesClusterNodePoolKind(): {&KubernetesClusterNodePool{}, &List[KubernetesClusterNodePool, *KubernetesClusterNodePool]{}},
	} {
		s.AddKnownTypeWithName(gvk, types[0])
		s.AddKnownTypeWithName(gvk.GroupVersion().WithKind(gvk.Kind+"List"), types[1])
		metav1.AddToGroupVersion(s, gvk.GroupVersion())
	}

	return s
}
