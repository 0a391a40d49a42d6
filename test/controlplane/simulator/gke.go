package simulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// gke is Google's API of node pools.
type gke struct{}

// nodePool is what GKE understands of a node pool.
type nodePool struct {
	Cluster          string   `json:"cluster"`
	Location         string   `json:"location"`
	Project          string   `json:"project"`
	NodeLocations    []string `json:"nodeLocations"`
	NodeCount        *int     `json:"nodeCount"`
	InitialNodeCount *int     `json:"initialNodeCount"`
	Autoscaling      *struct {
		Min      int  `json:"minNodeCount"`
		Max      int  `json:"maxNodeCount"`
		TotalMin *int `json:"totalMinNodeCount"`
		TotalMax *int `json:"totalMaxNodeCount"`
	} `json:"autoscaling"`
	Management *struct {
		AutoRepair  *bool `json:"autoRepair"`
		AutoUpgrade *bool `json:"autoUpgrade"`
	} `json:"management"`
	PlacementPolicy *struct {
		Type string `json:"type"`
	} `json:"placementPolicy"`
	QueuedProvisioning *struct {
		Enabled bool `json:"enabled"`
	} `json:"queuedProvisioning"`
	UpgradeSettings *struct {
		Strategy string `json:"strategy"`
	} `json:"upgradeSettings"`
	NetworkConfig struct {
		AcceleratorNetworkProfile string     `json:"acceleratorNetworkProfile"`
		AdditionalNodeNetworks    []struct{} `json:"additionalNodeNetworkConfigs"`
	} `json:"networkConfig"`
	NodeConfig struct {
		MachineType      string `json:"machineType"`
		Spot             bool   `json:"spot"`
		FlexStart        bool   `json:"flexStart"`
		GuestAccelerator []struct {
			Type         string `json:"type"`
			Count        int    `json:"count"`
			DriverConfig *struct {
				Version string `json:"gpuDriverVersion"`
			} `json:"gpuDriverInstallationConfig"`
			PartitionSize string `json:"gpuPartitionSize"`
		} `json:"guestAccelerator"`
		ReservationAffinity *struct {
			Type   string   `json:"consumeReservationType"`
			Key    string   `json:"key"`
			Values []string `json:"values"`
		} `json:"reservationAffinity"`
		Labels map[string]string `json:"labels"`
		Taint  []taint           `json:"taint"`
	} `json:"nodeConfig"`
}

func (gke) cloud() string { return google }

func (gke) immutable() []string {
	return []string{
		"cluster", "location", "project", "max_pods_per_node", "placement_policy", "queued_provisioning",
		"network_config.0.accelerator_network_profile", "network_config.0.additional_node_network_configs",
		"node_config.0.spot", "node_config.0.preemptible", "node_config.0.flex_start", "node_config.0.max_run_duration",
		"node_config.0.min_cpu_platform", "node_config.0.guest_accelerator", "node_config.0.reservation_affinity",
		"node_config.0.metadata", "node_config.0.ephemeral_storage_local_ssd_config", "node_config.0.local_nvme_ssd_block_config",
		"node_config.0.local_ssd_count", "node_config.0.service_account", "node_config.0.oauth_scopes",
		"node_config.0.shielded_instance_config",
	}
}

func parseNodePool(asked params) (nodePool, error) {
	p := nodePool{}
	if err := asked.decode(&p); err != nil {
		return p, err
	}

	switch {
	case p.Cluster == "":
		return p, errors.New(`"cluster": required field is not set`)
	case p.Location == "":
		return p, errors.New("Cannot determine location: set in this resource, or set provider-level zone") //nolint:staticcheck // Google's words.
	}

	return p, nil
}

// clusterName of a bare name or of projects/p/locations/l/clusters/c.
func (p nodePool) clusterName() string { return p.Cluster[strings.LastIndexByte(p.Cluster, '/')+1:] }

func (p nodePool) parent() string {
	project := p.Project
	if project == "" {
		project = "graphplane"
	}

	return fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, p.Location, p.clusterName())
}

func (gke) id(name string, asked params) (string, error) {
	p, err := parseNodePool(asked)

	return google + "/" + p.parent() + "/nodePools/" + name, err
}

// zones of the pool: those it names, or those of a region.
func (p nodePool) zones() []string {
	switch {
	case len(p.NodeLocations) > 0:
		return p.NodeLocations
	case strings.Count(p.Location, "-") > 1:
		return []string{p.Location}
	}

	return []string{p.Location + "-a", p.Location + "-b", p.Location + "-c"}
}

