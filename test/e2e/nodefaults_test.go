package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/test/controlplane/simulator"
)

// The faults of clouds. Each graph is in an account of its own, so they go on at the same time.
func TestNodePoolFaults(t *testing.T) {
	t.Parallel()
	for cloud := range providers() {
		t.Run("NoCapacity/"+cloud, func(t *testing.T) { t.Parallel(); noCapacity(t, cloud, 0) })
		t.Run("Quota/"+cloud, func(t *testing.T) { t.Parallel(); quota(t, cloud) })
	}
	// EKS gives a node group up whose first machines do not come. The others go on trying, as they do from zero.
	t.Run("NoCapacityAtOnce/eks", func(t *testing.T) { t.Parallel(); noCapacity(t, "eks", 1) })
	t.Run("NoCapacityForEdit", func(t *testing.T) { t.Parallel(); noCapacityForEdit(t) })
	t.Run("NodeLost", func(t *testing.T) { t.Parallel(); nodeLost(t) })
	t.Run("PoolDeleted", func(t *testing.T) { t.Parallel(); poolDeleted(t) })
	t.Run("CloudDown", func(t *testing.T) { t.Parallel(); cloudDown(t) })
	t.Run("SpotReclaimed", func(t *testing.T) { t.Parallel(); spotReclaimed(t) })
}

// noCapacity lets a cloud have none of the first machine. The graph falls to its second choice within the wait, says since
// when and why, and runs there.
func noCapacity(t *testing.T, cloud string, least int) {
	const wait = 10 * time.Second
	p, name := providers()[cloud], fmt.Sprintf("full-%s-%d", cloud, least)
	annotate := account(t, cloud, name, nil)
	annotate(map[string]any{simulator.AnnotationFault: simulator.FaultNoCapacity, simulator.AnnotationFaultMachines: p.machine})
	g := create(t, name, fmt.Sprintf(pooled, "falls", name,
		fmt.Sprintf("machineType: %s, size: {min: %d, max: 3}, fallback: [{machineType: %s, wait: %s}]", p.machine, least, p.another, wait)))
	eventually(t, "the graph says that there is no capacity", func() (bool, string) {
		_, reason, msg := g.condition(v1alpha1.ConditionCapacityReady)
		return reason == v1alpha1.ReasonNoCapacity, reason + ": " + msg
	})
	since, _ := g.poolStatus("gpu")["noCapacitySince"].(string)
	first, _ := g.poolStatus("gpu")["object"].(string)
	began, err := time.Parse(time.RFC3339, since)
	if err != nil {
		t.Fatalf("the status does not say since when: %v", err)
	}
	eventually(t, "the graph is on its second choice", func() (bool, string) {
		s := g.poolStatus("gpu")
		return fmt.Sprint(s["rung"]) == "1", fmt.Sprint(s)
	})
	if took := time.Since(began); took < wait || took > wait+soon {
		t.Errorf("it fell after %s, the wait is %s", took, wait)
	}
	g.ready()
	if err := g.fit(e2e.kube); err != nil {
		t.Error(err)
	}
	s := g.poolStatus("gpu")
	if why, _ := s["rungReason"].(string); !strings.HasSuffix(why, " for "+p.machine+" OnDemand") || s["rungSince"] == nil || s["machineType"] != p.another {
		t.Errorf("the status does not say what it fell to, why and since when: %v", s)
	}
	eventually(t, "the pool without machines is gone", func() (bool, string) {
		all := g.pools()
		return len(all) == 1 && all[0].GetName() != first, strconv.Itoa(len(all))
	})
	// It does not go back by itself when there is capacity again.
	annotate(map[string]any{simulator.AnnotationFault: nil})
	g.same(g.uids(), g.composed())
}

// noCapacityForEdit lets a cloud have none of the machine that a pool which serves is edited to. Its pods go on where they
// are, and it falls to its second choice, which is the machine that it had.
func noCapacityForEdit(t *testing.T) {
	p, name := providers()["gke"], "edit-full"
	annotate := account(t, "gke", name, nil)
	g, nodes := settled(t, "gke", name, "size: {min: 0, max: 3}")
	annotate(map[string]any{simulator.AnnotationFault: simulator.FaultNoCapacity, simulator.AnnotationFaultMachines: p.another})
	stop, lost := make(chan struct{}), make(chan []string)
	go func() { lost <- g.poll(stop, "robust-frontend", "robust-worker") }()
	g.patch(op("replace", "/spec/nodePools/0/machineType", p.another), op("add", "/spec/nodePools/0/fallback", []any{map[string]any{"machineType": p.machine, "wait": "5s"}}))
	eventually(t, "the graph is on its second choice", func() (bool, string) {
		s := g.poolStatus("gpu")
		return fmt.Sprint(s["rung"]) == "1", fmt.Sprint(s)
	})
	g.ready()
	close(stop)
	for _, l := range <-lost {
		t.Error(l)
	}
	if err := g.fit(e2e.kube); err != nil {
		t.Error(err)
	}
	eventually(t, "only the pool that has machines is left", func() (bool, string) {
		all := g.pools()
		return len(all) == 1, strconv.Itoa(len(all))
	})
	if diff := cmp.Diff(nodes, nodesOf(t, e2e.kube, g.pools()[0].GetName())); diff != "" {
		t.Errorf("nodes: -before, +after:\n%s", diff)
	}
}

