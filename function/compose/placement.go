package compose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/cloud/aks"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
)

const (
	// gpuClaim is what a pod calls its claim of GPUs, and the request in it.
	gpuClaim = "gpus"

	// gpuClass is the device class of NVIDIA's DRA driver: https://github.com/NVIDIA/k8s-dra-driver-gpu
	gpuClass = "gpu.nvidia.com"

	// efaResource is the extended resource of the EFA device plugin.
	efaResource = "vpc.amazonaws.com/efa"
)

// settle makes a pod run on the nodes of its component's pool, whatever the user's template says beside it.
func settle(g *graph.Graph, c *graph.Component, t *corev1.PodTemplateSpec) {
	p := g.Pool(c)
	if p == nil {
		return
	}
	selector := map[string]string{}
	maps.Copy(selector, t.Spec.NodeSelector)
	selector[v1alpha1.LabelNodePool] = p.Active().Name
	t.Spec.NodeSelector = selector
	t.Spec.Tolerations = append(tolerations(p.Active()), t.Spec.Tolerations...)
	if c.GPUs > 0 {
		near(g, c, p, &t.Spec)
		fabricNetworks(p.Active(), t)
	}
}

// tolerations are of all that a pool's nodes are tainted with, by us or by the cloud.
func tolerations(r *cloud.Nodes) []corev1.Toleration {
	out := []corev1.Toleration{{Key: cloud.TaintKey, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}}
	if r.Machine.Provider == cloud.AKS && r.Capacity == v1alpha1.CapacitySpot {
		out = append(out, corev1.Toleration{Key: aks.SpotKey, Operator: corev1.TolerationOpEqual, Value: aks.SpotValue, Effect: corev1.TaintEffectNoSchedule})
	}
	if r.Machine.Provider == cloud.GKE && r.Machine.Arch == cloud.ARM64 {
		out = append(out, corev1.Toleration{Key: corev1.LabelArchStable, Operator: corev1.TolerationOpEqual, Value: string(cloud.ARM64), Effect: corev1.TaintEffectNoSchedule})
	}
	for _, taint := range r.Taints {
		out = append(out, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpEqual, Value: taint.Value, Effect: taint.Effect})
	}
	return out
}

// near keeps prefill and decode in one zone, since one hands KV caches on to the other. A fabric does not leave its zone,
// so with one they must be. A user's own affinity is taken instead.
func near(g *graph.Graph, c *graph.Component, p *graph.Pool, s *corev1.PodSpec) {
	if s.Affinity != nil || (c.Type != v1alpha1.TypePrefill && c.Type != v1alpha1.TypeDecode) {
		return
	}
	term := corev1.PodAffinityTerm{
		LabelSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{v1alpha1.LabelGraph: g.Name},
			MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: v1alpha1.LabelType, Operator: metav1.LabelSelectorOpIn,
				Values: []string{string(v1alpha1.TypeDecode), string(v1alpha1.TypePrefill)},
			}},
		},
		TopologyKey: corev1.LabelTopologyZone,
	}
	if p.Active().Fabric {
		s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}}
		return
	}
	s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term}},
	}}
}

// fabricNetworks are the networks of GPUs that GKE gives a pod when it asks for them, and the libraries for them, which
// are on the node. Each GPU has one interface.
// https://cloud.google.com/kubernetes-engine/docs/how-to/gpu-bandwidth-gpudirect-tcpx
func fabricNetworks(r *cloud.Nodes, t *corev1.PodTemplateSpec) {
	if r.Machine.Fabric != cloud.FabricRoCE || !r.Fabric || r.Machine.Provider != cloud.GKE {
		return
	}
	annotations := map[string]string{
		"networking.gke.io/default-interface": "eth0",
		"networking.gke.io/interfaces":        gkeInterfaces(int(r.Machine.Interfaces)),
	}
	maps.Copy(annotations, t.Annotations)
	t.Annotations = annotations
	t.Spec.Volumes = append(t.Spec.Volumes, corev1.Volume{Name: gibVolume, VolumeSource: corev1.VolumeSource{
		HostPath: &corev1.HostPathVolumeSource{Path: "/home/kubernetes/bin/gib"},
	}})
}

// gibVolume are Google's libraries for NCCL over RDMA.
const gibVolume = "gib"

func gkeInterfaces(n int) string {
	var b strings.Builder
	b.WriteString(`[{"interfaceName":"eth0","network":"default"}`)
	for i := range n {
		// eth1 is the second gVNIC of the node, which pods need not have.
		fmt.Fprintf(&b, `,{"interfaceName":"eth%d","network":"rdma-%d"}`, i+2, i)
	}
	return b.String() + "]"
}

// fit gives the main container of a pod the devices of its pool's nodes, and tells its engine of them. What the user set
// is merged over it.
func fit(g *graph.Graph, c *graph.Component, k *corev1.Container) {
	p := g.Pool(c)
	if p == nil || c.GPUs == 0 {
		return
	}
	r := p.Active()
	if !r.Fabric {
		return
	}
	n := int64(r.Interfaces(c.GPUs))
	switch r.Machine.Provider {
	case cloud.EKS:
		limit(k, efaResource, *resource.NewQuantity(n, resource.DecimalSI))
		hugePages(g, c, r, k)
	case cloud.GKE:
		for i := range n {
			limit(k, corev1.ResourceName("networking.gke.io.networks/rdma-"+strconv.FormatInt(i, 10)), resource.MustParse("1"))
		}
		k.VolumeMounts = append(k.VolumeMounts, corev1.VolumeMount{Name: gibVolume, MountPath: "/usr/local/gib"})
	case cloud.AKS:
		limit(k, corev1.ResourceName(g.Cluster.Cloud.AKS.FabricResource), resource.MustParse("1"))
	}
	lockMemory(k)
}

