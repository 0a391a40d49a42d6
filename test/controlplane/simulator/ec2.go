package simulator

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// A launchTemplate of Amazon EC2, with all its versions.
type launchTemplate struct {
	id             string
	region         string
	defaultVersion int
	data           []launchTemplateData
	actual         params
}

// launchTemplateData is what a node group's machines depend on.
type launchTemplateData struct {
	Region              string         `json:"region"`
	Name                string         `json:"name"`
	InstanceType        string         `json:"instanceType"`
	ImageID             string         `json:"imageId"`
	BlockDeviceMappings []blockDevice  `json:"blockDeviceMappings"`
	NetworkInterfaces   []netInterface `json:"networkInterfaces"`
	SecurityGroupIDs    []string       `json:"vpcSecurityGroupIds"`
	IAMInstanceProfile  *struct {
		Name string `json:"name"`
		ARN  string `json:"arn"`
	} `json:"iamInstanceProfile"`
	HibernationOptions                *struct{} `json:"hibernationOptions"`
	InstanceInitiatedShutdownBehavior string    `json:"instanceInitiatedShutdownBehavior"`
	InstanceMarketOptions             *struct {
		MarketType string `json:"marketType"`
	} `json:"instanceMarketOptions"`
	CapacityReservationSpecification *struct {
		CapacityReservationTarget *struct {
			ID  string `json:"capacityReservationId"`
			ARN string `json:"capacityReservationResourceGroupArn"`
		} `json:"capacityReservationTarget"`
	} `json:"capacityReservationSpecification"`
	Placement *struct {
		GroupName        string `json:"groupName"`
		AvailabilityZone string `json:"availabilityZone"`
	} `json:"placement"`
	UpdateDefaultVersion bool `json:"updateDefaultVersion"`
}

type blockDevice struct {
	DeviceName string `json:"deviceName"`
}

type netInterface struct {
	NetworkCardIndex int      `json:"networkCardIndex"`
	DeviceIndex      int      `json:"deviceIndex"`
	InterfaceType    string   `json:"interfaceType"`
	SecurityGroups   []string `json:"securityGroups"`
	SubnetID         string   `json:"subnetId"`
	AssociatePublic  string   `json:"associatePublicIpAddress"`
}

// efa returns how many EFA devices an instance gets: as many as its template says, not as many as it could have.
func (t launchTemplateData) efa() int {
	n := 0

	for _, i := range t.NetworkInterfaces {
		if i.InterfaceType == "efa" || i.InterfaceType == "efa-only" {
			n++
		}
	}

	return n
}

func (t launchTemplateData) market() string {
	if t.InstanceMarketOptions == nil {
		return ""
	}

	return t.InstanceMarketOptions.MarketType
}

func (t launchTemplateData) reserved() bool {
	r := t.CapacityReservationSpecification

	return r != nil && r.CapacityReservationTarget != nil && (r.CapacityReservationTarget.ID != "" || r.CapacityReservationTarget.ARN != "")
}

// check what EKS does not want in a launch template, and what EC2 will not start.
// https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
func (t launchTemplateData) check(w *world, g nodeGroup, s shape) error {
	if g.LaunchTemplate == nil {
		return nil
	}

	switch {
	case t.InstanceType != "" && len(g.InstanceTypes) > 0:
		return invalid("Instance types can be specified in the launch template or in the request, not in both")
	case len(t.BlockDeviceMappings) > 0 && g.DiskSize > 0:
		return invalid("Disk size must be specified within the launch template")
	case t.IAMInstanceProfile != nil:
		return invalid("Launch template should not specify an IAM instance profile")
	case t.HibernationOptions != nil || t.InstanceInitiatedShutdownBehavior != "":
		return invalid("Launch template should not specify hibernation options or an instance initiated shutdown behavior")
	case t.market() == "spot":
		return invalid("Launch template should not specify spot market options. Use the capacity type SPOT")
	case g.capacity() == "CAPACITY_BLOCK" && (t.market() != "capacity-block" || !t.reserved()):
		return invalid("Capacity type CAPACITY_BLOCK requires market type capacity-block and a capacity reservation target in the launch template")
	case g.capacity() != "CAPACITY_BLOCK" && t.market() == "capacity-block":
		return invalid("Market type capacity-block in the launch template requires capacity type CAPACITY_BLOCK")
	case t.ImageID != "" && g.AMIType != "" && g.AMIType != "CUSTOM":
		return invalid("AMI type %s is not compatible with an image in the launch template", g.AMIType)
	case t.Placement != nil && t.Placement.GroupName != "":
		if err := w.checkPlacement(g.Region, t.Placement.GroupName, s.zones); err != nil {
			return err
		}
	}

	return t.checkInterfaces(s)
}

