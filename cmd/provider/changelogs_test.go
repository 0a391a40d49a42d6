package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	changelogsv1alpha1 "github.com/crossplane/crossplane-runtime/v2/apis/changelogs/proto/v1alpha1"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/test/apiserver"
	"github.com/graphplane/graphplane/test/etcdtest"
)

// A sidecar keeps the change log entries that it is sent.
type sidecar struct {
	changelogsv1alpha1.UnimplementedChangeLogServiceServer

	mu      sync.Mutex
	entries []*changelogsv1alpha1.ChangeLogEntry
}

// SendChangeLog keeps an entry.
func (s *sidecar) SendChangeLog(_ context.Context, r *changelogsv1alpha1.SendChangeLogRequest) (*changelogsv1alpha1.SendChangeLogResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, r.GetEntry())
	return &changelogsv1alpha1.SendChangeLogResponse{}, nil
}

// seen operations on resources of a name that succeeded, and all that was told
// of them.
func (s *sidecar) seen(name string) (operations []string, told string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Builder{}
	for _, e := range s.entries {
		all.WriteString(e.String())
		if e.GetName() == name && e.GetErrorMessage() == "" {
			operations = append(operations, e.GetOperation().String())
		}
	}
	return operations, all.String()
}

// TestChangeLogs runs the process with change logs on: it tells the sidecar what
// it creates, updates and deletes, and no secret with it.
func TestChangeLogs(t *testing.T) {
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

	socket := filepath.Join(t.TempDir(), "changelogs.sock")
	l, err := net.Listen("unix", socket)
	fatal(t, err)
	side, g := &sidecar{}, grpc.NewServer()
	changelogsv1alpha1.RegisterChangeLogServiceServer(g, side)
	go g.Serve(l)
	t.Cleanup(g.Stop)

	o := &Options{
		Sync: time.Hour, Poll: time.Second, PollState: time.Second, MaxReconcileRate: 100, EnableManagementPolicies: true,
		EnableChangelogs: true, ChangelogsSocketPath: socket, MetricsAddress: "0", HealthAddress: "0", GracePeriod: 10 * time.Second, Again: true,
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, server.Config, logging.NewNopLogger(), o) }()
	t.Cleanup(func() {
		stop()
		fatal(t, <-done)
	})

	const password = "s3cr3t-root"
	cluster := etcdtest.Start(t, etcdtest.Options{Members: 1, RootPassword: password})
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "default", Name: name} }
	prefix := "v1/g/"
	role := &etcdv1alpha1.Role{ObjectMeta: meta("r"), Spec: etcdv1alpha1.RoleSpec{
		ManagedResourceSpec: xpv2.ManagedResourceSpec{ProviderConfigReference: &xpv2.ProviderConfigReference{Kind: "ProviderConfig", Name: "default"}},
		ForProvider:         etcdv1alpha1.RoleParameters{Permissions: []etcdv1alpha1.Permission{{Type: etcdv1alpha1.PermissionRead, Prefix: &prefix}}},
	}}
	for _, x := range []client.Object{
		&corev1.Secret{ObjectMeta: meta("root"), StringData: map[string]string{"username": "root", "password": password}},
		&etcdv1alpha1.ProviderConfig{ObjectMeta: meta("default"), Spec: etcdv1alpha1.ProviderConfigSpec{
			Endpoints: cluster.URLs(), Credentials: &etcdv1alpha1.Credentials{Basic: access.Basic{SecretRef: access.SecretReference{Name: "root"}}},
		}},
		role,
	} {
		fatal(t, c.Create(ctx, x))
	}
	ready(t, c, role)
	eventually(t, "the Role is edited", func() bool {
		role.Spec.ForProvider.Permissions[0].Type = etcdv1alpha1.PermissionReadWrite
		return c.Update(ctx, role) == nil || c.Get(ctx, client.ObjectKeyFromObject(role), role) != nil
	})
	eventually(t, "the update is told", func() bool { ops, _ := side.seen("r"); return len(ops) > 1 })
	fatal(t, c.Delete(ctx, role))
	eventually(t, "the Role is gone", func() bool { return c.Get(ctx, client.ObjectKeyFromObject(role), role) != nil })

	want := []string{"OPERATION_TYPE_CREATE", "OPERATION_TYPE_UPDATE", "OPERATION_TYPE_DELETE"}
	eventually(t, "the deletion is told", func() bool { ops, _ := side.seen("r"); return len(ops) >= len(want) })
	ops, told := side.seen("r")
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Errorf("operations in the change log: -want, +got:\n%s", diff)
	}
	if strings.Contains(told, password) {
		t.Error("the change log holds a password")
	}
}
