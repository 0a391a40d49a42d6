package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// scaleInterval is how often an autoscaler looks at the pods of its cluster.
const scaleInterval = 500 * time.Millisecond

// Reasons of the events by which the cluster autoscaler speaks of pods.
const (
	reasonTriggered    = "TriggeredScaleUp"
	reasonNotTriggered = "NotTriggerScaleUp"
	reasonFailed       = "FailedScaleUp"
)

// An autoscaler plays the cluster autoscaler of one cluster: it asks of every pod that does not fit whether it would fit a
// node like those of a pool, and removes nodes on which nothing runs. It does not move pods to empty a node.
type autoscaler struct {
	world   *world
	cluster kubernetes.Interface

	// idle is since when a node has been without pods.
	idle map[string]time.Time

	// backoff is until when a pool is not asked again, that had no machines.
	backoff map[string]backoff

	// said is what the last event about a pod was.
	said map[types.UID]string

	// reported is the status that was written last, and when.
	reported   string
	reportedAt time.Time
}

func newAutoscaler(w *world, c kubernetes.Interface) *autoscaler {
	return &autoscaler{
		world: w, cluster: c,
		idle: map[string]time.Time{}, backoff: map[string]backoff{}, said: map[types.UID]string{},
	}
}

func (a *autoscaler) run(ctx context.Context) {
	t := time.NewTicker(scaleInterval)
	defer t.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}

		if err := a.scale(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.world.options.logf("autoscaler: %v", err)
		}
	}
}

// A notice is an event about a pod.
type notice struct {
	pod             corev1.Pod
	reason, message string
}

func (a *autoscaler) scale(ctx context.Context, now time.Time) error {
	pods, err := a.cluster.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("cannot list pods: %w", err)
	}

	nodes, err := a.cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("cannot list nodes: %w", err)
	}

	for i := range nodes.Items {
		// A node that has just joined will be ready.
		nodes.Items[i].Spec.Taints = slices.DeleteFunc(nodes.Items[i].Spec.Taints, func(t corev1.Taint) bool {
			return t.Key == corev1.TaintNodeNotReady
		})
	}

	notices, status := a.decide(cluster{nodes: nodes.Items, pods: pods.Items}, now)

	var failed []error

	if err := a.report(ctx, status, now); err != nil {
		failed = append(failed, err)
	}

	for _, n := range notices {
		if err := a.tell(ctx, n); err != nil {
			failed = append(failed, err)
		}
	}

	return errors.Join(failed...)
}

// decide on the sizes of all pools.
func (a *autoscaler) decide(c cluster, now time.Time) ([]notice, autoscalerStatus) {
	a.world.mu.Lock()
	defer a.world.mu.Unlock()

	var pools []*pool

	for _, p := range a.world.sorted() {
		if p.scaled && a.world.cluster(p.cluster) == a.cluster && p.status != deleting && p.status != createFailed {
			pools = append(pools, p)
		}
	}

	out := a.giveUp(pools, c, now)
	out = append(out, a.up(pools, c, now)...)
	a.down(pools, c, now)

	return out, a.status(pools, now)
}

// giveUp takes back what was asked of pools that get no machines, and leaves them alone for a while.
func (a *autoscaler) giveUp(pools []*pool, c cluster, now time.Time) []notice {
	var out []notice

	for _, p := range pools {
		// An operation of the provider reports its own failure.
		if p.problem == nil || p.size.desired <= len(p.live()) || p.status == creating || p.status == updating || now.Before(a.backoff[p.id].until) {
			continue
		}

		a.backoff[p.id] = backoff{until: now.Add(a.world.options.Linger)}.because(p)
		p.size.desired = max(p.size.min, len(p.live()))

		for _, pod := range c.pending() {
			if fits(pod, p.template(), c) == nil {
				out = append(out, notice{pod, reasonFailed, fmt.Sprintf("Node scale up in zones %s associated with this pod failed: %v. Pod is at risk of not being scheduled.",
					strings.Join(p.shape.zones, ", "), p.problem)})
			}
		}
	}

	return out
}