func (t launchTemplateData) checkInterfaces(s shape) error {
	cards := max(1, s.machine.Cards)
	primary := false

	for _, i := range t.NetworkInterfaces {
		switch {
		case i.SubnetID != "":
			return invalid("Launch template should not specify subnets")
		case i.NetworkCardIndex >= cards:
			return invalid("Network card index %d exceeds the limit for %s, which has %d network cards", i.NetworkCardIndex, s.machineType, cards)
		case i.InterfaceType == "efa-only" && i.NetworkCardIndex == 0 && i.DeviceIndex == 0:
			return invalid("An EFA-only interface can not be the primary network interface")
		case i.AssociatePublic == "true" && len(t.NetworkInterfaces) > 1:
			return invalid("The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces")
		}

		primary = primary || i.NetworkCardIndex == 0 && i.DeviceIndex == 0
	}

	switch {
	case len(t.NetworkInterfaces) > 0 && !primary:
		return invalid("Launch template needs a network interface with network card index 0 and device index 0")
	case t.efa() > s.machine.EFA:
		return invalid("%s supports %d EFA interfaces, and the launch template has %d", s.machineType, s.machine.EFA, t.efa())
	}

	return nil
}

// ec2Error is what EC2 answers.
func ec2Error(operation string, status int, code, format string, args ...any) error {
	return fmt.Errorf("operation error EC2: %s, https response error StatusCode: %d, RequestID: %s, api error %s: %s",
		operation, status, uuid.NewString(), code, fmt.Sprintf(format, args...))
}

func ec2Fault(operation string, f *fault) error {
	if f.kind == FaultPermission {
		return ec2Error(operation, 403, f.codeOr("UnauthorizedOperation"), "You are not authorized to perform this operation. "+
			"User: arn:aws:sts::%s:assumed-role/crossplane/provider is not authorized to perform: ec2:%s", account, operation)
	}

	return ec2Error(operation, 503, f.codeOr("Unavailable"), "The service is unavailable. Please try again shortly.")
}

// launchTemplates is the API of launch templates.
type launchTemplates struct{ world *world }

func (*launchTemplates) immutable() []string { return []string{"name", "region"} }

func (*launchTemplates) notice(request) {}

func (l *launchTemplates) observe(_ context.Context, r request) (observation, error) {
	if f := r.faults.api(false); f != nil {
		return observation{}, fmt.Errorf("reading EC2 Launch Template (%s): %w", r.name, ec2Fault("DescribeLaunchTemplates", f))
	}

	l.world.mu.Lock()
	defer l.world.mu.Unlock()

	t := l.world.templates[r.name]
	if t == nil {
		return observation{}, nil
	}

	return observation{exists: true, name: t.id, actual: t.actual, computed: params{
		"id": t.id, "arn": fmt.Sprintf("arn:aws:ec2:%s:%s:launch-template/%s", t.region, account, t.id),
		"latestVersion": float64(len(t.data)), "defaultVersion": float64(t.defaultVersion),
	}}, nil
}

func (l *launchTemplates) create(_ context.Context, r request) (string, error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("creating EC2 Launch Template: %w", err) }

	if f := r.faults.api(true); f != nil {
		return fail(ec2Fault("CreateLaunchTemplate", f))
	}

	d, err := parseLaunchTemplate(r.asked)
	if err != nil {
		return fail(err)
	}

	l.world.mu.Lock()
	defer l.world.mu.Unlock()

	for _, t := range l.world.templates {
		if d.Name != "" && t.region == d.Region && t.data[0].Name == d.Name {
			return fail(ec2Error("CreateLaunchTemplate", 400, "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."))
		}
	}

	t := &launchTemplate{
		id: fmt.Sprintf("lt-%017x", l.world.next()), region: d.Region, defaultVersion: 1,
		data: []launchTemplateData{d}, actual: maps.Clone(r.asked),
	}

	if d.Name == "" {
		t.data[0].Name = "terraform-" + t.id
		t.actual["name"] = t.data[0].Name
	}

	l.world.templates[t.id] = t

	return t.id, nil
}

func parseLaunchTemplate(asked params) (launchTemplateData, error) {
	d := launchTemplateData{}
	if err := asked.decode(&d); err != nil {
		return d, err
	}

	for _, i := range d.NetworkInterfaces {
		if len(i.SecurityGroups) > 0 && len(d.SecurityGroupIDs) > 0 {
			return d, ec2Error("CreateLaunchTemplate", 400, "InvalidParameterCombination",
				"Network interfaces and an instance-level security groups may not be specified on the same request")
		}
	}

	return d, nil
}

