package simulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// tickInterval is how often the clouds look at their machines.
const tickInterval = 200 * time.Millisecond

// A world holds what there is in all clouds.
type world struct {
	options Options

	mu        sync.Mutex
	pools     map[string]*pool
	templates map[string]*launchTemplate
	groups    map[string]*placementGroup
	serial    int

	// stopped is closed when the world has ended.
	stopped chan struct{}
}

func newWorld(o Options) *world {
	return &world{
		options: o, pools: map[string]*pool{}, templates: map[string]*launchTemplate{}, groups: map[string]*placementGroup{},
		stopped: make(chan struct{}),
	}
}

// next returns a number that has not been used.
func (w *world) next() int {
	w.serial++

	return w.serial
}

// sorted pools, so that what happens does not depend on the order of a map.
func (w *world) sorted() []*pool {
	out := make([]*pool, 0, len(w.pools))
	for _, id := range slices.Sorted(maps.Keys(w.pools)) {
		out = append(out, w.pools[id])
	}

	return out
}

// cluster returns a client of the cluster that a pool's machines join.
func (w *world) cluster(name string) kubernetes.Interface {
	if slices.Contains(w.options.RemoteClusters, name) {
		return w.options.Remote
	}

	return w.options.Local
}

// run the clouds until the context ends.
func (w *world) run(ctx context.Context) {
	t := time.NewTicker(tickInterval)
	defer t.Stop()
	defer close(w.stopped)

	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}

		if err := w.tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
			w.options.logf("clouds: %v", err)
		}
	}
}

// An order is something to do to a node, which is done while nobody waits for the world.
type order func(context.Context) error

// tick starts and retires machines, and lets nodes join and leave their clusters.
func (w *world) tick(ctx context.Context, now time.Time) error {
	var failed []error

	for _, do := range w.orders(now) {
		if err := do(ctx); err != nil {
			failed = append(failed, err)
		}
	}

	return errors.Join(failed...)
}

func (w *world) orders(now time.Time) []order {
	w.mu.Lock()
	defer w.mu.Unlock()

	var out []order

	for _, p := range w.sorted() {
		switch {
		case p.status == deleting:
			out = append(out, w.empty(p, now)...)
			continue
		case p.status != createFailed:
			p.scale(w.next, now)
		}

		for _, m := range p.machines {
			out = append(out, w.advance(p, m, now)...)
		}

		p.machines = slices.DeleteFunc(p.machines, func(m *instance) bool { return m.phase == terminated })
	}

	return out
}

// empty retires all machines of a pool that is being deleted, and forgets the pool when they are gone.
func (w *world) empty(p *pool, now time.Time) []order {
	var out []order

	for _, m := range p.machines {
		if m.phase == booting || m.phase == running {
			m.phase, m.since = draining, now
		}

		out = append(out, w.advance(p, m, now)...)
	}

	p.machines = slices.DeleteFunc(p.machines, func(m *instance) bool { return m.phase == terminated })
	if len(p.machines) == 0 {
		delete(w.pools, p.id)
	}

	return out
}

// advance a machine in its life.
func (w *world) advance(p *pool, m *instance, now time.Time) []order {
	client := w.cluster(p.cluster)

	switch m.phase {
	case booting:
		if now.Sub(m.since) < w.options.Boot {
			return nil
		}

		m.phase, m.since = running, now
		n := m.shape.node(m.node, m.zone, m.id)
		n.Spec.PodCIDR = w.podCIDR()
		n.Spec.PodCIDRs = []string{n.Spec.PodCIDR}
		p.seen = n

		return []order{func(ctx context.Context) error { return join(ctx, client, n) }}
	case draining:
		if now.Sub(m.since) < w.options.Drain {
			return []order{func(ctx context.Context) error { return drain(ctx, client, m.node) }}
		}

		m.phase = terminated

		return []order{func(ctx context.Context) error { return leave(ctx, client, m.node) }}
	case terminated:
		return []order{func(ctx context.Context) error { return leave(ctx, client, m.node) }}
	case running:
	}

	if m.shape.rolled == p.shape.rolled && !sameNode(m.shape, p.shape) {
		was := m.shape
		m.shape = p.shape

		return []order{func(ctx context.Context) error { return relabel(ctx, client, m.node, was, p.shape) }}
	}

	return nil
}

// podCIDR returns a range of pod addresses that no other node has, beyond those of the cluster's own nodes.
func (w *world) podCIDR() string {
	n := w.next()

	return fmt.Sprintf("10.%d.%d.0/24", 128+n/256%128, n%256)
}

func sameNode(a, b shape) bool {
	return maps.Equal(a.labels, b.labels) && slices.Equal(a.taints, b.taints)
}

func join(ctx context.Context, c kubernetes.Interface, n *corev1.Node) error {
	is, err := c.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot register node %s: %w", n.Name, err)
	}

	return publish(ctx, c, is)
}

// leave removes the node of a machine that is gone, as the cloud's node life cycle controller does. The pods on it are
// collected as garbage.
func leave(ctx context.Context, c kubernetes.Interface, node string) error {
	if err := c.CoreV1().Nodes().Delete(ctx, node, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot remove node %s: %w", node, err)
	}

	return nil
}

// drain cordons a node and evicts its pods. A pod that its disruption budget keeps is tried again.
func drain(ctx context.Context, c kubernetes.Interface, node string) error {
	n, err := c.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot get node %s: %w", node, err)
	}

	if !n.Spec.Unschedulable {
		n.Spec.Unschedulable = true
		if _, err := c.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("cannot cordon node %s: %w", node, err)
		}
	}

	pods, err := c.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil {
		return fmt.Errorf("cannot list pods of node %s: %w", node, err)
	}

	for _, p := range pods.Items {
		if p.DeletionTimestamp != nil {
			continue
		}

		e := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace}}

		err := c.PolicyV1().Evictions(p.Namespace).Evict(ctx, e)
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsTooManyRequests(err) {
			return fmt.Errorf("cannot evict pod %s/%s: %w", p.Namespace, p.Name, err)
		}
	}

	return nil
}

// relabel changes the labels and taints that a pool gives a node, and no others.
func relabel(ctx context.Context, c kubernetes.Interface, node string, was, now shape) error {
	n, err := c.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot get node %s: %w", node, err)
	}

	for k := range was.labels {
		delete(n.Labels, k)
	}

	maps.Copy(n.Labels, now.labels)

	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return slices.Contains(was.taints, t) })
	n.Spec.Taints = append(n.Spec.Taints, now.taints...)

	if _, err := c.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("cannot update node %s: %w", node, err)
	}

	return nil
}