// quota stops a graph where it is, though it has a second choice, and it says so. When there is quota it goes on.
func quota(t *testing.T, provider string) {
	p, name, least := providers()[provider], "quota-"+provider, 1
	if provider == "gke" {
		// GKE's autoscaler reports quotas of machines too, Amazon's does not say why it gets none.
		least = 0
	}
	annotate := account(t, provider, name, nil)
	annotate(map[string]any{simulator.AnnotationFault: simulator.FaultQuota})
	g := create(t, name, fmt.Sprintf(pooled, "stops", name,
		fmt.Sprintf("machineType: %s, size: {min: %d, max: 3}, fallback: [{machineType: %s, wait: 1s}]", p.machine, least, p.another)))
	says := func() (bool, string) {
		status, reason, msg := g.condition(v1alpha1.ConditionCapacityReady)
		return status == "False" && reason == v1alpha1.ReasonQuotaExceeded && strings.Contains(msg, "Node pool gpu: "), status + " " + reason + ": " + msg
	}
	eventually(t, "the graph says that there is no quota", says)
	for range 20 {
		time.Sleep(500 * time.Millisecond)
		s := g.poolStatus("gpu")
		if fmt.Sprint(s["rung"]) != "0" {
			t.Fatalf("it does not stop: %v", s)
		}
		// Crossplane writes a condition as it knew it at first, and then anew.
		msg, _ := s["message"].(string)
		if f, _ := cloud.Classify(cloud.Provider(strings.ToUpper(provider)), msg); f != cloud.FailureQuota {
			t.Fatalf("it does not go on saying so: %q", msg)
		}
	}
	eventually(t, "its condition is the same", says)
	annotate(map[string]any{simulator.AnnotationFault: nil})
	if provider == "eks" {
		// EKS has given the node group up, and takes no other of its name.
		g.strike(simulator.AnnotationDeletePool, "once")
	}
	g.ready()
	if err := g.fit(e2e.kube); err != nil {
		t.Error(err)
	}
	if s := g.poolStatus("gpu"); fmt.Sprint(s["rung"]) != "0" {
		t.Errorf("it is not where it stopped: %v", s)
	}
}

// settled returns a graph in an account of its own that is Ready on the nodes of its pool, and these.
func settled(t *testing.T, cloud, name, pool string) (*graph, []string) {
	t.Helper()
	g := create(t, name, fmt.Sprintf(pooled, "robust", name, "machineType: "+providers()[cloud].machine+", "+pool))
	g.ready()
	if err := g.fit(e2e.kube); err != nil {
		t.Fatal(err)
	}
	nodes := nodesOf(t, e2e.kube, g.pools()[0].GetName())
	if len(nodes) != 2 {
		t.Fatalf("want two nodes, got %v", nodes)
	}
	return g, nodes
}

// moved waits until a graph is Ready and none of its pods on nodes that it had.
func (g *graph) moved(from ...string) {
	g.t.Helper()
	eventually(g.t, "pods have left "+strings.Join(from, ", "), func() (bool, string) {
		on := []string{}
		for _, p := range g.pods() {
			on = append(on, p.Spec.NodeName)
		}
		gone := !slices.ContainsFunc(on, func(n string) bool { return n == "" || slices.Contains(from, n) })
		return gone && len(on) == 3, strings.Join(on, " ")
	})
	g.ready()
	if err := g.fit(e2e.kube); err != nil {
		g.t.Error(err)
	}
}

// nodeLost ends a machine without notice: its pod gets another node, and the graph says meanwhile that it waits.
func nodeLost(t *testing.T) {
	account(t, "aks", "loses", nil)
	g, nodes := settled(t, "aks", "loses", "size: {min: 0, max: 3}")
	g.strike(simulator.AnnotationLoseNode, nodes[0])
	if _, msg := g.isFalse(v1alpha1.ConditionComponentsReady); !strings.Contains(msg, "Waiting for components: worker") {
		t.Errorf("the graph says %q", msg)
	}
	g.moved(nodes[0])
}

// poolDeleted deletes a pool in the cloud: it comes again by itself, as the same object.
func poolDeleted(t *testing.T) {
	account(t, "gke", "deleted", nil)
	g, nodes := settled(t, "gke", "deleted", "size: {min: 1, max: 3}")
	was := g.pools()[0].GetUID()
	g.strike(simulator.AnnotationDeletePool, "once")
	g.moved(nodes...)
	if is := g.pools(); len(is) != 1 || is[0].GetUID() != was {
		t.Errorf("want the same pool, got %d", len(is))
	}
}

