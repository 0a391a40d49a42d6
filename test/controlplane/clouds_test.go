package controlplane

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane/simulator"
)

const cloudTimeout = 2 * time.Minute

// TestClouds makes pools of every cloud by hand and looks at what becomes of them.
func TestClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}

	r := running{start(t, Options{Clouds: true, Nodes: []NodeGroup{{Name: "cpu", Count: 1, CPU: "32", Memory: "128Gi"}}})}

	t.Run("PoolStartsFromZero", r.poolStartsFromZero)
	t.Run("FaultsAreReported", r.faultsAreReported)
	t.Run("RefusalsAreReported", r.refusalsAreReported)
	t.Run("FabricStartsFromZero", r.fabricStartsFromZero)
	t.Run("ScaleUpFails", r.scaleUpFails)
	t.Run("MachinesComeBack", r.machinesComeBack)
	t.Run("ImmutableFieldIsRefused", r.immutableFieldIsRefused)
	t.Run("PoolIsOrphaned", r.poolIsOrphaned)
}

const nodeGroup = `
apiVersion: eks.aws.m.upbound.io/v1beta1
kind: NodeGroup
metadata: {name: %[1]s, namespace: default}
spec:
  managementPolicies: [Observe, Create, Update, Delete]
  forProvider:
    region: us-west-2
    clusterName: inference
    nodeRoleArn: arn:aws:iam::123456789012:role/node
    subnetIds: [subnet-a]
    amiType: AL2023_x86_64_NVIDIA
    instanceTypes: [g6e.12xlarge]
    labels: {pool: %[1]s}
    taint: [{key: nvidia.com/gpu, value: present, effect: NO_SCHEDULE}]
  initProvider:
    scalingConfig: {minSize: %[2]d, maxSize: 3, desiredSize: %[2]d}
`

const nodePool = `
apiVersion: container.gcp.m.upbound.io/v1beta1
kind: NodePool
metadata: {name: %[1]s, namespace: default}
spec:
  managementPolicies: [Observe, Create, Update, Delete]
  forProvider:
    location: us-central1
    nodeLocations: [us-central1-a]
    cluster: inference
    initialNodeCount: %[2]d
    autoscaling: {totalMinNodeCount: %[2]d, totalMaxNodeCount: 3}
    nodeConfig:
      machineType: a3-megagpu-8g
      labels: {pool: %[1]s}
      guestAccelerator: [{type: nvidia-h100-mega-80gb, count: 8, gpuDriverInstallationConfig: {gpuDriverVersion: LATEST}}]
`

const agentPool = `
apiVersion: containerservice.azure.m.upbound.io/v1beta1
kind: KubernetesClusterNodePool
metadata: {name: %[1]s, namespace: default}
spec:
  managementPolicies: [Observe, Create, Update, Delete]
  forProvider:
    kubernetesClusterId: /subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/inference
    vmSize: Standard_ND96isr_H100_v5
    autoScalingEnabled: true
    minCount: %[2]d
    maxCount: 3
    zones: ["1"]
    priority: Spot
    evictionPolicy: Delete
    spotMaxPrice: -1
    nodeLabels: {pool: %[1]s}
    nodeTaints: ["nvidia.com/gpu=present:NoSchedule"]
`