func (p nodePool) region() string {
	if strings.Count(p.Location, "-") > 1 {
		return p.Location[:strings.LastIndexByte(p.Location, '-')]
	}

	return p.Location
}

// badRequest is what Google's API answers.
func badRequest(format string, args ...any) error {
	return fmt.Errorf("googleapi: Error 400: %s, badRequest", fmt.Sprintf(format, args...))
}

// check what GKE refuses.
func (p nodePool) check(name string) error {
	c := p.NodeConfig
	r := c.ReservationAffinity
	compact := p.PlacementPolicy != nil && p.PlacementPolicy.Type == "COMPACT"
	queued := p.QueuedProvisioning != nil && p.QueuedProvisioning.Enabled
	unreserved := r != nil && r.Type == "NO_RESERVATION"

	switch {
	case len(name) > 40:
		return badRequest("Invalid value for field \"node_pool.name\": %q. Must be no longer than 40 characters", name)
	case p.Autoscaling != nil && p.NodeCount != nil:
		return badRequest("node_count can not be set on a node pool that is autoscaled")
	case p.Autoscaling != nil && (p.Autoscaling.Max > 0 || p.Autoscaling.Min > 0) && (p.Autoscaling.TotalMin != nil || p.Autoscaling.TotalMax != nil):
		return badRequest("Autoscaling limits per zone and total limits can not be set together")
	case compact && len(p.zones()) != 1:
		return badRequest("Compact placement requires a node pool in a single zone")
	case compact && p.UpgradeSettings != nil && p.UpgradeSettings.Strategy == "BLUE_GREEN":
		return badRequest("Compact placement does not support blue-green upgrades")
	case c.Spot && r != nil && !unreserved:
		return badRequest("Spot VMs can not consume reservations")
	case r != nil && r.Type == "SPECIFIC_RESERVATION" && (r.Key != "compute.googleapis.com/reservation-name" || len(r.Values) != 1):
		return badRequest("SPECIFIC_RESERVATION requires the key compute.googleapis.com/reservation-name and exactly one value")
	case queued && (c.Spot || compact || !unreserved):
		return badRequest("Queued provisioning requires reservation affinity NO_RESERVATION, and neither spot VMs nor compact placement")
	case c.FlexStart && (c.Spot || !unreserved || p.NodeCount != nil):
		return badRequest("Flex-start requires reservation affinity NO_RESERVATION and no node count, and no spot VMs")
	case c.FlexStart && (p.Management == nil || p.Management.AutoRepair == nil || *p.Management.AutoRepair):
		return badRequest("Flex-start requires node auto-repair to be disabled")
	}

	return p.checkAccelerators()
}

func (p nodePool) checkAccelerators() error {
	m, ok := googleMachines()[p.NodeConfig.MachineType]
	if !ok {
		return badRequest("Machine type with name '%s' does not exist in zone '%s'", p.NodeConfig.MachineType, p.zones()[0])
	}

	for _, a := range p.NodeConfig.GuestAccelerator {
		if a.Type != m.GPU || a.Count != m.GPUs {
			return badRequest("Machine type %s requires %d accelerators of type %s, and %d of type %s are asked for",
				p.NodeConfig.MachineType, m.GPUs, m.GPU, a.Count, a.Type)
		}

		if a.PartitionSize != "" && !m.MIG {
			return badRequest("Accelerator type %s can not be partitioned", a.Type)
		}
	}

	if p.NetworkConfig.AcceleratorNetworkProfile != "" && m.RDMA+m.TCPX == 0 {
		return badRequest("Machine type %s does not support an accelerator network profile", p.NodeConfig.MachineType)
	}

	return nil
}

// size of the pool. Limits and counts are per zone unless they are totals.
func (p nodePool) size() size {
	zones := len(p.zones())
	s := size{}

	switch a := p.Autoscaling; {
	case a == nil:
		n := 0
		if p.NodeCount != nil {
			n = *p.NodeCount
		} else if p.InitialNodeCount != nil {
			n = *p.InitialNodeCount
		}

		return size{n * zones, n * zones, n * zones}
	case a.TotalMax != nil:
		s.max = *a.TotalMax
		if a.TotalMin != nil {
			s.min = *a.TotalMin
		}
	default:
		s.min, s.max = a.Min*zones, a.Max*zones
	}

	if p.InitialNodeCount != nil {
		s.desired = *p.InitialNodeCount * zones
	}

	s.desired = min(max(s.desired, s.min), s.max)

	return s
}

