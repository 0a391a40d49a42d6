package controlplane

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestRemote starts a control plane with a second cluster and writes objects to it by provider-kubernetes.
func TestRemote(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}

	r := running{start(t, Options{Remote: true, Clouds: true})}

	t.Run("ClustersAreApart", r.clustersAreApart)
	t.Run("DeploymentIsReady", r.deploymentIsReady)
	t.Run("QueryFails", r.queryFails)
	t.Run("PoolIsRemote", r.poolIsRemote)
}

// start a control plane that is stopped, and whose log is shown if the test fails, at the end of the test.
func start(t *testing.T, o Options) *ControlPlane {
	t.Helper()

	var log strings.Builder

	o.Log = &log

	cp, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("Start: %v\n%s", err, log.String())
	}

	t.Cleanup(func() {
		_ = cp.Stop()

		if t.Failed() {
			t.Log(log.String())
		}
	})

	return cp
}

func (r running) clustersAreApart(t *testing.T) {
	for name, c := range map[string]struct {
		cluster *Cluster
		node    string
	}{"local": {r.Cluster, "cpu-0"}, "remote": {r.Remote, "remote-cpu-0"}} {
		for _, node := range []string{"cpu-0", "remote-cpu-0"} {
			_, err := c.cluster.client.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
			if found := err == nil; found != (node == c.node) {
				t.Errorf("the %s cluster has node %s: %t (%v)", name, node, found, err)
			}
		}
	}
}

// deploymentIsReady shows that a Deployment runs in the remote cluster, that what it reports can be read here, and that it
// is deleted there with its Object.
func (r running) deploymentIsReady(t *testing.T) {
	o := object(t, "web", `
readiness: {policy: DeriveFromCelQuery, celQuery: "has(object.status.availableReplicas) && object.status.availableReplicas == 2"}
watch: true
forProvider:
  manifest:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: default}
    spec:
      replicas: 2
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: main, image: example.org/nothing}]}
`)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	if err := r.Apply(ctx, metav1.NamespaceDefault, o); err != nil {
		t.Fatal(err)
	}

	if err := r.Wait(ctx, o, "Synced", "Ready"); err != nil {
		t.Fatal(err)
	}

	now, err := r.Get(ctx, o)
	if err != nil {
		t.Fatal(err)
	}

	got, _, _ := unstructured.NestedFieldNoCopy(now.Object, "status", "atProvider", "manifest", "status", "availableReplicas")
	if fmt.Sprint(got) != "2" {
		t.Errorf("atProvider.manifest: want 2 available replicas, got %v", got)
	}

	pods, err := r.Remote.client.CoreV1().Pods(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil || len(pods.Items) != 2 || pods.Items[0].Status.Phase != corev1.PodRunning {
		t.Errorf("want 2 pods that run in the remote cluster, got %v (%v)", pods, err)
	}

	if n := len(listPods(t, r.ControlPlane)); n != 0 {
		t.Errorf("want no pods in the local cluster, got %d", n)
	}

	objects, err := r.resource(o, o.GetNamespace())
	if err != nil {
		t.Fatal(err)
	}

	if err := objects.Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the Deployment is gone with its Object", func() bool {
		_, err := r.Remote.client.AppsV1().Deployments(metav1.NamespaceDefault).Get(t.Context(), "web", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})

	// provider-kubernetes looks again only after half a minute at an Object that is not Ready, as one that is being
	// deleted is not.
	ctx, cancel = context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	err = r.super.wait(ctx, "the end of the Object", func(ctx context.Context) error {
		_, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}

		return fmt.Errorf("it is there: %w", err)
	})
	if err != nil {
		t.Error(err)
	}
}

// queryFails shows that an Object is not Ready before its query holds.
func (r running) queryFails(t *testing.T) {
	o := object(t, "never", `
readiness: {policy: DeriveFromCelQuery, celQuery: "object.data.ready == 'yes'"}
forProvider:
  manifest: {apiVersion: v1, kind: ConfigMap, metadata: {name: never, namespace: default}, data: {ready: "no"}}
`)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	if err := r.Apply(ctx, metav1.NamespaceDefault, o); err != nil {
		t.Fatal(err)
	}

	if err := r.Wait(ctx, o, "Synced"); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the ConfigMap is in the remote cluster", func() bool {
		_, err := r.Remote.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "never", metav1.GetOptions{})
		return err == nil
	})

	now, err := r.Get(ctx, o)
	if err != nil {
		t.Fatal(err)
	}

	if err := Check(now, "Ready"); err == nil {
		t.Error("want an Object that is not Ready while its query does not hold")
	}
}

// poolIsRemote shows that the nodes of a pool of the remote cluster join that one.
func (r running) poolIsRemote(t *testing.T) {
	p := parse(t, strings.Replace(fmt.Sprintf(nodeGroup, "away", 1), "clusterName: inference", "clusterName: "+RemoteConfig, 1))
	r.apply(t, p)
	r.await(t, p, "Ready", "Synced", "AsyncOperation")

	l, err := r.Remote.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: "pool=away"})
	if err != nil || len(l.Items) != 1 {
		t.Errorf("want a node in the remote cluster, got %d (%v)", len(l.Items), err)
	}

	if err := r.has(t, "away", 0); err != nil {
		t.Errorf("the local cluster: %v", err)
	}

	r.delete(t, p)
}

// object returns an Object of the remote cluster with a spec.
func object(t *testing.T, name, spec string) *unstructured.Unstructured {
	t.Helper()

	objs, err := ParseObjects([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}

	s := objs[0].Object
	s["providerConfigRef"] = map[string]any{"kind": "ClusterProviderConfig", "name": RemoteConfig}

	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubernetes.m.crossplane.io/v1alpha1", "kind": "Object",
		"metadata": map[string]any{"name": name, "namespace": metav1.NamespaceDefault},
		"spec":     s,
	}}
}
