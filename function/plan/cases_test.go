package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// An editCase is an edit of a graph, and the lines about what changes.
type editCase struct {
	reason string
	graph  string
	edit   string
	// there makes an observed object what it has become.
	there func(*unstructured.Unstructured)
	want  string
}

func editCases() map[string]editCase {
	return map[string]editCase{
		"Nothing": {
			reason: "The same graph changes nothing.",
			graph:  pools,
		},
		"Image": {
			reason: "Another image rolls the pods of its component, and of no other.",
			graph:  pools,
			edit:   `spec: {components: [{name: decode, podTemplate: {spec: {containers: [{name: main, image: "runtime:2"}]}}}]}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].image: "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.3.0" ->
      "runtime:2"
`,
		},
		"EnvOfAll": {
			reason: "A variable that is gone and one that is other roll every component.",
			graph:  pools,
			edit:   `spec: {env: [{name: B, remove: true}, {name: A, value: "3"}]}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[A].value: "1" -> "3"
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
! roll     Deployment g-frontend
    rolls 1 pod of frontend, none fewer and up to 1 more at a time
    spec.template.spec.containers[main].env[A].value: "1" -> "3"
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
! roll     Deployment g-prefill
    rolls 1 pod of prefill, none fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[A].value: "1" -> "3"
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
`,
		},
		"Replicas": {
			reason: "Fewer replicas stop pods, and roll none.",
			graph:  pools,
			edit:   `spec: {components: [{name: decode, replicas: 2}]}`,
			want: `
~ change   Deployment g-decode
    stops 2 pods of decode, 2 stay
    spec.replicas: 4 -> 2
`,
		},
		"MoreGroups": {
			reason: "More replicas start groups of nodes.",
			graph:  groups,
			edit:   `spec: {components: [{name: decode, replicas: 3}]}`,
			want: `
~ change   LeaderWorkerSet g-decode-lws
    starts 1 more group of 4 nodes of decode, 3 in all
    spec.replicas: 2 -> 3
`,
		},
		"GroupsRoll": {
			reason: "Groups of nodes are replaced as the LeaderWorkerSet says.",
			graph:  groups,
			edit:   `spec: {components: [{name: decode, sharedMemory: 16Gi}]}`,
			want: `
! roll     LeaderWorkerSet g-decode-lws
    restarts 2 groups of 4 nodes of decode, at most 1 fewer at a time
    spec.leaderWorkerTemplate.leaderTemplate.spec.volumes[shared-memory].emptyDir.sizeLimit: "8Gi"
      -> "16Gi"
    spec.leaderWorkerTemplate.workerTemplate.spec.volumes[shared-memory].emptyDir.sizeLimit: "8Gi"
      -> "16Gi"
`,
		},
		"Labels": {
			reason: "A label of the pod template is part of it.",
			graph:  pools,
			edit:   `spec: {components: [{name: decode, podTemplate: {metadata: {labels: {team: a}}}}]}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.metadata.labels.team: "a" (new)
`,
		},
		"Strategy": {
			reason: "Pods that are recreated are all missing for a while.",
			graph:  pools,
			edit:   `spec: {components: [{name: decode, sharedMemory: 16Gi, strategy: {type: Recreate}}]}`,
			want: `
! roll     Deployment g-decode
    stops all of 4 pods of decode before new ones start
    spec.strategy.rollingUpdate: {"maxSurge":"25%","maxUnavailable":"25%"} (goes)
    spec.strategy.type: "RollingUpdate" -> "Recreate"
    spec.template.spec.volumes[shared-memory].emptyDir.sizeLimit: "8Gi" -> "16Gi"
`,
		},
		"AddComponent": {
			reason: "A new component is created, and the others stay.",
			graph:  pools,
			edit:   `spec: {components: [{name: extra, type: worker, gpus: 1}]}`,
			want: `
+ create   Deployment g-extra
    starts 1 pod of extra
+ create   Service g-extra
`,
		},
		"RemoveComponent": {
			reason: "A component that is gone takes its pods, its Service and its autoscaler along.",
			graph:  pools,
			edit:   `spec: {components: [{name: prefill, remove: true}]}`,
			want: `
- delete   Deployment g-prefill
    stops 1 pod of prefill
- delete   HorizontalPodAutoscaler g-52133265f5dd
- delete   Service g-prefill
`,
		},
		"SeveralNodes": {
			reason: "A component that no longer spans nodes is another workload.",
			graph:  groups,
			edit:   `spec: {components: [{name: decode, nodeCount: 1}]}`,
			want: `
- delete   LeaderWorkerSet g-decode-lws
    stops 2 groups of 4 nodes of decode
~ change   Service g-decode
    spec.selector[graphplane.io/role]: "leader" (goes)
+ create   Deployment g-decode
    starts 2 pods of decode
`,
		},
		"Machine": {
			reason: "Another machine is other nodes beside the old, and pods roll over to them.",
			graph:  pools,
			edit:   `spec: {nodePools: [{name: h100, accelerator: {type: H200}}]}`,
			want: `
± replace  NodeGroup g-h100-fbb23fcb
    0..4 nodes of p5en.48xlarge beside the old: pods move when these can be used, then
    g-h100-17223e30 goes
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.nodeSelector[graphplane.io/node-pool]: "g-h100-17223e30" ->
      "g-h100-fbb23fcb"
- delete   LaunchTemplate g-h100-17223e30
- delete   Usage g-ccbba4c10090
~ change   Usage g-b93067f106a3
    spec.of.resourceRef.name: "g-h100-17223e30" -> "g-h100-fbb23fcb"
+ create   LaunchTemplate g-h100-fbb23fcb
+ create   Usage g-cd93cbd253a5
`,
		},
		"Capacity": {
			reason: "Another kind of capacity is other nodes, too.",
			graph:  pools,
			edit:   `spec: {nodePools: [{name: h100, capacity: Spot, fallback: null}]}`,
			want: `
± replace  NodeGroup g-h100-f8618309
    0..4 nodes of p5.48xlarge beside the old: pods move when these can be used, then
    g-h100-17223e30 goes
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.nodeSelector[graphplane.io/node-pool]: "g-h100-17223e30" ->
      "g-h100-f8618309"
- delete   LaunchTemplate g-h100-17223e30
- delete   Usage g-ccbba4c10090
~ change   Usage g-b93067f106a3
    spec.of.resourceRef.name: "g-h100-17223e30" -> "g-h100-f8618309"
+ create   LaunchTemplate g-h100-f8618309
+ create   Usage g-aec101dcf987
`,
		},
		"Size": {
			reason: "The size of a pool changes in place.",
			graph:  pools,
			edit:   `spec: {nodePools: [{name: h100, size: {max: 8}}]}`,
			want: `
~ change   NodeGroup g-h100-17223e30
    spec.initProvider.scalingConfig.maxSize: 4 -> 8
`,
		},
		"RemovePool": {
			reason: "A pool that is gone goes when its pods have left.",
			graph:  pools,
			edit:   `spec: {nodePools: [{name: h100, remove: true}], components: [{name: decode, nodePool: null}]}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.affinity: {"podAffinity":{"preferredDuringSchedulingIgnoredDuringExecut...
      (goes)
    spec.template.spec.nodeSelector: {"graphplane.io/node-pool":"g-h100-17223e30"} (goes)
    spec.template.spec.tolerations:
      [{"effect":"NoSchedule","key":"nvidia.com/gpu","operator":"Ex... (goes)
- delete   LaunchTemplate g-h100-17223e30
- delete   NodeGroup g-h100-17223e30
    deletes the nodes of pool h100 after their pods have left
- delete   Usage g-b93067f106a3
- delete   Usage g-ccbba4c10090
`,
		},
		"Fallback": {
			reason: "What a pool may fall back to changes nothing that exists.",
			graph:  pools,
			edit:   `spec: {nodePools: [{name: h100, fallback: [{machineType: p5e.48xlarge}]}]}`,
		},
		"RemoveClaims": {
			reason: "A claim that is retained stays, and one that is not is lost with its data.",
			graph:  pools,
			edit:   `spec: {model: {cache: null}, claims: [{name: weights, remove: true}, {name: scratch, remove: true}], components: [{name: frontend, mounts: null}]}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[HF_HOME]: {"name":"HF_HOME","value":"/models"} (goes)
    spec.template.spec.containers[main].volumeMounts[/models]:
      {"mountPath":"/models","name":"weights"} (goes)
    spec.template.spec.volumes[weights]:
      {"name":"weights","persistentVolumeClaim":{"claimName":"g-wei... (goes)
! roll     Deployment g-frontend
    rolls 1 pod of frontend, none fewer and up to 1 more at a time
    spec.template.spec.containers[main].env[HF_HOME]: {"name":"HF_HOME","value":"/models"} (goes)
    spec.template.spec.containers[main].volumeMounts:
      [{"mountPath":"/models","name":"weights"},{"mountPath":"/scra... (goes)
    spec.template.spec.volumes: [{"name":"weights","persistentVolumeClaim":{"claimName":"g-we...
      (goes)
! roll     Deployment g-prefill
    rolls 1 pod of prefill, none fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[HF_HOME]: {"name":"HF_HOME","value":"/models"} (goes)
    spec.template.spec.containers[main].volumeMounts[/models]:
      {"mountPath":"/models","name":"weights"} (goes)
    spec.template.spec.volumes[weights]:
      {"name":"weights","persistentVolumeClaim":{"claimName":"g-wei... (goes)
- delete   PersistentVolumeClaim g-scratch
    its data is lost, unless the reclaim policy of its volume is Retain
= keep     PersistentVolumeClaim g-weights
    is retained with its data, though the spec has it no more
`,
		},
		"GrowClaim": {
			reason: "A claim may grow.",
			graph:  pools,
			edit:   `spec: {claims: [{name: weights, size: 20Gi}]}`,
			want: `
~ change   PersistentVolumeClaim g-weights
    grows from 10Gi to 20Gi, where its storage class allows it
    spec.resources.requests.storage: "10Gi" -> "20Gi"
`,
		},
		"ShrinkClaim": {
			reason: "A claim that shrinks is refused by the API server.",
			graph:  pools,
			edit:   `spec: {claims: [{name: weights, size: 5Gi}]}`,
			want: `
~ change   PersistentVolumeClaim g-weights
    the API server refuses this, since a claim cannot shrink: keep its size, or use a claim of
    another name
    spec.resources.requests.storage: "10Gi" -> "5Gi"
`,
		},
		"ClaimMode": {
			reason: "All else of a claim is as it was bound.",
			graph:  pools,
			edit:   `spec: {claims: [{name: weights, accessMode: ReadWriteMany}]}`,
			want: `
~ change   PersistentVolumeClaim g-weights
    the API server refuses this, since only the size of a claim can change: use a claim of another
    name
    spec.accessModes[0]: "ReadWriteOnce" -> "ReadWriteMany"
`,
		},
		"HandOver": {
			reason: "Scaling that is added takes the replicas over as they are.",
			graph:  pools,
			edit:   `spec: {components: [{name: decode, replicas: null, scaling: {min: 1, max: 4, metrics: [{type: External, external: {metric: {name: q}, target: {type: Value, value: "1"}}}]}}]}`,
			want: `
~ change   Deployment g-decode
    is marked as applied again, and stays as it is
+ create   HorizontalPodAutoscaler g-7d61d47f6b9a
`,
		},
		"Scaled": {
			reason: "What an autoscaler set stays.",
			graph:  pools,
			there: func(o *unstructured.Unstructured) {
				if o.GetName() == "g-prefill" && o.GetKind() == "Deployment" {
					written(o, "kube-controller-manager", `{"f:spec":{"f:replicas":{}}}`, int64(2), "spec", "replicas")
				}
			},
		},
		"Drift": {
			reason: "What somebody else changed of ours is changed back, and what is theirs stays.",
			graph:  pools,
			there: func(o *unstructured.Unstructured) {
				if o.GetName() == "g-decode" && o.GetKind() == "Deployment" {
					written(o, "kubectl-scale", `{"f:spec":{"f:replicas":{}}}`, int64(9), "spec", "replicas")
					written(o, "kubectl-edit", `{"f:spec":{"f:paused":{}}}`, true, "spec", "paused")
					written(o, "somebody", `{"f:metadata":{"f:annotations":{"f:a":{}}}}`, "b", "metadata", "annotations", "a")
				}
			},
			want: `
~ change   Deployment g-decode
    stops 5 pods of decode, 4 stay
    spec.replicas: 9 -> 4
`,
		},
		"Unrecorded": {
			reason: "Where nobody recorded who owns what, items of lists that are gone are seen, and of the rest that something is.",
			graph:  pools,
			edit:   `spec: {env: [{name: B, remove: true}], nodePools: [{name: h100, remove: true}], components: [{name: decode, nodePool: null}]}`,
			there:  func(o *unstructured.Unstructured) { o.SetManagedFields(nil) },
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
! roll     Deployment g-frontend
    rolls 1 pod of frontend, none fewer and up to 1 more at a time
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
! roll     Deployment g-prefill
    rolls 1 pod of prefill, none fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.spec.containers[main].env[B]: {"name":"B","value":"2"} (goes)
- delete   LaunchTemplate g-h100-17223e30
- delete   NodeGroup g-h100-17223e30
    deletes the nodes of pool h100 after their pods have left
- delete   Usage g-b93067f106a3
- delete   Usage g-ccbba4c10090
`,
		},
		"UnrecordedOnly": {
			reason: "Where nothing is seen but that something changes, it is said how to see it.",
			graph:  groups,
			edit:   `spec: {components: [{name: frontend, podTemplate: {spec: {priorityClassName: null}}}]}`,
			there: func(o *unstructured.Unstructured) {
				o.SetManagedFields(nil)
				if o.GetName() == "g-frontend" && o.GetKind() == "Deployment" {
					o.SetAnnotations(map[string]string{"crossplane.io/composition-resource-name": "deployment.frontend", "graphplane.io/revision": "another"})
				}
			},
			want: `
~ change   Deployment g-frontend
    changes in a way that the observed file does not tell: get it with --show-managed-fields
`,
		},
		"Restart": {
			reason: "A restart rolls every component once.",
			graph:  pools,
			edit:   `spec: {restart: {id: "1"}}`,
			want: `
! roll     Deployment g-decode
    rolls 4 pods of decode, at most 1 fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.metadata.annotations: {"graphplane.io/restart":"1"} (new)
! roll     Deployment g-frontend
    rolls 1 pod of frontend, none fewer and up to 1 more at a time
    spec.template.metadata.annotations: {"graphplane.io/restart":"1"} (new)
! roll     Deployment g-prefill
    rolls 1 pod of prefill, none fewer and up to 1 more at a time, which needs 8 GPUs free
    spec.template.metadata.annotations: {"graphplane.io/restart":"1"} (new)
`,
		},
	}
}

// written makes somebody else the writer of a field.
func written(o *unstructured.Unstructured, manager, fields string, value any, path ...string) {
	if err := unstructured.SetNestedField(o.Object, value, path...); err != nil {
		panic(err)
	}
	o.SetManagedFields(append(o.GetManagedFields(), metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: o.GetAPIVersion(),
		FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)},
	}))
}