// pool returns a managed resource of one of the manifests above.
func pool(t *testing.T, manifest, name string, least int) *unstructured.Unstructured {
	t.Helper()

	return parse(t, fmt.Sprintf(manifest, name, least))
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()

	objs, err := ParseObjects([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}

	return objs[0]
}

// poolStartsFromZero shows for every cloud that a pool without nodes gets one for a pod that wants what it has, which the
// real scheduler puts there, and none for a pod without a toleration; and that the node goes when it is idle.
func (r running) poolStartsFromZero(t *testing.T) {
	for name, c := range map[string]struct {
		manifest string
		gpus     string
		labels   map[string]string
		taints   []string
	}{
		"eks": {nodeGroup, "4", map[string]string{
			"eks.amazonaws.com/nodegroup": "eks", "eks.amazonaws.com/capacityType": "ON_DEMAND",
			corev1.LabelTopologyZone: "us-west-2a", corev1.LabelInstanceTypeStable: "g6e.12xlarge",
		}, []string{"nvidia.com/gpu=present:NoSchedule"}},
		"gke": {nodePool, "8", map[string]string{
			"cloud.google.com/gke-nodepool": "gke", "cloud.google.com/gke-accelerator": "nvidia-h100-mega-80gb",
			"cloud.google.com/gke-gpu-driver-version": "latest", corev1.LabelTopologyZone: "us-central1-a",
		}, []string{"nvidia.com/gpu=present:NoSchedule"}},
		"aks": {agentPool, "8", map[string]string{
			"kubernetes.azure.com/agentpool": "aks", "kubernetes.azure.com/accelerator": "nvidia",
			"kubernetes.azure.com/scalesetpriority": "spot", corev1.LabelTopologyZone: "eastus-1",
		}, []string{"nvidia.com/gpu=present:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t, c.manifest, name, 0)
			r.apply(t, p)
			r.await(t, p, "Synced", "Ready", "LastAsyncOperation", "AsyncOperation")

			if n := r.nodes(t, name); len(n) != 0 {
				t.Fatalf("want no nodes of a pool of no nodes, got %d", len(n))
			}

			r.create(t, gpuPod(name+"-intolerant", name, c.gpus, false))
			r.create(t, gpuPod(name+"-pod", name, c.gpus, true))
			r.eventually(t, "the pod runs", func() error { return r.runs(t, name+"-pod") })

			nodes := r.nodes(t, name)
			if len(nodes) != 1 {
				t.Fatalf("want a node for the pod that tolerates its taints, and none for the other, got %d", len(nodes))
			}

			r.looksLike(t, nodes[0], c.gpus, c.labels, c.taints)
			r.create(t, gpuPod(name+"-next", name, c.gpus, true))
			r.eventually(t, "the next pod runs", func() error { return r.runs(t, name+"-next") })

			if err := r.has(t, name, 2); err != nil {
				t.Errorf("want a node for the next pod: %v", err)
			}

			r.remove(t, name+"-next")

			if err := r.runs(t, name+"-intolerant"); err == nil {
				t.Error("want a pod that does not tolerate the pool's taints not to run")
			}

			r.remove(t, name+"-pod")
			r.remove(t, name+"-intolerant")
			r.eventually(t, "the idle nodes are gone", func() error { return r.has(t, name, 0) })
			r.delete(t, p)
		})
	}
}

func (running) looksLike(t *testing.T, n corev1.Node, gpus string, labels map[string]string, taints []string) {
	t.Helper()

	if got := n.Status.Allocatable["nvidia.com/gpu"]; got.String() != gpus {
		t.Errorf("node %s: want %s GPUs, got %s", n.Name, gpus, got.String())
	}

	for k, v := range labels {
		if n.Labels[k] != v {
			t.Errorf("node %s: want label %s=%s, got %q", n.Name, k, v, n.Labels[k])
		}
	}

	for _, want := range taints {
		if !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.ToString() == want }) {
			t.Errorf("node %s: want taint %s, got %v", n.Name, want, n.Spec.Taints)
		}
	}
}

// faultsAreReported shows what a provider says of a pool that cannot be created, and that the pool is there once it can.
func (r running) faultsAreReported(t *testing.T) {
	for name, c := range map[string]struct {
		manifest string
		fault    string
		message  string
	}{
		"eksfull":   {nodeGroup, simulator.FaultNoCapacity, "InsufficientInstanceCapacity"},
		"eksquota":  {nodeGroup, simulator.FaultQuota, "VcpuLimitExceeded"},
		"eksdenied": {nodeGroup, simulator.FaultPermission, "AccessDeniedException"},
		"gkefull":   {nodePool, simulator.FaultNoCapacity, "ZONE_RESOURCE_POOL_EXHAUSTED"},
		"gkequota":  {nodePool, simulator.FaultQuota, "Insufficient regional quota"},
		"aksfull":   {agentPool, simulator.FaultNoCapacity, "ZonalAllocationFailed"},
		"akscode":   {agentPool, simulator.FaultNoCapacity + ":SkuNotAvailable", "SkuNotAvailable"},
		"aksquota":  {agentPool, simulator.FaultQuota, "ErrCode_InsufficientVCPUQuota"},
		"aksdenied": {agentPool, simulator.FaultPermission, "AuthorizationFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := pool(t, c.manifest, name, 1)
			p.SetAnnotations(map[string]string{simulator.AnnotationFault: c.fault})
			r.apply(t, p)
			r.eventually(t, "the fault is reported", func() error { return r.says(t, p, "LastAsyncOperation", "AsyncCreateFailure", c.message) })

			if n := r.nodes(t, name); len(n) != 0 {
				t.Errorf("want no nodes, got %d", len(n))
			}

			if strings.HasPrefix(name, "eks") && c.fault != simulator.FaultPermission {
				r.eventually(t, "the node group has failed, and the provider thinks nothing of it", func() error {
					return errors.Join(r.field(t, p, "CREATE_FAILED", "status", "atProvider", "status"), r.check(t, p, "Ready", "LastAsyncOperation"))
				})
				r.delete(t, p)

				return
			}

			// A provider that writes its own annotations at the same time writes those back that it last read.
			r.eventually(t, "the pool is there without the fault", func() error {
				r.annotate(t, p, simulator.AnnotationFault, "")

				return r.check(t, p, "Ready", "Synced", "LastAsyncOperation")
			})
			r.eventually(t, "the pool has its node", func() error { return r.has(t, name, 1) })
			r.delete(t, p)
		})
	}
}