// up makes pools larger for pods that would fit them.
func (a *autoscaler) up(pools []*pool, c cluster, now time.Time) []notice {
	var out []notice

	// Machines that have been asked for are taken for nodes already.
	c = c.with(expected(pools, c))

	for _, pod := range c.pending() {
		if c.place(pod) {
			continue
		}

		p, why := a.choose(pools, pod, c, now)
		if p == nil {
			out = append(out, notice{pod, reasonNotTriggered, "pod didn't trigger scale-up: " + why})
			continue
		}

		was := p.size.desired
		p.size.desired++

		n := p.template()
		n.Name = fmt.Sprintf("%s-%d", n.Name, p.size.desired)
		c = c.with([]corev1.Node{*n})
		c.place(pod)

		out = append(out, notice{pod, reasonTriggered, fmt.Sprintf("pod triggered scale-up: [{%s %d->%d (max: %d)}]", p.name, was, p.size.desired, p.size.max)})
	}

	return out
}

// expected are the nodes of machines that have been asked for and are not there.
func expected(pools []*pool, c cluster) []corev1.Node {
	var out []corev1.Node

	for _, p := range pools {
		joined := 0

		for _, m := range p.live() {
			if slices.ContainsFunc(c.nodes, func(n corev1.Node) bool { return n.Name == m.node }) {
				joined++
			}
		}

		for i := range p.size.desired - joined {
			n := p.template()
			n.Name = fmt.Sprintf("%s-expected-%d", n.Name, i)
			out = append(out, *n)
		}
	}

	return out
}

// choose the pool whose node would have the least left over, or say why there is none.
func (a *autoscaler) choose(pools []*pool, pod corev1.Pod, c cluster, now time.Time) (*pool, string) {
	var best *pool

	reasons := map[string]int{}

	for _, p := range pools {
		switch err := fits(pod, p.template(), c); {
		case err != nil:
			reasons[err.Error()]++
		case now.Before(a.backoff[p.id].until):
			reasons["in backoff after failed scale-up"]++
		case p.faults.api(true) != nil:
			reasons["cloud provider does not answer"]++
		case p.size.desired >= p.size.max:
			reasons["max node group size reached"]++
		case best == nil || p.shape.machine.GPUs < best.shape.machine.GPUs:
			best = p
		}
	}

	out := make([]string, 0, len(reasons))
	for r, n := range reasons {
		out = append(out, fmt.Sprintf("%d %s", n, r))
	}

	slices.Sort(out)

	return best, cmp.Or(strings.Join(out, ", "), "no node group")
}

// down removes nodes that have been empty for long enough.
func (a *autoscaler) down(pools []*pool, c cluster, now time.Time) {
	for _, p := range pools {
		for _, m := range p.live() {
			if m.phase != running || c.busy(m.node) || p.status != active || p.size.desired > len(p.live()) {
				delete(a.idle, m.node)
				continue
			}

			if a.idle[m.node].IsZero() {
				a.idle[m.node] = now
			}

			if now.Sub(a.idle[m.node]) < a.world.options.Idle || p.size.desired <= p.size.min || p.faults.api(true) != nil {
				continue
			}

			delete(a.idle, m.node)

			p.size.desired--
			m.phase, m.since = draining, now
		}
	}
}

// tell a pod's owner by an event, once for everything there is to say.
func (a *autoscaler) tell(ctx context.Context, n notice) error {
	if a.said[n.pod.UID] == n.reason+n.message {
		return nil
	}

	a.said[n.pod.UID] = n.reason + n.message
	kind := corev1.EventTypeNormal

	if n.reason == reasonFailed {
		kind = corev1.EventTypeWarning
	}

	now := metav1.Now()

	_, err := a.cluster.CoreV1().Events(n.pod.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{GenerateName: n.pod.Name + ".", Namespace: n.pod.Namespace},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: n.pod.Namespace, Name: n.pod.Name, UID: n.pod.UID,
		},
		Reason: n.reason, Message: n.message, Type: kind, Count: 1, FirstTimestamp: now, LastTimestamp: now,
		Source: corev1.EventSource{Component: "cluster-autoscaler"},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cannot create event: %w", err)
	}

	return nil
}
