package e2e

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A component that runs keeps its replicas when somebody else is to own them, and what that somebody sets stays.
func TestScalingTakesOver(t *testing.T) {
	g := create(t, "scaling", fmt.Sprintf(disaggregated, "handed"))
	g.ready()
	uid := g.uids()["decode"]

	g.patch(
		map[string]any{"op": "remove", "path": "/spec/components/2/replicas"},
		op("add", "/spec/components/2/scaling", map[string]any{"external": true}),
	)
	touch(t, g, 5, 2)
	if now := g.uids()["decode"]; fmt.Sprint(now) != fmt.Sprint(uid) {
		t.Errorf("pods of decode were %v and are %v", uid, now)
	}

	c := e2e.kube.AppsV1().Deployments(g.namespace)
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "handed-decode", Namespace: g.namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: 4}}
	if _, err := c.UpdateScale(t.Context(), "handed-decode", scale, metav1.UpdateOptions{FieldManager: "autoscaler"}); err != nil {
		t.Fatal(err)
	}
	touch(t, g, 10, 4)
	g.ready()
	d := g.deployments()["decode"]
	for _, m := range d.GetManagedFields() {
		if m.Manager != "autoscaler" && m.Subresource == "" && m.Operation == metav1.ManagedFieldsOperationApply && owns(m, "replicas") {
			t.Errorf("%s still owns the replicas", m.Manager)
		}
	}
}

func owns(m metav1.ManagedFieldsEntry, name string) bool {
	return m.FieldsV1 != nil && bytes.Contains(m.FieldsV1.Raw, []byte(`"f:`+name+`"`))
}

// touch reconciles a graph some times, and fails when decode has other replicas than wanted.
func touch(t *testing.T, g *graph, times int, want int32) {
	t.Helper()
	for n := range times {
		g.patch(op("add", "/metadata/annotations", map[string]any{"touched": fmt.Sprintf("%d-%d", want, n)}))
		time.Sleep(time.Second)
		d := g.deployments()["decode"]
		if *d.Spec.Replicas != want {
			t.Fatalf("reconcile %d: want %d replicas, got %d", n, want, *d.Spec.Replicas)
		}
	}
}