// outage is how long a cloud is away.
const outage = time.Minute

// cloudDown lets no call to the cloud succeed for that long. The graph says so, and loses nothing, though it is edited.
func cloudDown(t *testing.T) {
	annotate := account(t, "eks", "down", nil)
	g, nodes := settled(t, "eks", "down", "size: {min: 0, max: 3}")
	pods, objects := g.uids(), g.composed()
	annotate(map[string]any{simulator.AnnotationFault: simulator.FaultUnavailable})
	eventually(t, "the graph says that the cloud does not answer", func() (bool, string) {
		_, reason, msg := g.condition(v1alpha1.ConditionCapacityReady)
		return reason == v1alpha1.ReasonCloudError, reason + ": " + msg
	})
	g.patch(op("replace", "/spec/nodePools/0/size/max", 4))
	for end := time.Now().Add(outage); time.Now().Before(end); {
		g.same(pods, objects)
	}
	if diff := cmp.Diff(nodes, nodesOf(t, e2e.kube, g.pools()[0].GetName())); diff != "" {
		t.Errorf("nodes: -before, +after:\n%s", diff)
	}
	annotate(map[string]any{simulator.AnnotationFault: nil})
	g.ready()
	g.same(pods, objects)
}

// spotReclaimed takes the machines of a pool back after a notice: its pods get others.
func spotReclaimed(t *testing.T) {
	account(t, "eks", "reclaimed", nil)
	g, nodes := settled(t, "eks", "reclaimed", "capacity: Spot, size: {min: 0, max: 4}")
	g.strike(simulator.AnnotationReclaim, "once")
	if _, msg := g.isFalse(v1alpha1.ConditionComponentsReady); !strings.Contains(msg, "Waiting for components: worker") {
		t.Errorf("the graph says %q", msg)
	}
	g.moved(nodes...)
}

// Another machine type for a pool whose pods serve: new nodes come first, then pods move, one after the other, then the old
// nodes go. Pods of KWOK nodes serve nothing, so it is watched what a Service sends requests to: at no time to nobody.
func TestMachineIsEditedUnderLoad(t *testing.T) {
	t.Parallel()
	for cloud, p := range providers() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			g := create(t, "edited-"+cloud, fmt.Sprintf(pooled, "edited", cloud, "machineType: "+p.machine+", size: {min: 0, max: 3}"))
			g.ready()
			old := g.pools()[0].GetName()
			stop, lost := make(chan struct{}), make(chan []string)
			go func() { lost <- g.poll(stop, "edited-frontend", "edited-worker") }()

			g.patch(op("replace", "/spec/nodePools/0/machineType", p.another))
			eventually(t, "the pool of the other machine is the only one", func() (bool, string) {
				all := g.pools()
				stays := slices.ContainsFunc(all, func(u unstructured.Unstructured) bool { return u.GetName() == old && u.GetDeletionTimestamp() == nil })
				if on := g.onNodes(old); !stays && on > 0 {
					t.Fatalf("the old pool goes, and %d pods are on it", on)
				}
				return len(all) == 1 && all[0].GetName() != old, strconv.Itoa(len(all))
			})
			g.ready()
			close(stop)
			for _, l := range <-lost {
				t.Error(l)
			}
			if err := g.fit(e2e.kube); err != nil {
				t.Error(err)
			}
			if n := nodesOf(t, e2e.kube, old); len(n) != 0 {
				t.Errorf("old nodes are left: %v", n)
			}
		})
	}
}

// onNodes is how many pods of a graph are on nodes of a pool.
func (g *graph) onNodes(pool string) int {
	g.t.Helper()
	nodes, n := nodesOf(g.t, e2e.kube, pool), 0
	for _, p := range g.pods() {
		if slices.Contains(nodes, p.Spec.NodeName) {
			n++
		}
	}
	return n
}

// poll Services until it is stopped, and return when they had nobody to send a request to.
func (g *graph) poll(stop <-chan struct{}, services ...string) []string {
	var out []string
	polls := 0
	for {
		select {
		case <-stop:
			if polls < 20 {
				out = append(out, fmt.Sprintf("only %d polls", polls))
			}
			return out
		case <-time.After(50 * time.Millisecond):
		}
		polls++
		for _, s := range services {
			l, err := e2e.kube.DiscoveryV1().EndpointSlices(g.namespace).List(g.t.Context(), metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + s})
			if err != nil {
				out = append(out, err.Error())
				continue
			}
			ready := 0
			for _, slice := range l.Items {
				for _, e := range slice.Endpoints {
					if e.Conditions.Ready != nil && *e.Conditions.Ready {
						ready++
					}
				}
			}
			if ready == 0 {
				out = append(out, fmt.Sprintf("%s: Service %s has nobody to send requests to", time.Now().Format(time.TimeOnly), s))
			}
		}
	}
}