// refusalsAreReported shows that the clouds refuse what they would.
func (r running) refusalsAreReported(t *testing.T) {
	for name, c := range map[string]struct {
		reason   string
		manifest string
		old, new string
		message  string
	}{
		"eksmachine":      {"A machine type that Amazon does not have", nodeGroup, "g6e.12xlarge", "g99.metal", "do not exist: [g99.metal]"},
		"eksami":          {"An AMI of another architecture", nodeGroup, "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_NVIDIA", "not a valid instance type for requested amiType"},
		"ekslabel":        {"A label of Amazon's own", nodeGroup, "pool: ekslabel", "eks.amazonaws.com/x: mine", "reserved prefixes"},
		"gkegpu":          {"An accelerator that the machine does not have", nodePool, "nvidia-h100-mega-80gb", "nvidia-l4", "requires 8 accelerators of type nvidia-h100-mega-80gb"},
		"gkesize":         {"Limits per zone beside totals", nodePool, "totalMinNodeCount: 0", "maxNodeCount: 1", "can not be set together"},
		"akstoolonganame": {"A name that is too long", agentPool, "xxx", "xxx", "max length of 12"},
		"aksregular":      {"A price limit without spot", agentPool, "priority: Spot", "priority: Regular", "can only be set when `priority` is set to `Spot`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := parse(t, strings.ReplaceAll(fmt.Sprintf(c.manifest, name, 0), c.old, c.new))
			r.apply(t, p)
			r.eventually(t, c.reason+" is refused", func() error { return r.says(t, p, "LastAsyncOperation", "AsyncCreateFailure", c.message) })
			r.delete(t, p)
		})
	}
}

// scaleUpFails shows how a pool that is there and gets no machines is reported: by the node group's status, and by the
// autoscaler to the pod; and that the pod runs once there is capacity again.
func (r running) scaleUpFails(t *testing.T) {
	p := pool(t, nodeGroup, "dry", 0)
	r.apply(t, p)
	r.await(t, p, "Ready", "AsyncOperation")

	// The whole account is out of this machine.
	account := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "aws.m.upbound.io/v1beta1", "kind": "ClusterProviderConfig", "metadata": map[string]any{"name": "default"},
	}}
	r.annotate(t, account, simulator.AnnotationFaultMachines, "p5.48xlarge,g6e.12xlarge/ON_DEMAND")
	r.annotate(t, account, simulator.AnnotationFault, simulator.FaultNoCapacity)
	// The provider reads its account at every poll.
	time.Sleep(3 * time.Second)

	r.create(t, gpuPod("dry-pod", "dry", "4", true))
	r.eventually(t, "the autoscaler says so", func() error { return r.event(t, "dry-pod", "FailedScaleUp", "InsufficientInstanceCapacity") })
	r.eventually(t, "the autoscaler's status says so", func() error { return r.backsOff(t, "eks-dry-", "placeholder-cannot-be-fulfilled") })
	r.eventually(t, "the node group says so", func() error { return r.field(t, p, "DEGRADED", "status", "atProvider", "status") })

	if err := r.check(t, p, "Ready", "Synced", "LastAsyncOperation"); err != nil {
		t.Errorf("want the provider to think nothing of it: %v", err)
	}

	r.annotate(t, account, simulator.AnnotationFault, "")
	r.eventually(t, "the pod runs", func() error { return r.runs(t, "dry-pod") })
	r.remove(t, "dry-pod")
	r.delete(t, p)
}

