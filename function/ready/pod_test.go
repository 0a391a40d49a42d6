package ready

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

func TestPods(t *testing.T) {
	const backOff = `{metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: main, ready: false, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff, message: back-off 40s restarting failed container}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}}`
	const noNode = `{metadata: {name: b}, status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."}]}}`
	crash := Failure{v1alpha1.ReasonCrashLooping, "Container main of pod a keeps ending, last with exit code 1: see its log"}
	cases := map[string]struct {
		reason string
		pods   []string
		want   Failure
	}{
		"None": {reason: "No pods, no failure"},
		"Starting": {
			reason: "A pod that starts needs time, nothing else",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: main, state: {waiting: {reason: ContainerCreating}}}]}}`},
		},
		"Loading": {
			reason: "A process that loads its model is not ready, and has not failed",
			pods:   []string{`{metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: main, ready: false, started: true, state: {running: {}}}]}}`},
		},
		"BackOff": {reason: "The kubelet waits before it starts a container that ended", pods: []string{backOff}, want: crash},
		"BetweenTwoEnds": {
			reason: "It runs again, and says the same: what flips with each try is no status",
			pods:   []string{`{metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: main, ready: false, restartCount: 3, state: {running: {}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}}`},
			want:   crash,
		},
		"Recovered": {
			reason: "It ended before, and is ready now",
			pods:   []string{`{metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: main, ready: true, restartCount: 3, state: {running: {}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}}`},
		},
		"OutOfMemory": {
			reason: "Why it was killed is what matters",
			pods:   []string{`{metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: main, ready: false, state: {terminated: {exitCode: 137, reason: OOMKilled}}}]}}`},
			want:   Failure{v1alpha1.ReasonCrashLooping, "Container main of pod a keeps ending, last with exit code 137, OOMKilled: see its log"},
		},
		"InitContainer": {
			reason: "An init container is one, too",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, initContainerStatuses: [{name: fetch, ready: false, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 2}}}], containerStatuses: [{name: main, state: {waiting: {reason: PodInitializing}}}]}}`},
			want:   Failure{v1alpha1.ReasonCrashLooping, "Container fetch of pod a keeps ending, last with exit code 2: see its log"},
		},
		"FinishedInitContainer": {
			reason: "It ended as it should",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, initContainerStatuses: [{name: fetch, ready: true, state: {terminated: {exitCode: 0, reason: Completed}}}]}}`},
		},
		"NoSuchImage": {
			reason: "The registry's own words change with each try",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: main, image: "nope:1", state: {waiting: {reason: ErrImagePull, message: "rpc error: code = NotFound desc = failed to pull and unpack image: docker.io/library/nope:1: not found"}}}]}}`},
			want:   Failure{v1alpha1.ReasonImagePullFailed, `Pod a cannot pull the image "nope:1" of container main: the registry does not have it, so check its name and tag`},
		},
		"NoSuchImageBackOff": {
			reason: "While the kubelet waits it says the same",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: main, image: "nope:1", state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image \"nope:1\": ErrImagePull: rpc error: code = NotFound desc = not found"}}}]}}`},
			want:   Failure{v1alpha1.ReasonImagePullFailed, `Pod a cannot pull the image "nope:1" of container main: the registry does not have it, so check its name and tag`},
		},
		"NoCredentials": {
			reason: "A private registry wants a pull secret",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: main, image: "nvcr.io/x:1", state: {waiting: {reason: ErrImagePull, message: "failed to authorize: 401 Unauthorized"}}}]}}`},
			want:   Failure{v1alpha1.ReasonImagePullFailed, `Pod a cannot pull the image "nvcr.io/x:1" of container main: the registry denies it, so check its name and the pull secrets`},
		},
		"NoSecret": {
			reason: "A Secret that is missing is named by the kubelet",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: main, state: {waiting: {reason: CreateContainerConfigError, message: "secret \"hf\" not found"}}}]}}`},
			want:   Failure{v1alpha1.ReasonContainerInvalid, `Container main of pod a cannot be started: secret "hf" not found`},
		},
		"Evicted": {
			reason: "A node can end a pod for good",
			pods:   []string{`{metadata: {name: a}, status: {phase: Failed, reason: Evicted}}`},
			want:   Failure{v1alpha1.ReasonPodFailed, "Pod a failed: Evicted"},
		},
		"NoRoom": {
			reason: "What waits for room is no mistake",
			pods:   []string{noNode},
			want:   Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod b: Insufficient nvidia.com/gpu"},
		},
		"Gated": {
			reason: "A queue that holds a pod back lets it go in time",
			pods:   []string{`{metadata: {name: a}, status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: SchedulingGated}]}}`},
		},
		"MendingComesFirst": {
			reason: "Of two failures the one that somebody must mend is told, whatever the order of the pods",
			pods:   []string{noNode, backOff},
			want:   crash,
		},
		"SameSecond": {
			reason: "An edit may follow in the second of the pods before it, which of both is newer then is not told",
			pods: []string{
				`{metadata: {name: b, creationTimestamp: "2026-01-01T00:00:09Z", labels: {pod-template-hash: old}}, status: {phase: Running}}`,
				`{metadata: {name: a, creationTimestamp: "2026-01-01T00:00:09Z", labels: {pod-template-hash: new}}, status: {phase: Failed, reason: Evicted}}`,
			},
			want: Failure{v1alpha1.ReasonPodFailed, "Pod a failed: Evicted"},
		},
		"OldTemplate": {
			reason: "Pods that an edit replaces say nothing of the edit",
			pods: []string{
				`{metadata: {name: a, creationTimestamp: "2026-01-01T00:00:00Z", labels: {pod-template-hash: old}}, status: {phase: Failed, reason: Evicted}}`,
				`{metadata: {name: b, creationTimestamp: "2026-01-01T00:00:09Z", labels: {pod-template-hash: new}}, status: {phase: Running}}`,
			},
		},
		"Deleted": {
			reason: "A pod that goes is no failure",
			pods:   []string{`{metadata: {name: a, deletionTimestamp: "2026-01-01T00:00:00Z"}, status: {phase: Failed, reason: Evicted}}`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var pods []*structpb.Struct
			for _, y := range tc.pods {
				pods = append(pods, object(t, y))
			}
			if diff := cmp.Diff(tc.want, Pods(pods)); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// Messages are the scheduler's own, of Kubernetes 1.36.
func TestUnschedulable(t *testing.T) {
	cases := map[string]struct {
		reason, message string
		want            Failure
	}{
		"NoNodes": {
			reason:  "An empty cluster lacks capacity",
			message: "no nodes available to schedule pods",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: there are no nodes"},
		},
		"Full": {
			reason:  "Nodes that fit are taken, the others never would",
			message: "0/7 nodes are available: 3 node(s) didn't match Pod's node affinity/selector, 4 Insufficient nvidia.com/gpu. preemption: 0/7 nodes are available: 3 Preemption is not helpful for scheduling, 4 No preemption victims found for incoming pod.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: Insufficient nvidia.com/gpu, node(s) didn't match Pod's node affinity/selector"},
		},
		"NoGPUsAtAll": {
			reason:  "Every node is tried and none has GPUs: more nodes are needed",
			message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: Insufficient nvidia.com/gpu"},
		},
		"Selector": {
			reason:  "A label that no node has",
			message: "0/7 nodes are available: 7 node(s) didn't match Pod's node affinity/selector. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling.",
			want:    Failure{v1alpha1.ReasonUnschedulable, "No node fits pod p: node(s) didn't match Pod's node affinity/selector"},
		},
		"Taint": {
			reason:  "The nodes with GPUs are tainted, and the others have too few, since they have none",
			message: "0/7 nodes are available: 3 Insufficient nvidia.com/gpu, 4 node(s) had untolerated taint {nvidia.com/gpu: present}. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling.",
			want:    Failure{v1alpha1.ReasonUnschedulable, "No node fits pod p: Insufficient nvidia.com/gpu, node(s) had untolerated taint {nvidia.com/gpu: present}"},
		},
		"ControlPlane": {
			reason:  "That a control plane node takes no pods says nothing",
			message: "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: Insufficient nvidia.com/gpu, node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"},
		},
		"NodesNotReady": {
			reason:  "Nodes become ready again",
			message: "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: node(s) had untolerated taint {node.kubernetes.io/not-ready: }"},
		},
		"Claim": {
			reason:  "A claim that does not exist is not a question of room",
			message: `0/7 nodes are available: persistentvolumeclaim "weights" not found. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling.`,
			want:    Failure{v1alpha1.ReasonUnschedulable, `No node fits pod p: persistentvolumeclaim "weights" not found`},
		},
		"Never": {
			reason:  "Who may not preempt is not told whether it would help, so room is what it waits for",
			message: "0/7 nodes are available: 3 node(s) didn't match Pod's node affinity/selector, 4 Insufficient nvidia.com/gpu. preemption: not eligible due to preemptionPolicy=Never.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: Insufficient nvidia.com/gpu, node(s) didn't match Pod's node affinity/selector"},
		},
		"Many": {
			reason:  "A message stays readable",
			message: "0/9 nodes are available: 1 Insufficient a, 1 Insufficient b, 1 Insufficient c, 1 Insufficient d, 1 Insufficient e, 1 Insufficient f.",
			want:    Failure{v1alpha1.ReasonInsufficientCapacity, "No node has room for pod p: Insufficient a, Insufficient b, Insufficient c, Insufficient d, Insufficient e, and others"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, unschedulable("p", tc.message)); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
