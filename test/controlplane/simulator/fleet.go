package simulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A verb is what is done to a pool.
type verb string

const (
	reading  verb = "reading"
	making   verb = "creating"
	changing verb = "updating"
	removing verb = "deleting"
)

// A poolAPI is a cloud's API of node pools, as the cloud's Terraform provider sees it.
type poolAPI interface {
	planner
	critic
	scaler

	// nameMachine returns the provider ID and the node's name of a new machine.
	nameMachine(p *pool, serial int) (id, node string)
}

// A scaler is the part of the cluster autoscaler that is about one cloud.
type scaler interface {
	// scalingGroup is what the autoscaler calls a pool.
	scalingGroup(p *pool) string

	// autoscalerError is what the autoscaler makes of an error by which machines do not start.
	autoscalerError(err error) (code, message string)
}

// A planner says what becomes of what is asked for.
type planner interface {
	cloud() string

	// immutable fields, in Terraform's notation.
	immutable() []string

	// computed fields that the cloud adds to what it has been asked for.
	computed(p *pool) params

	// id of a pool in the whole cloud.
	id(name string, asked params) (string, error)

	// plan what is asked for, or refuse it.
	plan(w *world, name string, asked params) (plan, error)
}

// A critic says in the cloud's own words what is wrong.
type critic interface {
	// wrap an error of a call as the Terraform provider does.
	wrap(v verb, name string, asked params, err error) error

	// fault returns the error by which the API itself fails.
	fault(v verb, name string, asked params, f *fault) error

	// quota returns the error by which a call is refused that needs machines, nil if the cloud finds out only later.
	quota(p plan, f *fault) error

	// launchError is why a machine does not start.
	launchError(p *pool, f *fault) error

	// failed is what a create reports when machines do not start.
	failed(p *pool) error
}

var (
	// errGone is returned for what does not exist.
	errGone = errors.New("not found")

	errStopped = errors.New("the simulator has been stopped")
)

// fleet are the pools of one cloud.
type fleet struct {
	world *world
	api   poolAPI
}

func (f *fleet) immutable() []string { return f.api.immutable() }

// observe a pool.
func (f *fleet) observe(_ context.Context, r request) (observation, error) {
	if fault := r.faults.api(false); fault != nil {
		return observation{}, f.api.wrap(reading, r.name, r.asked, f.api.fault(reading, r.name, r.asked, fault))
	}

	id, err := f.api.id(r.name, r.asked)
	if err != nil {
		return observation{}, err
	}

	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	p := f.world.pools[id]
	if p == nil {
		return observation{}, nil
	}

	return observation{exists: true, name: r.name, actual: p.actual, computed: f.api.computed(p)}, nil
}

// notice what is to go wrong with a pool.
func (f *fleet) notice(r request) {
	id, err := f.api.id(r.name, r.asked)
	if err != nil {
		return
	}

	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	if p := f.world.pools[id]; p != nil {
		p.faults = r.faults
		f.world.strike(p, r.annotations)
	}
}

// create a pool and wait for its machines.
func (f *fleet) create(ctx context.Context, r request) (string, error) {
	id, err := f.make(r)
	if err != nil {
		return "", f.api.wrap(making, r.name, r.asked, err)
	}

	return r.name, f.await(ctx, id, creating, func(p *pool) error {
		err := f.api.failed(p)

		// The others go on trying.
		p.status = active
		if f.api.cloud() == amazon {
			p.status, p.size.desired = createFailed, len(p.live())
		}

		return err
	})
}

func (f *fleet) make(r request) (string, error) {
	if fault := r.faults.api(true); fault != nil {
		return "", f.api.fault(making, r.name, r.asked, fault)
	}

	id, err := f.api.id(r.name, r.asked)
	if err != nil {
		return "", err
	}

	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	if f.world.pools[id] != nil {
		return "", fmt.Errorf("%s exists already", id)
	}

	pl, err := f.api.plan(f.world, r.name, r.asked)
	if err != nil {
		return "", err
	}

	if fault := r.faults.launch(pl.shape.machineType, pl.shape.capacity); fault != nil && fault.kind == FaultQuota && pl.size.desired > 0 {
		if err := f.api.quota(pl, fault); err != nil {
			return "", err
		}
	}

	f.world.pools[id] = &pool{
		plan: pl, api: f.api, id: id, name: r.name, status: creating, faults: r.faults, handled: handled(r.annotations),
	}

	return id, nil
}

