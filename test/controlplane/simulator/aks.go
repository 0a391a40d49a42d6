package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// location of every cluster at Azure: a cluster's ID does not say.
const location = "eastus"

// aks is Azure's API of agent pools.
type aks struct{}

// agentPool is what AKS understands of a node pool.
type agentPool struct {
	ClusterID                 string            `json:"kubernetesClusterId"`
	VMSize                    string            `json:"vmSize"`
	Mode                      string            `json:"mode"`
	AutoScalingEnabled        bool              `json:"autoScalingEnabled"`
	MinCount                  *int              `json:"minCount"`
	MaxCount                  *int              `json:"maxCount"`
	NodeCount                 *int              `json:"nodeCount"`
	Priority                  string            `json:"priority"`
	EvictionPolicy            string            `json:"evictionPolicy"`
	SpotMaxPrice              *float64          `json:"spotMaxPrice"`
	GPUInstance               string            `json:"gpuInstance"`
	GPUDriver                 string            `json:"gpuDriver"`
	NodeLabels                map[string]string `json:"nodeLabels"`
	NodeTaints                []string          `json:"nodeTaints"`
	Tags                      map[string]string `json:"tags"`
	Zones                     []string          `json:"zones"`
	TemporaryNameForRotation  string            `json:"temporaryNameForRotation"`
	ProximityPlacementGroupID string            `json:"proximityPlacementGroupId"`
}

func (aks) cloud() string { return azure }

// immutable are the fields that need another pool, and those that can be changed only by way of a temporary one, which is
// not played.
func (aks) immutable() []string {
	return []string{
		"kubernetes_cluster_id", "os_type", "gpu_driver", "gpu_instance", "priority", "eviction_policy", "spot_max_price",
		"proximity_placement_group_id", "capacity_reservation_group_id", "host_group_id",
		"vm_size", "os_disk_size_gb", "os_disk_type", "kubelet_disk_type", "max_pods", "zones", "vnet_subnet_id", "pod_subnet_id",
		"node_public_ip_enabled", "kubelet_config", "linux_os_config", "fips_enabled", "host_encryption_enabled", "ultra_ssd_enabled",
	}
}

func parseAgentPool(asked params) (agentPool, error) {
	p := agentPool{}
	if err := asked.decode(&p); err != nil {
		return p, err
	}

	if p.ClusterID == "" {
		return p, errors.New(`"kubernetes_cluster_id": required field is not set`)
	}

	return p, nil
}

// part of a resource ID that follows a name: /subscriptions/{this}/resourceGroups/...
func part(id, after string) string {
	parts := strings.Split(id, "/")

	i := slices.IndexFunc(parts, func(s string) bool { return strings.EqualFold(s, after) })
	if i < 0 || i+1 >= len(parts) {
		return ""
	}

	return parts[i+1]
}

func (p agentPool) cluster() string {
	return cmp.Or(part(p.ClusterID, "managedClusters"), p.ClusterID)
}

func (aks) id(name string, asked params) (string, error) {
	p, err := parseAgentPool(asked)

	return azure + p.ClusterID + "/agentPools/" + name, err
}

// unexpected is what Azure's API answers.
func unexpected(code, format string, args ...any) error {
	return fmt.Errorf("performing CreateOrUpdate: unexpected status 400 (400 Bad Request) with error: %s: %s", code, fmt.Sprintf(format, args...))
}

