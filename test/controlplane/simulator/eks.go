package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// account of everybody at Amazon.
const account = "123456789012"

// eks is Amazon's API of managed node groups.
type eks struct{}

// nodeGroup is what EKS understands of a node group.
type nodeGroup struct {
	Region         string            `json:"region"`
	ClusterName    string            `json:"clusterName"`
	NodeRoleARN    string            `json:"nodeRoleArn"`
	SubnetIDs      []string          `json:"subnetIds"`
	AMIType        string            `json:"amiType"`
	CapacityType   string            `json:"capacityType"`
	InstanceTypes  []string          `json:"instanceTypes"`
	DiskSize       float64           `json:"diskSize"`
	Labels         map[string]string `json:"labels"`
	Taint          []taint           `json:"taint"`
	Tags           map[string]string `json:"tags"`
	ScalingConfig  *scalingConfig    `json:"scalingConfig"`
	LaunchTemplate *struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"launchTemplate"`
}

type scalingConfig struct {
	MinSize     *int `json:"minSize"`
	MaxSize     *int `json:"maxSize"`
	DesiredSize *int `json:"desiredSize"`
}

// A taint as Amazon and Google write it.
type taint struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

func (t taint) taint() (corev1.Taint, error) {
	effects := map[string]corev1.TaintEffect{
		"NO_SCHEDULE": corev1.TaintEffectNoSchedule, "PREFER_NO_SCHEDULE": corev1.TaintEffectPreferNoSchedule,
		"NO_EXECUTE": corev1.TaintEffectNoExecute,
	}

	e, ok := effects[t.Effect]
	if !ok {
		return corev1.Taint{}, fmt.Errorf("taint %q: effect %q is not NO_SCHEDULE, PREFER_NO_SCHEDULE or NO_EXECUTE", t.Key, t.Effect)
	}

	return corev1.Taint{Key: t.Key, Value: t.Value, Effect: e}, nil
}

func taintsOf(in []taint) ([]corev1.Taint, error) {
	out := []corev1.Taint{}

	for _, t := range in {
		ct, err := t.taint()
		if err != nil {
			return nil, err
		}

		out = append(out, ct)
	}

	return out, nil
}

func (eks) cloud() string { return amazon }

func (eks) immutable() []string {
	return []string{
		"cluster_name", "node_role_arn", "subnet_ids", "ami_type", "capacity_type", "disk_size", "instance_types",
		"launch_template.0.id", "launch_template.0.name", "remote_access", "region",
	}
}

func (eks) id(name string, asked params) (string, error) {
	g, err := parseNodeGroup(asked)
	if err != nil {
		return "", err
	}

	return fmt.Sprintf("%s/%s/%s/%s", amazon, g.Region, g.ClusterName, name), nil
}

func parseNodeGroup(asked params) (nodeGroup, error) {
	g := nodeGroup{}
	if err := asked.decode(&g); err != nil {
		return g, err
	}

	if g.ClusterName == "" {
		return g, errors.New(`"cluster_name": required field is not set`)
	}

	return g, nil
}

// refuse is an error that EKS answers with.
func refuse(operation, code, format string, args ...any) error {
	return fmt.Errorf("operation error EKS: %s, https response error StatusCode: 400, RequestID: %s, %s: %s",
		operation, uuid.NewString(), code, fmt.Sprintf(format, args...))
}

func invalid(format string, args ...any) error {
	return refuse("CreateNodegroup", "InvalidParameterException", format, args...)
}

func (eks) plan(w *world, name string, asked params) (plan, error) {
	g, err := parseNodeGroup(asked)
	if err != nil {
		return plan{}, err
	}

	if err := g.check(name); err != nil {
		return plan{}, err
	}

	t, version, err := g.template(w)
	if err != nil {
		return plan{}, err
	}

	s, err := g.shape(name, t)
	if err != nil {
		return plan{}, err
	}

	if err := t.check(w, g, s); err != nil {
		return plan{}, err
	}

	actual := maps.Clone(asked)
	actual["amiType"], actual["capacityType"] = g.amiType(), g.capacity()

	if g.LaunchTemplate != nil {
		// EKS answers with a number, whatever it was asked for.
		actual["launchTemplate"] = map[string]any{"id": g.LaunchTemplate.ID, "name": t.Name, "version": strconv.Itoa(version)}
	}

	return plan{
		shape: s, cluster: g.ClusterName, scaled: true, actual: actual,
		size: size{*g.ScalingConfig.MinSize, *g.ScalingConfig.MaxSize, *g.ScalingConfig.DesiredSize},
	}, nil
}

func (g nodeGroup) amiType() string  { return cmp.Or(g.AMIType, "AL2023_x86_64_STANDARD") }
func (g nodeGroup) capacity() string { return cmp.Or(g.CapacityType, "ON_DEMAND") }

// check what EKS checks before it looks at the launch template.
func (g nodeGroup) check(name string) error {
	c := g.ScalingConfig

	switch {
	case len(name) > 63:
		return invalid("nodegroup name can not be longer than 63 characters")
	case g.NodeRoleARN == "":
		return errors.New(`"node_role_arn": required field is not set`)
	case len(g.SubnetIDs) == 0:
		return errors.New(`"subnet_ids": required field is not set`)
	case c == nil || c.MinSize == nil || c.MaxSize == nil || c.DesiredSize == nil:
		return errors.New(`"scaling_config.0": min_size, max_size and desired_size are required`)
	case *c.MaxSize < 1:
		return fmt.Errorf("expected scaling_config.0.max_size to be at least (1), got %d", *c.MaxSize)
	case *c.MinSize > *c.DesiredSize:
		return invalid("Minimum capacity %d can't be greater than desired size %d", *c.MinSize, *c.DesiredSize)
	case *c.DesiredSize > *c.MaxSize:
		return invalid("desired capacity %d can't be greater than max size %d", *c.DesiredSize, *c.MaxSize)
	case !slices.Contains([]string{"ON_DEMAND", "SPOT", "CAPACITY_BLOCK"}, g.capacity()):
		return fmt.Errorf("expected capacity_type to be one of [\"ON_DEMAND\" \"SPOT\" \"CAPACITY_BLOCK\"], got %s", g.CapacityType)
	case g.capacity() == "CAPACITY_BLOCK" && g.LaunchTemplate == nil:
		return invalid("Capacity type CAPACITY_BLOCK requires a custom launch template")
	case len(g.Taint) > 50:
		return invalid("a nodegroup can not have more than 50 taints")
	}

	for k := range g.Labels {
		if strings.HasPrefix(k, "eks.amazonaws.com/") {
			return invalid("Label cannot contain reserved prefixes [eks.amazonaws.com/]: %s", k)
		}
	}

	return nil
}

// template returns what the launch template says, in the version that is asked for.
func (g nodeGroup) template(w *world) (launchTemplateData, int, error) {
	if g.LaunchTemplate == nil {
		return launchTemplateData{}, 0, nil
	}

	for _, t := range w.templates {
		if t.region != g.Region || t.id != g.LaunchTemplate.ID && t.data[0].Name != g.LaunchTemplate.Name {
			continue
		}

		v := len(t.data)

		switch g.LaunchTemplate.Version {
		case "$Latest":
		case "$Default":
			v = t.defaultVersion
		default:
			n, err := strconv.Atoi(g.LaunchTemplate.Version)
			if err != nil || n < 1 || n > len(t.data) {
				return launchTemplateData{}, 0, invalid("The launch template version %s is not valid for launch template %s", g.LaunchTemplate.Version, t.id)
			}

			v = n
		}

		return t.data[v-1], v, nil
	}

	return launchTemplateData{}, 0, invalid("The launch template %s could not be found", cmp.Or(g.LaunchTemplate.ID, g.LaunchTemplate.Name))
}

// shape of the group's machines.
func (g nodeGroup) shape(name string, t launchTemplateData) (shape, error) {
	machineType := t.InstanceType
	if machineType == "" {
		machineType = cmp.Or(append(slices.Clone(g.InstanceTypes), "t3.medium")...)
	}

	m, ok := amazonMachines()[machineType]
	if !ok {
		return shape{}, invalid("The following supplied instance types do not exist: [%s]", machineType)
	}

	ami := g.amiType()
	if ami != "CUSTOM" && strings.Contains(ami, "ARM_64") != m.Arm {
		return shape{}, invalid("[%s] is not a valid instance type for requested amiType %s", machineType, ami)
	}

	taints, err := taintsOf(g.Taint)
	if err != nil {
		return shape{}, err
	}

	labels := map[string]string{
		"eks.amazonaws.com/nodegroup":       name,
		"eks.amazonaws.com/capacityType":    g.capacity(),
		"eks.amazonaws.com/nodegroup-image": "ami-0c1d2e3f4a5b6c7d8",
		"k8s.io/cloud-provider-aws":         "0123456789abcdef",
	}
	maps.Copy(labels, g.Labels)

	s := shape{
		machineType: machineType, machine: m, capacity: g.capacity(), spot: g.capacity() == "SPOT",
		region: g.Region, zones: g.zones(t), labels: labels, taints: taints, rolled: fmt.Sprintf("%+v", t),
	}
	s.resources, s.known = g.resources(m, t)

	if t.Placement != nil {
		s.group = t.Placement.GroupName
	}

	return s, nil
}

// zones of the group's subnets. Subnets are not played: one is in the zone of the last letter of its ID, or, if it has
// none from a to f, in the next.
func (g nodeGroup) zones(t launchTemplateData) []string {
	if t.Placement != nil && t.Placement.AvailabilityZone != "" {
		return []string{t.Placement.AvailabilityZone}
	}

	var out []string

	for i, s := range g.SubnetIDs {
		letter := string(rune('a' + i%3))

		id := s[strings.LastIndexByte(s, '-')+1:]
		if at := strings.LastIndexAny(id, "abcdef"); at >= 0 {
			letter = id[at : at+1]
		}

		if zone := g.Region + letter; !slices.Contains(out, zone) {
			out = append(out, zone)
		}
	}

	return out
}

// resources of a node, and those that the cluster autoscaler knows of before there is one: of the instance type, and of
// tags of the node group. An AMI without NVIDIA's driver has no GPU to offer, whatever the machine has.
func (g nodeGroup) resources(m machine, t launchTemplateData) (has, known corev1.ResourceList) {
	known = with(m.resources(), gpu, m.GPUs)
	has = m.resources()

	if ami := g.amiType(); strings.Contains(ami, "NVIDIA") || strings.HasSuffix(ami, "_GPU") || ami == "CUSTOM" {
		has = with(has, gpu, m.GPUs)
	}

	if n := t.efa(); n > 0 {
		has = with(has, "vpc.amazonaws.com/efa", n)
		// The accelerated AMIs set vm.nr_hugepages=5128 for EFA.
		has["hugepages-2Mi"] = resource.MustParse("10256Mi")
	}

	for k, v := range g.Tags {
		name, ok := strings.CutPrefix(k, "k8s.io/cluster-autoscaler/node-template/resources/")
		if q, err := resource.ParseQuantity(v); ok && err == nil {
			known[corev1.ResourceName(name)] = q
		}
	}

	return has, known
}

func (e eks) computed(p *pool) params {
	arn := fmt.Sprintf("arn:aws:eks:%s:%s:nodegroup/%s/%s", p.shape.region, account, p.cluster, p.name)

	return params{
		"status": string(p.status), "arn": arn, "id": p.cluster + ":" + p.name,
		"resources":     []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": e.scalingGroup(p)}}}},
		"scalingConfig": map[string]any{"minSize": float64(p.size.min), "maxSize": float64(p.size.max), "desiredSize": float64(p.size.desired)},
	}
}

func (eks) wrap(v verb, name string, asked params, err error) error {
	g, _ := parseNodeGroup(asked)

	return fmt.Errorf("%s EKS Node Group (%s:%s): %w", v, g.ClusterName, name, err)
}

func (eks) fault(v verb, name string, asked params, f *fault) error {
	g, _ := parseNodeGroup(asked)
	calls := map[verb]string{
		reading: "DescribeNodegroup", making: "CreateNodegroup", changing: "UpdateNodegroupConfig", removing: "DeleteNodegroup",
	}

	if f.kind == FaultPermission {
		return fmt.Errorf("operation error EKS: %s, https response error StatusCode: 403, RequestID: %s, api error %s: "+
			"User: arn:aws:sts::%s:assumed-role/crossplane/provider is not authorized to perform: eks:%s on resource: arn:aws:eks:%s:%s:cluster/%s",
			calls[v], uuid.NewString(), f.codeOr("AccessDeniedException"), account, calls[v], g.Region, account, g.ClusterName)
	}

	return fmt.Errorf("operation error EKS: %s, exceeded maximum number of attempts, 25, https response error StatusCode: 503, RequestID: %s, "+
		"api error %s: Service is unavailable for node group %s", calls[v], uuid.NewString(), f.codeOr("ServiceUnavailableException"), name)
}

// quota is found out by the Auto Scaling group, when it starts an instance.
func (eks) quota(plan, *fault) error { return nil }

func (eks) launchError(p *pool, f *fault) error {
	kinds := map[string]string{"ON_DEMAND": "On-Demand", "SPOT": "Spot", "CAPACITY_BLOCK": "Capacity Block"}

	if f.kind == FaultQuota {
		//nolint:staticcheck // Amazon's words.
		return fmt.Errorf("AsgInstanceLaunchFailures: Could not launch %s Instances. %s - You have requested more vCPU capacity than your current vCPU limit of 0 "+
			"allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request "+
			"to request an adjustment to this limit. Launching EC2 instance failed.", kinds[p.shape.capacity], f.codeOr("VcpuLimitExceeded"))
	}

	//nolint:staticcheck // Amazon's words.
	return fmt.Errorf("AsgInstanceLaunchFailures: Could not launch %s Instances. %s - We currently do not have sufficient %s capacity in the Availability Zone "+
		"you requested (%s). Our system will be working on provisioning additional capacity. Launching EC2 instance failed.",
		kinds[p.shape.capacity], f.codeOr("InsufficientInstanceCapacity"), p.shape.machineType, strings.Join(p.shape.zones, ", "))
}

func (eks) failed(p *pool) error {
	return fmt.Errorf("waiting for EKS Node Group (%s:%s) create: unexpected state 'CREATE_FAILED', wanted target 'ACTIVE'. last error: eks-%s-%s: %w",
		p.cluster, p.name, p.name, uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.id)), p.problem)
}

func (eks) nameMachine(p *pool, serial int) (id, node string) {
	zone := ""
	if len(p.shape.zones) > 0 {
		zone = p.shape.zones[serial%len(p.shape.zones)]
	}

	return fmt.Sprintf("aws:///%s/i-%017x", zone, serial), fmt.Sprintf("ip-10-20-%d-%d.%s.compute.internal", serial/256, serial%256, p.shape.region)
}

func (eks) scalingGroup(p *pool) string {
	return "eks-" + p.name + "-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.id)).String()
}

// autoscalerError is all that the autoscaler sees: instances that an Auto Scaling group wants and does not get.
func (eks) autoscalerError(error) (code, message string) {
	return "placeholder-cannot-be-fulfilled", "AWS cannot provision any more instances for this node group"
}