// update makes a new version.
func (l *launchTemplates) update(_ context.Context, r request) error {
	if f := r.faults.api(true); f != nil {
		return fmt.Errorf("updating EC2 Launch Template (%s): %w", r.name, ec2Fault("CreateLaunchTemplateVersion", f))
	}

	l.world.mu.Lock()
	defer l.world.mu.Unlock()

	t := l.world.templates[r.name]
	if t == nil {
		return errGone
	}

	t.actual = r.changed.over(t.actual)

	d, err := parseLaunchTemplate(t.actual)
	if err != nil {
		return err
	}

	t.data = append(t.data, d)
	if d.UpdateDefaultVersion {
		t.defaultVersion = len(t.data)
	}

	return nil
}

func (l *launchTemplates) remove(_ context.Context, r request) error {
	if f := r.faults.api(true); f != nil {
		return fmt.Errorf("deleting EC2 Launch Template (%s): %w", r.name, ec2Fault("DeleteLaunchTemplate", f))
	}

	l.world.mu.Lock()
	defer l.world.mu.Unlock()

	delete(l.world.templates, r.name)

	return nil
}

// A placementGroup of Amazon EC2.
type placementGroup struct {
	name, region string
	actual       params
}

// placementGroups is the API of placement groups.
type placementGroups struct{ world *world }

func (*placementGroups) immutable() []string {
	return []string{"strategy", "partition_count", "spread_level", "region"}
}

func (*placementGroups) notice(request) {}

func (p *placementGroups) observe(_ context.Context, r request) (observation, error) {
	if f := r.faults.api(false); f != nil {
		return observation{}, fmt.Errorf("reading EC2 Placement Group (%s): %w", r.name, ec2Fault("DescribePlacementGroups", f))
	}

	p.world.mu.Lock()
	defer p.world.mu.Unlock()

	g := p.world.groups[r.name]
	if g == nil {
		return observation{}, nil
	}

	return observation{exists: true, name: g.name, actual: g.actual, computed: params{
		"id": g.name, "placementGroupId": "pg-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(g.name)).String()[:17],
		"arn": fmt.Sprintf("arn:aws:ec2:%s:%s:placement-group/%s", g.region, account, g.name),
	}}, nil
}

func (p *placementGroups) create(_ context.Context, r request) (string, error) {
	if f := r.faults.api(true); f != nil {
		return "", fmt.Errorf("creating EC2 Placement Group (%s): %w", r.name, ec2Fault("CreatePlacementGroup", f))
	}

	var asked struct {
		Region   string `json:"region"`
		Strategy string `json:"strategy"`
	}
	if err := r.asked.decode(&asked); err != nil {
		return "", err
	}

	if !slices.Contains([]string{"cluster", "partition", "spread"}, asked.Strategy) {
		return "", fmt.Errorf("expected strategy to be one of [\"cluster\" \"partition\" \"spread\"], got %s", asked.Strategy)
	}

	p.world.mu.Lock()
	defer p.world.mu.Unlock()

	p.world.groups[r.name] = &placementGroup{name: r.name, region: asked.Region, actual: maps.Clone(r.asked)}

	return r.name, nil
}

// update the tags, since the rest cannot be changed.
func (p *placementGroups) update(_ context.Context, r request) error {
	if f := r.faults.api(true); f != nil {
		return fmt.Errorf("updating EC2 Placement Group (%s): %w", r.name, ec2Fault("CreateTags", f))
	}

	p.world.mu.Lock()
	defer p.world.mu.Unlock()

	g := p.world.groups[r.name]
	if g == nil {
		return errGone
	}

	g.actual = maps.Clone(r.changed)

	return nil
}

func (p *placementGroups) remove(_ context.Context, r request) error {
	if f := r.faults.api(true); f != nil {
		return fmt.Errorf("deleting EC2 Placement Group (%s): %w", r.name, ec2Fault("DeletePlacementGroup", f))
	}

	p.world.mu.Lock()
	defer p.world.mu.Unlock()

	for _, o := range p.world.pools {
		if o.api.cloud() == amazon && o.shape.group == r.name {
			return fmt.Errorf("deleting EC2 Placement Group (%s): %w", r.name, ec2Error("DeletePlacementGroup", 400,
				"InvalidPlacementGroup.InUse", "The placement group %s is in use and may not be deleted.", r.name))
		}
	}

	delete(p.world.groups, r.name)

	return nil
}

func (w *world) checkPlacement(region, name string, zones []string) error {
	g := w.groups[name]
	if g == nil || g.region != region {
		return invalid("The Placement Group '%s' is unknown.", name)
	}

	if g.actual["strategy"] == "cluster" && len(zones) > 1 {
		return invalid("A cluster placement group can not span Availability Zones, and the subnets are in %v", zones)
	}

	return nil
}