// check what the Terraform provider and AKS refuse.
func (p agentPool) check(name string) error {
	m, known := azureMachines()[p.VMSize]
	spot := p.Priority == "Spot"

	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`).MatchString(name):
		return fmt.Errorf("\"name\" must start with a lowercase letter, have max length of 12, and only have characters a-z0-9. Got %q", name)
	case part(p.ClusterID, "managedClusters") == "":
		return fmt.Errorf("parsing %q: parsing the ManagedCluster ID: the number of segments didn't match", p.ClusterID)
	case p.VMSize == "":
		return errors.New(`"vm_size": required field is not set`)
	case !known:
		return unexpected("VMSizeNotSupported", "The VM size of %s is not allowed in your subscription in location '%s'.", p.VMSize, location)
	case !spot && p.EvictionPolicy != "":
		return errors.New("`eviction_policy` can only be set when `priority` is set to `Spot`")
	case !spot && p.SpotMaxPrice != nil:
		return errors.New("`spot_max_price` can only be set when `priority` is set to `Spot`")
	case !p.AutoScalingEnabled && (p.MinCount != nil && *p.MinCount > 0 || p.MaxCount != nil && *p.MaxCount > 0):
		return errors.New("`max_count` and `min_count` must be set to `null` when auto_scaling_enabled is set to `false`")
	case p.AutoScalingEnabled && (p.MaxCount == nil || *p.MaxCount == 0):
		return errors.New("`max_count` must be configured when auto_scaling_enabled is set to `true`")
	case p.AutoScalingEnabled && p.size().min > p.size().max:
		return errors.New("`max_count` must be >= `min_count`")
	case p.Mode == "System" && p.size().min == 0:
		return unexpected("InvalidParameter", "System node pool must have at least one node")
	case p.GPUInstance != "" && !m.MIG:
		return unexpected("InvalidGPUInstanceProfile", "GPU instance profile %s is not supported by VM size %s", p.GPUInstance, p.VMSize)
	}

	return nil
}

// size of the pool. With an autoscaler, a count may be given to start with.
func (p agentPool) size() size {
	n := func(i *int) int {
		if i == nil {
			return 0
		}

		return *i
	}

	if !p.AutoScalingEnabled {
		return size{n(p.NodeCount), n(p.NodeCount), n(p.NodeCount)}
	}

	s := size{min: n(p.MinCount), max: n(p.MaxCount)}
	s.desired = min(max(n(p.NodeCount), s.min), s.max)

	return s
}

func (aks) plan(_ *world, name string, asked params) (plan, error) {
	p, err := parseAgentPool(asked)
	if err != nil {
		return plan{}, err
	}

	if err := p.check(name); err != nil {
		return plan{}, err
	}

	s, err := p.shape(name)
	if err != nil {
		return plan{}, err
	}

	return plan{shape: s, size: p.size(), cluster: p.cluster(), scaled: p.AutoScalingEnabled, actual: maps.Clone(asked)}, nil
}

func (p agentPool) shape(name string) (shape, error) {
	m := azureMachines()[p.VMSize]

	taints, err := p.taints()
	if err != nil {
		return shape{}, err
	}

	labels := map[string]string{
		"agentpool": name, "kubernetes.azure.com/agentpool": name,
		"kubernetes.azure.com/cluster": fmt.Sprintf("MC_%s_%s_%s", part(p.ClusterID, "resourceGroups"), p.cluster(), location),
		"kubernetes.azure.com/mode":    strings.ToLower(cmp.Or(p.Mode, "User")),
		"kubernetes.azure.com/role":    "agent",
	}
	if m.GPUs > 0 {
		labels["accelerator"], labels["kubernetes.azure.com/accelerator"] = "nvidia", "nvidia"
	}

	if p.Priority == "Spot" {
		labels["kubernetes.azure.com/scalesetpriority"] = "spot"
		taints = addTaint(taints, corev1.Taint{Key: "kubernetes.azure.com/scalesetpriority", Value: "spot", Effect: corev1.TaintEffectNoSchedule})
	}

	maps.Copy(labels, p.NodeLabels)

	s := shape{
		machineType: p.VMSize, machine: m, capacity: cmp.Or(p.Priority, "Regular"), spot: p.Priority == "Spot",
		region: location, zones: []string{"0"}, labels: labels, taints: taints, rolled: p.VMSize,
	}

	if len(p.Zones) > 0 {
		s.zones = nil
		for _, z := range p.Zones {
			s.zones = append(s.zones, location+"-"+z)
		}
	}

	s.resources, s.known = p.resources(m)

	return s, nil
}

// resources of a node, and those that the autoscaler knows of before there is one: of the VM size, and of tags.
func (p agentPool) resources(m machine) (has, known corev1.ResourceList) {
	gpus := m.GPUs * partitions(strings.TrimPrefix(p.GPUInstance, "MIG"))
	has = with(m.resources(), gpu, gpus)
	known = maps.Clone(has)

	// The names under which the network operator's shared device plugin offers InfiniBand, by its two usual policies.
	if m.RDMA > 0 {
		has = with(with(has, "rdma/shared_ib", 63), "rdma/hca_shared_devices_a", 63)
	}

	for k, v := range p.Tags {
		name, ok := strings.CutPrefix(k, "k8s.io_cluster-autoscaler_node-template_resources_")
		if q, err := resource.ParseQuantity(v); ok && err == nil {
			// The autoscaler takes every underscore for a slash, so some names can not be said.
			known[corev1.ResourceName(strings.ReplaceAll(name, "_", "/"))] = q
		}
	}

	return has, known
}

// taints are written key=value:Effect.
func (p agentPool) taints() ([]corev1.Taint, error) {
	out := []corev1.Taint{}

	for _, t := range p.NodeTaints {
		kv, effect, ok := strings.Cut(t, ":")
		key, value, _ := strings.Cut(kv, "=")

		if !ok || !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
			return nil, unexpected("InvalidParameter", "Invalid taint %q. It should be key=value:effect", t)
		}

		out = append(out, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
	}

	return out, nil
}

func (aks) computed(p *pool) params {
	return params{
		"id": strings.TrimPrefix(p.id, azure), "nodeCount": float64(p.size.desired), "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202608.01.0",
	}
}

func (aks) wrap(v verb, name string, asked params, err error) error {
	p, _ := parseAgentPool(asked)
	id := fmt.Sprintf("(Subscription: %q\nResource Group Name: %q\nManaged Cluster Name: %q\nAgent Pool Name: %q)",
		part(p.ClusterID, "subscriptions"), part(p.ClusterID, "resourceGroups"), p.cluster(), name)

	switch v {
	case reading:
		return fmt.Errorf("retrieving Agent Pool %s: %w", id, err)
	case making, changing, removing:
	}

	return fmt.Errorf("%s Agent Pool %s: %w", v, id, err)
}

func (aks) fault(v verb, name string, asked params, f *fault) error {
	p, _ := parseAgentPool(asked)
	calls := map[verb]string{reading: "Get", making: "CreateOrUpdate", changing: "CreateOrUpdate", removing: "Delete"}
	actions := map[verb]string{reading: "read", making: "write", changing: "write", removing: "delete"}

	if f.kind == FaultPermission {
		//nolint:staticcheck // Azure's words.
		return fmt.Errorf("performing %s: unexpected status 403 (403 Forbidden) with error: %s: The client '00000000-0000-0000-0000-000000000000' does not have "+
			"authorization to perform action 'Microsoft.ContainerService/managedClusters/agentPools/%s' over scope '%s/agentPools/%s' or the scope is invalid. "+
			"If access was recently granted, please refresh your credentials.", calls[v], f.codeOr("AuthorizationFailed"), actions[v], p.ClusterID, name)
	}

	//nolint:staticcheck // Azure's words.
	return fmt.Errorf("performing %s: unexpected status 503 (503 Service Unavailable) with error: %s: The service is temporarily unavailable.",
		calls[v], f.codeOr("ServiceUnavailable"))
}

// quota is looked at when nodes are asked for.
func (aks) quota(p plan, f *fault) error {
	return unexpected(f.codeOr("ErrCode_InsufficientVCPUQuota"), "Insufficient vcpu quota requested %d, remaining 0 for family of %s for region %s. "+
		"SubscriptionQuotaReached", p.size.desired*p.shape.machine.CPU, p.shape.machineType, location)
}

func (aks) launchError(p *pool, f *fault) error {
	code := "AllocationFailed"
	if p.shape.zones[0] != "0" {
		code = "ZonalAllocationFailed"
	}

	message := fmt.Sprintf("Allocation failed. We do not have sufficient capacity for the requested VM size %s in this region or zone.", p.shape.machineType)

	if f.kind == FaultQuota {
		code, message = "QuotaExceeded", "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. SubscriptionQuotaReached"
	}

	code = f.codeOr(code)

	return fmt.Errorf("the Azure API returned the following error:\n\nStatus: %q\nCode: %q\nMessage: %q", code, code, message)
}

func (a aks) failed(p *pool) error {
	return a.wrap(making, p.name, p.actual, fmt.Errorf("polling after CreateOrUpdate: polling failed: %w", p.problem))
}

func (aks) nameMachine(p *pool, serial int) (id, node string) {
	node = fmt.Sprintf("aks-%s-12345678-vmss%06d", p.name, serial)

	return fmt.Sprintf("azure:///subscriptions/%s/resourceGroups/mc_%s/providers/Microsoft.Compute/virtualMachineScaleSets/aks-%s/virtualMachines/%d",
		part(p.id, "subscriptions"), p.cluster, p.name, serial), node
}

func (aks) scalingGroup(p *pool) string { return "aks-" + p.name + "-12345678-vmss" }

// autoscalerError of a request that Azure refuses is Azure's own. Of a machine that failed, the autoscaler sees no more.
func (aks) autoscalerError(err error) (code, message string) {
	if strings.Contains(err.Error(), "Quota") {
		return "cloudProviderError", err.Error()
	}

	return "provisioning-state-failed", "Azure failed to provision a node for this node group"
}
