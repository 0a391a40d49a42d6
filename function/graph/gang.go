package graph

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// A Gang says who places the pods of a graph, and how those of one replica over several nodes belong together.
type Gang struct {
	Scheduler v1alpha1.Scheduler

	// Queue is empty for the scheduler's own default.
	Queue string

	// Topology is nil where any nodes will do.
	Topology *Topology
}

// A Topology is a domain that the pods of a replica are packed into.
type Topology struct {
	// Name of what defines the levels of domains, and Domain the level.
	Name, Domain string
	Required     bool
}

// groveDomain is how Grove names the levels of its topologies.
var groveDomain = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// gang resolves spec.gang, nil where Kubernetes' own scheduler places each pod by itself.
func (r *resolver) gang(o v1alpha1.Orchestrator) *Gang {
	in, at := r.in.Spec.Gang, r.spec.Child("gang")
	if in == nil {
		return nil
	}
	out := &Gang{Scheduler: cmp.Or(in.Scheduler, v1alpha1.SchedulerDefault)}
	switch out.Scheduler {
	case v1alpha1.SchedulerDefault:
		if in.Queue != "" {
			r.Add(field.Forbidden(at.Child("queue"), "is for scheduler kai or volcano: set scheduler, or remove queue"))
		}
	case v1alpha1.SchedulerKAI, v1alpha1.SchedulerVolcano:
		r.scheduler(out, in, at)
	default:
		r.Add(field.NotSupported(at.Child("scheduler"), in.Scheduler, []v1alpha1.Scheduler{v1alpha1.SchedulerDefault, v1alpha1.SchedulerKAI, v1alpha1.SchedulerVolcano}))
	}
	out.Topology = r.topology(in, o, at.Child("topology"))
	if out.Scheduler == v1alpha1.SchedulerDefault && out.Topology == nil {
		return nil
	}
	return out
}

// scheduler checks that the cluster has the scheduler, and finds the queue. KAI leaves pods of no queue alone.
func (r *resolver) scheduler(out *Gang, in *v1alpha1.Gang, at *field.Path) {
	if !slices.Contains(r.in.Cluster.Capabilities.Schedulers, out.Scheduler) {
		r.Add(field.Invalid(at.Child("scheduler"), string(out.Scheduler), fmt.Sprintf("is not in spec.capabilities.schedulers of %s: install it and add it there, or use default", r.clusterName())))
	}
	out.Queue = cmp.Or(in.Queue, r.in.Cluster.Defaults.Queue)
	if out.Queue == "" && out.Scheduler == v1alpha1.SchedulerKAI {
		r.Add(field.Required(at.Child("queue"), "KAI places pods by the queue they are in: set one that exists, or set spec.defaults.queue of "+r.clusterName()))
	}
	for i, c := range r.in.Spec.Components {
		if c.PodTemplate != nil && c.PodTemplate.Spec.SchedulerName != "" {
			r.Add(field.Forbidden(r.spec.Child("components").Index(i).Child("podTemplate", "spec", "schedulerName"), "is set by spec.gang.scheduler, since two schedulers that share GPUs give them away twice: remove one"))
		}
	}
}

// topology checks that somebody can pack pods into the domain, and that there are some to pack.
func (r *resolver) topology(in *v1alpha1.Gang, o v1alpha1.Orchestrator, at *field.Path) *Topology {
	t := in.Topology
	if t == nil {
		return nil
	}
	out := &Topology{Name: cmp.Or(t.Name, r.in.Cluster.Defaults.TopologyName), Domain: t.Domain, Required: t.Pack != v1alpha1.PackPreferred}
	if !r.multinode() {
		r.Add(field.Forbidden(at, "packs the pods of a replica over several nodes, and no component has one: set nodeCount, or remove topology"))
		return nil
	}
	if out.Name == "" {
		r.Add(field.Required(at.Child("name"), "set the name of the Topology of KAI or the ClusterTopologyBinding of Grove, or set spec.defaults.topologyName of "+r.clusterName()))
	}
	if o == v1alpha1.OrchestratorGrove {
		if !groveDomain.MatchString(t.Domain) {
			r.Add(field.Invalid(at.Child("domain"), t.Domain, "with Grove it is the name of a level, as rack: use lower case letters, digits and hyphens"))
		}
		return out
	}
	if in.Scheduler != v1alpha1.SchedulerKAI {
		r.Add(field.Forbidden(at, "needs scheduler kai, or orchestrator Grove: no other packs the pods of a LeaderWorkerSet"))
	}
	for _, msg := range validation.IsQualifiedName(t.Domain) {
		r.Add(field.Invalid(at.Child("domain"), t.Domain, "with LeaderWorkerSet it is a label of nodes: "+msg))
	}
	return out
}
