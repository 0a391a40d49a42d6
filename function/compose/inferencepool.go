package compose

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
)

const inferencePoolGroup = "inference.networking.k8s.io"

// inferencePool holds the workers of a graph, each at its frontend's port, and the endpoint picker that chooses.
func inferencePool(g *graph.Graph, epp *graph.Component) runtime.Object {
	return &InferencePool{
		TypeMeta:   typeMeta(inferencePoolGroup+"/v1", "InferencePool"),
		ObjectMeta: componentMeta(g, epp, names.Pool(g.Name)),
		Spec: InferencePoolSpec{
			Selector:    PoolSelector{MatchLabels: map[string]string{v1alpha1.LabelGraph: g.Name, names.DynamoClass: "worker"}},
			TargetPorts: []PoolPort{{Number: portHTTP}},
			EndpointPickerRef: EndpointPickerRef{
				Kind: "Service", Name: epp.Object, Port: PoolPort{Number: portPicker}, FailureMode: "FailClose",
			},
		},
	}
}

// An InferencePool is what we set of the kind of inference.networking.k8s.io/v1:
// https://github.com/kubernetes-sigs/gateway-api-inference-extension/blob/v1.6.0/api/v1/inferencepool_types.go
type InferencePool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec InferencePoolSpec `json:"spec"`
}

// InferencePoolSpec is which pods take requests, and who picks among them.
type InferencePoolSpec struct {
	Selector          PoolSelector      `json:"selector"`
	TargetPorts       []PoolPort        `json:"targetPorts"`
	EndpointPickerRef EndpointPickerRef `json:"endpointPickerRef"`
}

// A PoolSelector selects pods by labels.
type PoolSelector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

// A PoolPort is the number of a port.
type PoolPort struct {
	Number int32 `json:"number"`
}

// An EndpointPickerRef names the Service of an endpoint picker.
type EndpointPickerRef struct {
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	Port        PoolPort `json:"port"`
	FailureMode string   `json:"failureMode"`
}

// DeepCopyObject makes an InferencePool a runtime.Object. The lists of its spec are shared with the original.
func (p *InferencePool) DeepCopyObject() runtime.Object {
	out := *p
	p.DeepCopyInto(&out.ObjectMeta)
	return &out
}
