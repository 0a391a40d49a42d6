package controlplane

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PlaysAnnotation on a pod says how it fails, CrashLoopBackOff or ImagePullBackOff, or that it is Loading: it runs after some
// seconds, and is ready after half a minute more.
const PlaysAnnotation = "controlplane.graphplane.io/plays"

// A NodeGroup is a number of equal nodes, spread evenly over zones.
type NodeGroup struct {
	// Name is the prefix of the nodes' names.
	Name  string
	Count int

	// CPU and Memory of a node, as quantities.
	CPU    string
	Memory string

	// GPUs of a node, as nvidia.com/gpu.
	GPUs int

	// Zones get topology.kubernetes.io/zone=<zone>.
	Zones  []string
	Labels map[string]string
	Taints []corev1.Taint
}

// DefaultNodes are three CPU nodes and four of a common machine with 8 H100.
func DefaultNodes() []NodeGroup {
	zones := []string{"zone-a", "zone-b", "zone-c"}

	return []NodeGroup{
		{Name: "cpu", Count: 3, CPU: "32", Memory: "128Gi", Zones: zones},
		{
			Name: "gpu", Count: 4, CPU: "192", Memory: "2Ti", GPUs: 8, Zones: zones,
			Labels: map[string]string{
				"nvidia.com/gpu.present": "true",
				"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
			},
		},
	}
}

func (g NodeGroup) node(i int) *corev1.Node {
	name := fmt.Sprintf("%s-%d", g.Name, i)

	labels := map[string]string{
		corev1.LabelHostname:   name,
		corev1.LabelOSStable:   "linux",
		corev1.LabelArchStable: "amd64",
	}
	maps.Copy(labels, g.Labels)

	if len(g.Zones) > 0 {
		labels[corev1.LabelTopologyZone] = g.Zones[i%len(g.Zones)]
	}

	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse(g.CPU),
		corev1.ResourceMemory:           resource.MustParse(g.Memory),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("250"),
	}

	if g.GPUs > 0 {
		capacity["nvidia.com/gpu"] = *resource.NewQuantity(int64(g.GPUs), resource.DecimalSI)
	}

	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: g.Taints},
		Status:     corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}
}

// startNodes starts KWOK, registers the nodes and waits until they are Ready.
func (cl *Cluster) startNodes(ctx context.Context, groups []NodeGroup) error {
	if err := cl.startKWOK(ctx); err != nil {
		return err
	}

	total := 0

	for _, g := range groups {
		for i := range g.Count {
			n := g.node(i)
			// Without a range of its own every node would hand out the
			// pod addresses of all others.
			n.Spec.PodCIDR = fmt.Sprintf("10.%d.%d.0/24", 1+total/256, total%256)
			n.Spec.PodCIDRs = []string{n.Spec.PodCIDR}
			total++

			if _, err := cl.client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("cannot create node %s: %w", n.Name, err)
			}
		}
	}

	return cl.super.wait(ctx, "nodes", cl.nodesReady)
}

func (cl *Cluster) nodesReady(ctx context.Context) error {
	nodes, err := cl.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list nodes: %w", err)
	}

	for _, n := range nodes.Items {
		ready := false
		for _, c := range n.Status.Conditions {
			ready = ready || c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}

		if !ready {
			return fmt.Errorf("node %s is not ready", n.Name)
		}
	}

	return nil
}

// startKWOK starts the simulator of kubelets. A pod is Running as soon as it is
// bound, Succeeded if a Job owns it, and gone as soon as it is deleted. One with
// the annotation PlaysAnnotation fails or waits as that says.
func (cl *Cluster) startKWOK(ctx context.Context) error {
	bin, err := cl.tools.path(ctx, kwokTool())
	if err != nil {
		return err
	}

	src, err := cl.tools.source(ctx, kwokTool())
	if err != nil {
		return err
	}

	args := []string{
		"--kubeconfig=" + cl.kubeconfig("kwok"),
		"--manage-all-nodes",
		"--node-ip=127.0.0.1",
		// Without leases all nodes become NotReady after 40 seconds.
		"--node-lease-duration-seconds=40",
	}

	for _, stage := range []string{
		"node/fast/node-initialize", "node/heartbeat-with-lease/node-heartbeat-with-lease",
		"pod/fast/pod-ready", "pod/fast/pod-complete", "pod/fast/pod-delete",
	} {
		args = append(args, "--config="+filepath.Join(src, "kustomize", "stage", stage+".yaml"))
	}

	for _, stage := range []string{"pod-fails", "pod-loads"} {
		args = append(args, "--config="+filepath.Join(cl.tools.root, "test", "controlplane", "stages", stage+".yaml"))
	}

	_, err = cl.super.start(command{name: cl.prefix + "kwok", path: bin, args: args, env: append(partEnv(), "HOME="+cl.Dir)})

	return err
}
