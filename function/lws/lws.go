// Package lws holds the part of LeaderWorkerSet's API that is composed. The module sigs.k8s.io/lws v0.9.0 has all of it,
// but needs a newer k8s.io/api than everything else here; a test holds these types against its CustomResourceDefinition.
package lws

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The kind, as the API server knows it.
const (
	APIVersion = "leaderworkerset.x-k8s.io/v1"
	Kind       = "LeaderWorkerSet"
)

// Variables that the webhook of LeaderWorkerSet sets in every container, before all others.
// https://lws.sigs.k8s.io/docs/reference/labels-annotations-and-environment-variables/
const (
	LeaderAddress = "LWS_LEADER_ADDRESS"
	WorkerIndex   = "LWS_WORKER_INDEX"
)

// A LeaderWorkerSet runs replicas that each span several pods: a leader, with index 0, and its workers.
type LeaderWorkerSet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec Spec `json:"spec"`
}

// Spec of a LeaderWorkerSet.
type Spec struct {
	Replicas             *int32               `json:"replicas,omitempty"`
	LeaderWorkerTemplate LeaderWorkerTemplate `json:"leaderWorkerTemplate"`
	RolloutStrategy      RolloutStrategy      `json:"rolloutStrategy"`
	StartupPolicy        string               `json:"startupPolicy"`
	NetworkConfig        NetworkConfig        `json:"networkConfig"`
}

// LeaderWorkerTemplate is the pods of one replica.
type LeaderWorkerTemplate struct {
	LeaderTemplate corev1.PodTemplateSpec `json:"leaderTemplate"`
	WorkerTemplate corev1.PodTemplateSpec `json:"workerTemplate"`
	// Size is the number of pods of a replica, the leader included.
	Size          int32  `json:"size"`
	RestartPolicy string `json:"restartPolicy"`
}

// RolloutStrategy says how replicas are replaced.
type RolloutStrategy struct {
	Type                       string               `json:"type"`
	RollingUpdateConfiguration RollingConfiguration `json:"rollingUpdateConfiguration"`
}

// RollingConfiguration of a rolling update.
type RollingConfiguration struct {
	Partition      int32              `json:"partition"`
	MaxUnavailable intstr.IntOrString `json:"maxUnavailable"`
	MaxSurge       intstr.IntOrString `json:"maxSurge"`
}

// NetworkConfig of a LeaderWorkerSet.
type NetworkConfig struct {
	SubdomainPolicy string `json:"subdomainPolicy"`
}

// DeepCopyObject makes it a runtime.Object.
func (l *LeaderWorkerSet) DeepCopyObject() runtime.Object {
	out := *l
	l.DeepCopyInto(&out.ObjectMeta)
	if l.Spec.Replicas != nil {
		out.Spec.Replicas = new(*l.Spec.Replicas)
	}
	l.Spec.LeaderWorkerTemplate.LeaderTemplate.DeepCopyInto(&out.Spec.LeaderWorkerTemplate.LeaderTemplate)
	l.Spec.LeaderWorkerTemplate.WorkerTemplate.DeepCopyInto(&out.Spec.LeaderWorkerTemplate.WorkerTemplate)
	return &out
}
