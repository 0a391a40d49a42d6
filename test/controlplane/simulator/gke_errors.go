package simulator

import (
	"fmt"
	"strings"
)

func (gke) wrap(v verb, name string, asked params, err error) error {
	p, _ := parseNodePool(asked)

	switch v {
	case making:
		return fmt.Errorf("error creating NodePool: %w", err)
	case reading:
		return fmt.Errorf("Error when reading or editing %s/nodePools/%s: %w", p.parent(), name, err) //nolint:staticcheck // Google's words.
	case changing, removing:
	}

	return fmt.Errorf("Error %s NodePool: %w", v, err) //nolint:staticcheck // Google's words.
}

func (gke) fault(v verb, _ string, asked params, f *fault) error {
	p, _ := parseNodePool(asked)
	actions := map[verb]string{reading: "get", making: "create", changing: "update", removing: "delete"}

	if f.kind == FaultPermission {
		return fmt.Errorf("googleapi: Error 403: Required %q permission(s) for %q., %s", "container.nodePools."+actions[v], p.parent(), f.codeOr("forbidden"))
	}

	return fmt.Errorf("googleapi: Error 503: The service is currently unavailable., %s", f.codeOr("backendError"))
}

// quota is looked at when a pool is created with nodes.
func (gke) quota(p plan, f *fault) error {
	return fmt.Errorf("googleapi: Error 403: Insufficient regional quota to satisfy request: resource %q: request requires '%d.0' and is short '%d.0'. "+
		"project has a quota of '0.0' with '0.0' available. [%s], forbidden", strings.ToUpper(strings.ReplaceAll(p.shape.machine.GPU, "-", "_"))+"_GPUS",
		p.size.desired*p.shape.machine.GPUs, p.size.desired*p.shape.machine.GPUs, f.codeOr("QUOTA_EXCEEDED"))
}

func (gke) launchError(p *pool, f *fault) error {
	zone := p.shape.zones[0]
	instance := fmt.Sprintf("gke-%s-%s", p.cluster, p.name)

	if f.kind == FaultQuota {
		return fmt.Errorf("[%s]: Instance '%s' creation failed: Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally", f.codeOr("QUOTA_EXCEEDED"), instance)
	}

	return fmt.Errorf("[%s]: Instance '%s' creation failed: The zone 'projects/graphplane/zones/%s' does not have enough resources available to fulfill the request.  "+
		"Try a different zone, or try again later", f.codeOr("ZONE_RESOURCE_POOL_EXHAUSTED"), instance, zone)
}

func (gke) failed(p *pool) error {
	//nolint:staticcheck // Google's words.
	return fmt.Errorf("Error waiting for creating GKE NodePool: \n\t(1) Google Compute Engine: Not all instances running in IGM after 14.691006793s. "+
		"Expected %d, running %d, transitioning %d. Current errors: %w", max(1, p.size.desired), p.count(running), max(1, p.size.desired)-p.count(running), p.problem)
}

// scalingGroup is the instance group of the pool's first zone. The others, of which it has one each, are not played.
func (gke) scalingGroup(p *pool) string {
	return fmt.Sprintf("https://www.googleapis.com/compute/v1/projects/graphplane/zones/%s/instanceGroups/gke-%s-%s-0123abcd-grp", p.shape.zones[0], p.cluster, p.name)
}

// autoscalerError has the code of the instance's error, of which the autoscaler makes one for all that is exhausted.
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/gce/autoscaling_gce_client.go
func (gke) autoscalerError(err error) (code, message string) {
	code, message, _ = strings.Cut(strings.TrimPrefix(err.Error(), "["), "]: ")
	if strings.Contains(code, "POOL_EXHAUSTED") {
		code = "RESOURCE_POOL_EXHAUSTED"
	}

	return code, message
}