func (gke) plan(_ *world, name string, asked params) (plan, error) {
	p, err := parseNodePool(asked)
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

	return plan{shape: s, size: p.size(), cluster: p.clusterName(), scaled: p.Autoscaling != nil, actual: maps.Clone(asked)}, nil
}

func (p nodePool) shape(name string) (shape, error) {
	c := p.NodeConfig
	m := googleMachines()[c.MachineType]

	taints, err := taintsOf(c.Taint)
	if err != nil {
		return shape{}, err
	}

	labels := map[string]string{
		"cloud.google.com/gke-nodepool":        name,
		"cloud.google.com/gke-os-distribution": "cos",
		"cloud.google.com/machine-family":      c.MachineType[:strings.IndexByte(c.MachineType, '-')],
		"cloud.google.com/gke-provisioning":    p.provisioning(),
	}
	if c.Spot {
		labels["cloud.google.com/gke-spot"] = "true"
	}

	if c.FlexStart {
		labels["cloud.google.com/gke-flex-start"] = "true"
	}

	if m.Arm {
		taints = addTaint(taints, corev1.Taint{Key: "kubernetes.io/arch", Value: "arm64", Effect: corev1.TaintEffectNoSchedule})
	}

	resources := m.resources()

	for _, a := range c.GuestAccelerator {
		labels["cloud.google.com/gke-accelerator"] = a.Type
		if a.DriverConfig != nil && a.DriverConfig.Version != "" {
			labels["cloud.google.com/gke-gpu-driver-version"] = strings.ToLower(a.DriverConfig.Version)
		}

		taints = addTaint(taints, corev1.Taint{Key: string(gpu), Value: "present", Effect: corev1.TaintEffectNoSchedule})
		resources = with(resources, gpu, a.Count*partitions(a.PartitionSize))
	}

	maps.Copy(labels, c.Labels)

	resources = p.networks(m, resources)

	return shape{
		machineType: c.MachineType, machine: m, capacity: strings.ToUpper(p.provisioning()), spot: c.Spot,
		region: p.region(), zones: p.zones(), labels: labels, taints: taints, rolled: c.MachineType,
		// GKE's own autoscaler knows all there is to know of a pool.
		resources: resources, known: resources,
	}, nil
}

func (p nodePool) provisioning() string {
	switch {
	case p.NodeConfig.Spot:
		return "spot"
	case p.NodeConfig.FlexStart:
		return "flex-start"
	}

	return "standard"
}

// networks adds the GPU networks of a node, each as a resource and its address as another.
func (p nodePool) networks(m machine, r corev1.ResourceList) corev1.ResourceList {
	n := len(p.NetworkConfig.AdditionalNodeNetworks)
	if p.NetworkConfig.AcceleratorNetworkProfile != "" {
		n = m.RDMA + m.TCPX
	}

	for i := range min(n, m.RDMA+m.TCPX) {
		name := fmt.Sprintf("networking.gke.io.networks/rdma-%d", i)
		if m.TCPX > 0 {
			name = fmt.Sprintf("networking.gke.io.networks/vpc%d", i+1)
		}

		r = with(with(r, corev1.ResourceName(name), 1), corev1.ResourceName(name+".IP"), 1)
	}

	return r
}

// partitions of a GPU with MIG, by the size of the smallest: 1g.10gb.
func partitions(size string) int {
	n := map[string]int{"1g": 7, "2g": 3, "3g": 2, "4g": 1, "7g": 1}[strings.SplitN(size, ".", 2)[0]]

	return max(1, n)
}

// addTaint unless there is one of its key and effect.
func addTaint(in []corev1.Taint, t corev1.Taint) []corev1.Taint {
	if slices.ContainsFunc(in, func(o corev1.Taint) bool { return o.Key == t.Key && o.Effect == t.Effect }) {
		return in
	}

	return append(in, t)
}

func (g gke) computed(p *pool) params {
	zones := max(1, len(p.shape.zones))

	return params{
		"id": strings.TrimPrefix(p.id, google+"/"), "nodeCount": float64((p.size.desired + zones - 1) / zones),
		"instanceGroupUrls":        []any{strings.Replace(g.scalingGroup(p), "/instanceGroups/", "/instanceGroupManagers/", 1)},
		"managedInstanceGroupUrls": []any{g.scalingGroup(p)},
	}
}

func (gke) nameMachine(p *pool, serial int) (id, node string) {
	node = fmt.Sprintf("gke-%s-%s-%08x", p.cluster, p.name, serial)

	return fmt.Sprintf("gce://graphplane/%s/%s", p.shape.zones[serial%len(p.shape.zones)], node), node
}
