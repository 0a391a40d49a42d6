package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Backend is an inference engine.
// +kubebuilder:validation:Enum=vllm;sglang;trtllm
type Backend string

// Inference engines.
const (
	BackendVLLM   Backend = "vllm"
	BackendSGLang Backend = "sglang"
	BackendTRTLLM Backend = "trtllm"
)

// An InferenceGraph is one distributed inference service: a frontend, workers that prefill and decode, and what they
// need to find each other, to store their weights and to be reached.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=ig,categories=graphplane
// +kubebuilder:printcolumn:name="COMPONENTS",type=string,JSONPath=`.status.readyComponents`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name begins the names of Services, which allow lower case letters, digits and hyphens, with a letter first: choose such a name",fieldPath=".metadata.name"
// +kubebuilder:validation:XValidation:rule="self.spec.components.all(c, size(self.metadata.name) + size(c.name) < 63)",message="metadata.name and a name in spec.components make one object name with a hyphen between them, which may have 63 characters: shorten one of them",fieldPath=".metadata.name"
type InferenceGraph struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   InferenceGraphSpec   `json:"spec"`
	Status InferenceGraphStatus `json:"status,omitempty"`
}

// InferenceGraphList is a list of InferenceGraphs.
// +kubebuilder:object:root=true
type InferenceGraphList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []InferenceGraph `json:"items"`
}

// InferenceGraphSpec is what an InferenceGraph should be.
// +kubebuilder:validation:XValidation:rule="!has(self.model) || !has(self.model.cache) || (has(self.claims) && self.claims.exists(k, k.name == self.model.cache.claim))",message="model.cache.claim is no name in claims: add it there, with a size to create it or without one to use a claim that exists",fieldPath=".model.cache.claim"
// +kubebuilder:validation:XValidation:rule="self.components.all(c, !has(c.mounts) || c.mounts.all(m, has(self.claims) && self.claims.exists(k, k.name == m.claim)))",message="claim of a component's mounts is no name in claims: add it there, with a size to create it or without one to use a claim that exists",fieldPath=".components"
// +kubebuilder:validation:XValidation:rule="has(self.model) || self.components.all(c, !(c.type in ['worker', 'prefill', 'decode']) || (has(c.podTemplate) && has(c.podTemplate.spec) && has(c.podTemplate.spec.containers) && c.podTemplate.spec.containers.exists(k, k.name == 'main' && (has(k.command) || has(k.args)))))",message="model is needed to generate the command of a worker: set model.name, or give the worker a command in podTemplate.spec.containers, in a container named main",fieldPath=".model"
// +kubebuilder:validation:XValidation:rule="!has(self.scalingGuard) || (self.components.exists(c, c.type == 'prefill' && has(c.scaling)) && self.components.exists(c, c.type == 'decode' && has(c.scaling)))",message="scalingGuard needs scaling on a component of type prefill and on one of type decode: add it, or remove scalingGuard",fieldPath=".scalingGuard"
type InferenceGraphSpec struct {
	// ClusterRef names the InferenceCluster this graph runs on. Without an InferenceCluster named "local", built-in
	// defaults for the cluster that Crossplane runs in hold.
	// +optional
	// +kubebuilder:default={name: "local"}
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="clusterRef is immutable: delete the graph and create it on the other cluster, or create a second graph there"
	ClusterRef ClusterReference `json:"clusterRef,omitempty"`

	// Backend is the inference engine of the workers.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="backend is immutable: create a second graph with the other backend"
	Backend Backend `json:"backend"`

	// Model is what the graph serves. Needed by every worker whose command is generated.
	// +optional
	Model *Model `json:"model,omitempty"`

	// Runtime selects the version of the Dynamo runtime and how its processes find and talk to each other.
	// +optional
	Runtime Runtime `json:"runtime,omitempty"`

	// Components are the processes of the graph.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))",message="names in components must be unique without regard to case: rename one"
	// +kubebuilder:validation:XValidation:rule="self.filter(c, c.type == 'epp').size() <= 1",message="components may hold one component of type epp: remove the others"
	// +kubebuilder:validation:XValidation:rule="self.filter(c, c.type == 'planner').size() <= 1",message="components may hold one component of type planner, since two would scale against each other: remove the others"
	// +listType=map
	// +listMapKey=name
	Components []Component `json:"components"`

	// NodePools are the GPU node pools this graph brings along.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	NodePools []NodePool `json:"nodePools,omitempty"`

	// Claims are the volumes that components mount by name.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	Claims []Claim `json:"claims,omitempty"`

	// Env is set in the main container of every component, in this order.
	// +optional
	// +kubebuilder:validation:MaxItems=200
	// +listType=map
	// +listMapKey=name
	Env []corev1.EnvVar `json:"env,omitempty"`

	// Expose says how the frontend is reached from outside its namespace.
	// +optional
	Expose *Expose `json:"expose,omitempty"`

	// Orchestrator is the kind of workload that components become. Auto takes what the InferenceCluster says is
	// installed: for components of one node Deployments, and where one spans several, LeaderWorkerSet or Grove, whichever
	// it names first. Grove runs all components, so a graph cannot come to it or leave it once it runs.
	// +optional
	// +kubebuilder:default=Auto
	Orchestrator Orchestrator `json:"orchestrator,omitempty"`

	// Gang schedules the pods of a replica together or not at all.
	// +optional
	Gang *Gang `json:"gang,omitempty"`

	// ScalingGuard keeps the replicas of prefill in proportion to those of decode, when both scale.
	// +optional
	ScalingGuard *ScalingGuard `json:"scalingGuard,omitempty"`

	// Restart rolls components without a change of their spec.
	// +optional
	Restart *Restart `json:"restart,omitempty"`

	// Monitoring says how metrics of the graph are collected.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`

	// NetworkPolicy is Default for policies that admit only the traffic the roles of this graph need, None for none.
	// +optional
	// +kubebuilder:validation:Enum=Default;None
	// +kubebuilder:default=Default
	NetworkPolicy NetworkPolicyMode `json:"networkPolicy,omitempty"`
}

// NetworkPolicyMode says which NetworkPolicies are composed.
type NetworkPolicyMode string

// Modes of NetworkPolicy.
const (
	NetworkPolicyDefault NetworkPolicyMode = "Default"
	NetworkPolicyNone    NetworkPolicyMode = "None"
)

// ClusterReference names an InferenceCluster.
type ClusterReference struct {
	// Name of the InferenceCluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
}

// LocalCluster is the InferenceCluster a graph runs on when it names none.
const LocalCluster = "local"