// backsOff returns an error unless the autoscaler's status says that it has given a group of nodes up for a while.
func (r running) backsOff(t *testing.T, group, code string) error {
	t.Helper()

	cm, err := r.client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "cluster-autoscaler-status", metav1.GetOptions{})
	if err != nil {
		return err //nolint:wrapcheck // It says what is missing.
	}

	status := cm.Data["status"]
	if !strings.Contains(status, group) || !strings.Contains(status, "errorCode: "+code) || !strings.Contains(status, "status: Backoff") {
		return fmt.Errorf("status is %s", status)
	}

	return nil
}

// machinesComeBack shows what happens to a pool that runs: a node is lost, spot machines are reclaimed, the pool is deleted
// behind the provider's back, and the cloud's API is down, during which nothing happens at all.
func (r running) machinesComeBack(t *testing.T) {
	p := pool(t, agentPool, "robust", 1)
	r.apply(t, p)
	r.eventually(t, "the pool has its node", func() error { return r.has(t, "robust", 1) })
	r.await(t, p, "Ready", "Synced", "AsyncOperation")

	for _, a := range []string{simulator.AnnotationLoseNode, simulator.AnnotationReclaim, simulator.AnnotationDeletePool} {
		was := r.nodes(t, "robust")[0].Name
		r.annotate(t, p, a, "once")
		r.eventually(t, "another node comes for the one that went by "+a, func() error {
			if n := r.nodes(t, "robust"); len(n) != 1 || n[0].Name == was {
				return fmt.Errorf("nodes are %d, and one was %s", len(n), was)
			}

			return nil
		})
	}

	r.await(t, p, "Ready", "Synced")

	was := r.nodes(t, "robust")[0].Name

	r.annotate(t, p, simulator.AnnotationFaultUntil, time.Now().Add(6*time.Second).Format(time.RFC3339))
	r.annotate(t, p, simulator.AnnotationFault, simulator.FaultUnavailable)
	r.eventually(t, "the provider says that it can not look", func() error { return r.says(t, p, "Synced", "ReconcileError", "ServiceUnavailable") })

	if err := r.check(t, p, "Ready"); err != nil {
		t.Errorf("want what is known of the pool to stand: %v", err)
	}

	r.await(t, p, "Synced")

	if n := r.nodes(t, "robust"); len(n) != 1 || n[0].Name != was {
		t.Errorf("want the node %s to stay, got %v", was, n)
	}

	r.delete(t, p)
	r.eventually(t, "the nodes go with the pool", func() error { return r.has(t, "robust", 0) })
}

func (r running) immutableFieldIsRefused(t *testing.T) {
	p := pool(t, nodeGroup, "fixed", 0)
	r.apply(t, p)
	r.await(t, p, "Ready", "AsyncOperation")

	if err := unstructured.SetNestedStringSlice(p.Object, []string{"g6.xlarge"}, "spec", "forProvider", "instanceTypes"); err != nil {
		t.Fatal(err)
	}

	r.apply(t, p)
	r.eventually(t, "the change is refused", func() error {
		return r.says(t, p, "LastAsyncOperation", "AsyncUpdateFailure",
			`cannot change the value of the argument "instance_types.0" from "g6e.12xlarge" to "g6.xlarge"`)
	})
	r.delete(t, p)
}

// poolIsOrphaned shows that a pool outlives a managed resource that may not delete it, and is found again.
func (r running) poolIsOrphaned(t *testing.T) {
	p := pool(t, nodePool, "kept", 1)
	if err := unstructured.SetNestedStringSlice(p.Object, []string{"Observe", "Create", "Update"}, "spec", "managementPolicies"); err != nil {
		t.Fatal(err)
	}

	r.apply(t, p)
	r.await(t, p, "Ready", "AsyncOperation")

	was := r.nodes(t, "kept")[0].Name
	r.delete(t, p)

	if err := unstructured.SetNestedStringSlice(p.Object, []string{"*"}, "spec", "managementPolicies"); err != nil {
		t.Fatal(err)
	}

	r.apply(t, p)
	r.await(t, p, "Ready", "Synced")

	if n := r.nodes(t, "kept"); len(n) != 1 || n[0].Name != was {
		t.Errorf("want the node %s to stay, got %v", was, n)
	}

	r.delete(t, p)
}