// await that a pool has the machines it should have, and at least as long as a call takes.
func (f *fleet) await(ctx context.Context, id string, while status, fail func(*pool) error) error {
	begun := time.Now()

	t := time.NewTicker(tickInterval)
	defer t.Stop()

	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for %s: %w", id, ctx.Err())
		case <-f.world.stopped:
			return errStopped
		case <-t.C:
		}

		if time.Since(begun) < f.world.options.Call {
			continue
		}

		done, err := f.check(id, while, fail)
		if done || err != nil {
			return err
		}
	}
}

func (f *fleet) check(id string, while status, fail func(*pool) error) (bool, error) {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	p := f.world.pools[id]
	if p == nil || p.status != while {
		// Somebody deleted it, or is about to.
		return true, nil
	}

	if p.settled() {
		p.status = active

		return true, nil
	}

	if p.problem != nil {
		return true, fail(p)
	}

	return false, nil
}

// update a pool to what is asked for.
func (f *fleet) update(ctx context.Context, r request) error {
	id, err := f.change(r)
	if err != nil {
		return f.api.wrap(changing, r.name, r.asked, err)
	}

	return f.await(ctx, id, updating, func(p *pool) error {
		p.status = degraded

		return f.api.wrap(changing, r.name, r.asked, p.problem)
	})
}

func (f *fleet) change(r request) (string, error) {
	if fault := r.faults.api(true); fault != nil {
		return "", f.api.fault(changing, r.name, r.asked, fault)
	}

	id, err := f.api.id(r.name, r.asked)
	if err != nil {
		return "", err
	}

	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	p := f.world.pools[id]
	if p == nil {
		return "", errGone
	}

	// What is not asked for stays as it is.
	now := maps.Clone(p.actual)

	for k, v := range f.api.computed(p) {
		if _, ok := now[k]; ok {
			now[k] = v
		}
	}

	pl, err := f.api.plan(f.world, r.name, r.changed.over(now))
	if err != nil {
		return "", err
	}

	if pl.scaled && !r.resizes() {
		pl.size.desired = min(max(p.size.desired, pl.size.min), pl.size.max)
	}

	p.plan, p.status = pl, updating

	return id, nil
}

// remove a pool and wait until its machines are gone.
func (f *fleet) remove(ctx context.Context, r request) error {
	if fault := r.faults.api(true); fault != nil {
		return f.api.wrap(removing, r.name, r.asked, f.api.fault(removing, r.name, r.asked, fault))
	}

	id, err := f.api.id(r.name, r.asked)
	if err != nil {
		return err
	}

	t := time.NewTicker(tickInterval)
	defer t.Stop()

	for {
		if gone := f.retire(id); gone {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for the end of %s: %w", id, ctx.Err())
		case <-f.world.stopped:
			return errStopped
		case <-t.C:
		}
	}
}

func (f *fleet) retire(id string) bool {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()

	p := f.world.pools[id]
	if p != nil {
		p.status = deleting
	}

	return p == nil
}

// handled returns which values of annotations need no more doing.
func handled(annotations map[string]string) map[string]string {
	out := map[string]string{}

	for _, a := range []string{AnnotationLoseNode, AnnotationReclaim, AnnotationDeletePool} {
		out[a] = annotations[a]
	}

	return out
}

// strike a pool with what its annotations ask for, once.
func (w *world) strike(p *pool, annotations map[string]string) {
	now := time.Now()

	due := func(a string) bool {
		is := annotations[a] != "" && annotations[a] != p.handled[a]
		p.handled[a] = annotations[a]

		return is
	}

	if due(AnnotationLoseNode) {
		lose(p, annotations[AnnotationLoseNode])
	}

	if due(AnnotationReclaim) && p.shape.spot {
		for _, m := range p.live() {
			m.phase, m.since = draining, now
		}
	}

	if due(AnnotationDeletePool) {
		p.status = deleting
	}
}

// lose ends the machine of a node, or of the first if there is none of that name.
func lose(p *pool, node string) {
	live := p.live()
	if len(live) == 0 {
		return
	}

	i := max(0, slices.IndexFunc(live, func(m *instance) bool { return m.node == node }))
	live[i].phase = terminated
}