func limit(k *corev1.Container, name corev1.ResourceName, q resource.Quantity) {
	if name == "" {
		return
	}
	if k.Resources.Limits == nil {
		k.Resources.Limits = corev1.ResourceList{}
	}
	k.Resources.Limits[name] = q
}

// hugePages are a pod's share of those of a node. Kubernetes wants a request of processors or memory beside them.
func hugePages(g *graph.Graph, c *graph.Component, r *cloud.Nodes, k *corev1.Container) {
	const page = 2 << 20
	all := g.Cluster.Cloud.EKS.HugePages
	if all == nil || all.Sign() <= 0 {
		return
	}
	share := all.Value() * int64(c.GPUs) / int64(r.Devices()) / page * page
	if share == 0 {
		return
	}
	limit(k, "hugepages-2Mi", *resource.NewQuantity(share, resource.BinarySI))
	k.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: *resource.NewQuantity(int64(c.GPUs), resource.DecimalSI)}
}

// fabricEnv makes NIXL use libfabric where EFA is. With its own choice KV caches would go by TCP, and nothing would say so.
func fabricEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	if !libfabric(g, c) {
		return nil
	}
	out := []corev1.EnvVar{
		variable("FI_PROVIDER", "efa"),
		variable("FI_EFA_USE_DEVICE_RDMA", "1"),
		variable("DYN_KVBM_NIXL_BACKEND_LIBFABRIC", "true"),
	}
	switch g.Backend {
	case v1alpha1.BackendSGLang:
		out = append(out, variable("SGLANG_DISAGGREGATION_NIXL_BACKEND", "LIBFABRIC"))
	case v1alpha1.BackendTRTLLM:
		out = append(out, variable("TRTLLM_NIXL_KVCACHE_BACKEND", "LIBFABRIC"))
	case v1alpha1.BackendVLLM:
	}
	return out
}

// lockMemory lets a process keep memory where a network card writes to it.
func lockMemory(k *corev1.Container) {
	k.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"IPC_LOCK"}}}
}

// libfabric reports whether a component's engine hands KV caches on by EFA.
func libfabric(g *graph.Graph, c *graph.Component) bool {
	p := g.Pool(c)
	return p != nil && c.GPUs > 0 && p.Active().Fabric && p.Active().Machine.Provider == cloud.EKS
}

// libraryPath runs a generated command where GKE has put the libraries of its driver, beside those of the image, which
// are in a variable that only a shell can add to: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus#cuda
func libraryPath(g *graph.Graph, c *graph.Component, k *corev1.Container) {
	user, _ := c.Main()
	p := g.Pool(c)
	if p == nil || g.Cluster.Provider() != cloud.GKE || c.GPUs == 0 || !c.Worker() || user.Command != nil {
		return
	}
	const script = `export LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" && exec "$@"`
	k.Command, k.Args = shell(script, append(append([]string{}, k.Command...), k.Args...))
}

// claimsGPUs reports whether a component gets its GPUs by a claim. One that names a resource gets that.
func claimsGPUs(g *graph.Graph, c *graph.Component) bool {
	return g.Cluster.Capabilities.GPUBinding == v1alpha1.GPUBindingDRA && c.GPUs > 0 && c.GPUResource == cloud.TaintKey
}

// bind gives a pod its GPUs by a claim.
func bind(g *graph.Graph, c *graph.Component, t *corev1.PodTemplateSpec) {
	if !claimsGPUs(g, c) {
		return
	}
	t.Spec.ResourceClaims = append(t.Spec.ResourceClaims, corev1.PodResourceClaim{Name: gpuClaim, ResourceClaimTemplateName: new(claimTemplateName(g, c))})
	main := &t.Spec.Containers[0]
	main.Resources.Claims = append(main.Resources.Claims, corev1.ResourceClaim{Name: gpuClaim})
}

// claimTemplateName is a name of its own for each number of GPUs, since a ResourceClaimTemplate cannot change.
func claimTemplateName(g *graph.Graph, c *graph.Component) string {
	return fmt.Sprintf("%s-gpus-%d", g.Name, c.GPUs)
}

// ClaimTemplates are what pods claim their GPUs by, where they are bound so: one for each number of GPUs, whatever
// components have it.
func ClaimTemplates(g *graph.Graph) []Resource {
	var out []Resource
	for i := range g.Components {
		c := &g.Components[i]
		if !claimsGPUs(g, c) || slices.ContainsFunc(out, func(r Resource) bool { return r.Name == ClaimTemplateResource(c) }) {
			continue
		}
		out = append(out, Resource{
			Name: ClaimTemplateResource(c),
			Object: &resourcev1.ResourceClaimTemplate{
				TypeMeta:   typeMeta(resourcev1.SchemeGroupVersion.String(), "ResourceClaimTemplate"),
				ObjectMeta: objectMeta(g, claimTemplateName(g, c)),
				Spec: resourcev1.ResourceClaimTemplateSpec{Spec: resourcev1.ResourceClaimSpec{
					Devices: resourcev1.DeviceClaim{Requests: []resourcev1.DeviceRequest{{
						Name: gpuClaim,
						Exactly: &resourcev1.ExactDeviceRequest{
							DeviceClassName: gpuClass, AllocationMode: resourcev1.DeviceAllocationModeExactCount, Count: int64(c.GPUs),
						},
					}}},
				}},
			},
			Ready: ready.Exists,
		})
	}
	return out
}

// ClaimTemplateResource is the name of the resource that a component's pods claim their GPUs by.
func ClaimTemplateResource(c *graph.Component) string {
	return fmt.Sprintf("resourceclaimtemplate.%d", c.GPUs)
}
