package simulator

import (
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// A size of a pool, in machines.
type size struct {
	min, max, desired int
}

// A shape is what the machines of a pool are, and what the cloud and those who run in its cluster make of them as nodes.
type shape struct {
	machineType string
	machine     machine

	// capacity is the cloud's name for how the machines are bought.
	capacity string
	spot     bool

	region string
	zones  []string

	labels    map[string]string
	taints    []corev1.Taint
	resources corev1.ResourceList

	// known are the resources that the cloud's autoscaler expects of a node before it has seen one.
	known corev1.ResourceList

	// group of machines placed together, at Amazon.
	group string

	// rolled says by what the machines are told from those that have to be replaced.
	rolled string
}

// A plan is what a cloud makes of what it is asked for.
type plan struct {
	shape   shape
	size    size
	cluster string

	// scaled by an autoscaler.
	scaled bool

	// actual is what the cloud then has.
	actual params
}

// A pool of machines in a cloud.
type pool struct {
	plan

	api  poolAPI
	id   string
	name string

	status status
	faults faults

	// problem is why machines do not come.
	problem error

	machines []*instance

	// seen is a node that the pool has had, by which the autoscaler then knows better.
	seen *corev1.Node

	// handled are values of annotations that act once.
	handled map[string]string
}

// A status of a pool.
type status string

const (
	creating     status = "CREATING"
	active       status = "ACTIVE"
	updating     status = "UPDATING"
	degraded     status = "DEGRADED"
	deleting     status = "DELETING"
	createFailed status = "CREATE_FAILED"
)

// An instance is a machine that runs, or is about to.
type instance struct {
	id    string
	node  string
	zone  string
	phase phase
	since time.Time

	// shape that it was started with.
	shape shape
}

// A phase of a machine's life.
type phase int

const (
	booting phase = iota
	running
	draining
	terminated
)

// live machines are those that count: not the ones that leave.
func (p *pool) live() []*instance {
	var out []*instance

	for _, m := range p.machines {
		if m.phase == booting || m.phase == running {
			out = append(out, m)
		}
	}

	return out
}

func (p *pool) count(ph phase) int {
	n := 0

	for _, m := range p.machines {
		if m.phase == ph {
			n++
		}
	}

	return n
}

// launch starts one machine, if there is one to have.
func (p *pool) launch(serial int, now time.Time) {
	if f := p.faults.launch(p.shape.machineType, p.shape.capacity); f != nil {
		p.problem = p.api.launchError(p, f)
		if p.status == active {
			p.status = degraded
		}

		return
	}

	if f := p.faults.api(false); f != nil {
		return
	}

	zone := ""
	if len(p.shape.zones) > 0 {
		zone = p.shape.zones[serial%len(p.shape.zones)]
	}

	m := &instance{phase: booting, since: now, zone: zone, shape: p.shape}
	m.id, m.node = p.api.nameMachine(p, serial)
	p.machines = append(p.machines, m)
}

// stale returns the machines of an earlier shape, which a change of the pool replaces.
func (p *pool) stale() []*instance {
	var out []*instance

	for _, m := range p.live() {
		if m.shape.rolled != p.shape.rolled {
			out = append(out, m)
		}
	}

	return out
}

// scale starts and retires machines until there are as many as are desired, and all are as the pool is now.
func (p *pool) scale(next func() int, now time.Time) {
	live, stale := p.live(), p.stale()

	fresh := len(live) - len(stale)
	for ; fresh < p.size.desired && len(live) < p.size.desired+min(1, len(stale)); fresh++ {
		before := len(p.machines)
		p.launch(next(), now)

		if len(p.machines) == before {
			return
		}

		live = p.live()
	}

	if p.faults.launch(p.shape.machineType, p.shape.capacity) == nil {
		p.problem = nil
		if p.status == degraded {
			p.status = active
		}
	}

	surplus := len(live) - p.size.desired
	for _, m := range append(stale, reversed(live)...) {
		// A replacement has to be up before what it replaces may go.
		if surplus <= 0 || p.count(booting) > 0 {
			return
		}

		if m.phase == running {
			m.phase, m.since = draining, now
			surplus--
		}
	}
}

func reversed(in []*instance) []*instance {
	out := make([]*instance, 0, len(in))
	for i := range in {
		out = append(out, in[len(in)-1-i])
	}

	return out
}

// settled returns whether the pool has all the machines it should have, as it should have them.
func (p *pool) settled() bool {
	return p.count(running) == p.size.desired && len(p.live()) == p.size.desired && len(p.stale()) == 0
}

// template is the node that the autoscaler expects of the pool: like one it has seen or, for a pool that never had one, like
// what the cloud tells of it.
func (p *pool) template() *corev1.Node {
	if p.seen != nil {
		n := p.seen.DeepCopy()
		// It has nothing to run yet.
		n.Name = "template-" + p.name
		n.Labels[corev1.LabelHostname] = n.Name
		// What is asked for may have changed since.
		n.Spec.Taints = p.shape.taints
		maps.Copy(n.Labels, p.shape.labels)

		return n
	}

	zone := ""
	if len(p.shape.zones) > 0 {
		zone = p.shape.zones[0]
	}

	n := p.shape.node("template-"+p.name, zone, "")
	n.Status.Capacity, n.Status.Allocatable = p.shape.known, p.shape.known

	return n
}

func (p *pool) String() string {
	return fmt.Sprintf("%s %s", strings.ToUpper(p.api.cloud()), p.id)
}
