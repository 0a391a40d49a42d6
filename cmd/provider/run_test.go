package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/apiserver"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestRun runs the whole process: safe-start, leader election, metrics, health
// and a graceful stop.
func TestRun(t *testing.T) {
	if apiserver.Binaries() == "" {
		t.Skip(apiserver.Missing)
	}
	ctrl.SetLogger(logr.Discard())
	server, err := apiserver.Start()
	fatal(t, err)
	t.Cleanup(func() { server.Stop() })
	s, err := scheme()
	fatal(t, err)
	c, err := client.New(server.Config, client.Options{Scheme: s})
	fatal(t, err)
	streams := inactive(t, c, "streams.nats.graphplane.io")

	o := &Options{
		Sync: time.Hour, Poll: time.Minute, PollState: time.Second, MaxReconcileRate: 100, EnableManagementPolicies: true,
		LeaderElection: true, MetricsAddress: free(t), HealthAddress: free(t), GracePeriod: 10 * time.Second, Again: true,
	}
	t.Setenv("POD_NAMESPACE", "default")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		err := run(ctx, server.Config, logging.NewNopLogger(), o)
		t.Logf("run has returned: %v", err)
		done <- err
	}()

	cluster := etcdtest.Start(t, etcdtest.Options{Members: 1})
	ref := &xpv2.ProviderConfigReference{Kind: "ClusterProviderConfig", Name: "default"}
	ep := &etcdv1alpha1.Endpoint{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "e"}, Spec: etcdv1alpha1.EndpointSpec{ManagedResourceSpec: xpv2.ManagedResourceSpec{ProviderConfigReference: ref}}}
	fatal(t, c.Create(ctx, &etcdv1alpha1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: etcdv1alpha1.ProviderConfigSpec{Endpoints: cluster.URLs()}}))
	fatal(t, c.Create(ctx, ep))
	ready(t, c, ep)

	// A kind that is activated later is served without a restart.
	fatal(t, c.Create(ctx, streams))
	system := natstest.Start(t, natstest.Options{Servers: 1})
	st := &natsv1alpha1.Stream{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s"}, Spec: natsv1alpha1.StreamSpec{
		ManagedResourceSpec: xpv2.ManagedResourceSpec{ProviderConfigReference: ref}, ForProvider: natsv1alpha1.StreamParameters{Subjects: []string{"s.>"}},
	}}
	ns := "default"
	basic := natsv1alpha1.Credentials{Basic: &access.Basic{SecretRef: access.SecretReference{Name: "app", Namespace: &ns}}}
	fatal(t, c.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "app"}, StringData: map[string]string{"username": natstest.AppUser, "password": natstest.Password(natstest.AppUser)}}))
	fatal(t, c.Create(ctx, &natsv1alpha1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: natsv1alpha1.ProviderConfigSpec{Servers: system.URLs(), Credentials: &basic}}))
	eventually(t, "the Stream's CRD is served", func() bool { return c.Create(ctx, st) == nil })
	ready(t, c, st)

	for path, want := range map[string]string{
		"http://" + o.HealthAddress + "/healthz":  "ok",
		"http://" + o.HealthAddress + "/readyz":   "ok",
		"http://" + o.MetricsAddress + "/metrics": `graphplane_endpoint_up{name="e",namespace="default",technology="etcd"} 1`,
	} {
		eventually(t, path+" has "+want, func() bool { return strings.Contains(get(path), want) })
	}

	begun := time.Now()
	stop()
	select {
	case err := <-done:
		fatal(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	t.Logf("stopped after %s", time.Since(begun))
}

// inactive takes a CRD away and returns it, ready to be created again.
func inactive(t *testing.T, c client.Client, name string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	fatal(t, c.Get(t.Context(), client.ObjectKey{Name: name}, crd))
	again := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: crd.Spec}
	fatal(t, c.Delete(t.Context(), crd))
	eventually(t, name+" is gone", func() bool {
		return c.Get(t.Context(), client.ObjectKey{Name: name}, crd) != nil
	})
	return again
}

type conditioned interface {
	client.Object
	GetCondition(ct xpv2.ConditionType) xpv2.Condition
}

func ready(t *testing.T, c client.Client, o conditioned) {
	t.Helper()
	end := time.Now().Add(40 * time.Second)
	for c.Get(t.Context(), client.ObjectKeyFromObject(o), o) != nil || o.GetCondition(xpv2.TypeReady).Status != corev1.ConditionTrue {
		if time.Now().After(end) {
			t.Fatalf("%s is not Ready: %+v, %+v", o.GetName(), o.GetCondition(xpv2.TypeReady), o.GetCondition(xpv2.TypeSynced))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !check(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func get(url string) string {
	rsp, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer rsp.Body.Close()
	b, err := io.ReadAll(rsp.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	defer l.Close()
	return l.Addr().String()
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
