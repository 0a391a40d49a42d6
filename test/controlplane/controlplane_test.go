package controlplane

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestControlPlane starts one control plane and looks at every property that it
// promises. The tests of a crash and of stopping come last: they end it.
func TestControlPlane(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}

	cp := start(t, Options{Systems: true})

	if err := cp.InstallGraphplane(t.Context()); err != nil {
		t.Fatalf("InstallGraphplane: %v", err)
	}

	r := running{cp}

	t.Run("BinariesAreCached", r.binariesAreCached)
	t.Run("PodsAreScheduled", r.podsAreScheduled)
	t.Run("ClaimsAreBound", r.claimsAreBound)
	t.Run("RightsAreLimited", r.rightsAreLimited)
	t.Run("UsageProtects", r.usageProtects)
	t.Run("ProviderHasAccount", r.providerHasAccount)
	t.Run("SystemsAreReady", r.systemsAreReady)
	t.Run("FunctionRunsAsImageUser", r.functionRunsAsImageUser)
	t.Run("FunctionIsStartedAgain", r.functionIsStartedAgain)
	t.Run("FunctionIsSuspended", r.functionIsSuspended)
	t.Run("CrossplaneIsRestarted", r.crossplaneIsRestarted)
	t.Run("CrashIsReported", r.crashIsReported)
}

// running is a control plane under test.
type running struct{ *ControlPlane }

func (r running) binariesAreCached(t *testing.T) {
	for _, tool := range tools() {
		if !r.options.want(tool) {
			continue
		}

		var log strings.Builder

		if _, err := Tool(t.Context(), tool.name, &log); err != nil || log.String() != "" {
			t.Errorf("Tool(%s) after a start: want no work, got error %v and %q", tool.name, err, log.String())
		}
	}
}

func (r running) podsAreScheduled(t *testing.T) {
	d := gpuDeployment()
	deployments := r.client.AppsV1().Deployments(d.Namespace)

	if _, err := deployments.Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the Deployment is available", func() bool {
		now, err := deployments.Get(t.Context(), d.Name, metav1.GetOptions{})
		return err == nil && now.Status.AvailableReplicas == *d.Spec.Replicas
	})

	pods := listPods(t, r.ControlPlane)
	addresses := map[string]bool{}

	for _, p := range pods {
		addresses[p.Status.PodIP] = true

		if !strings.HasPrefix(p.Spec.NodeName, "gpu-") {
			t.Errorf("pod %s asks for GPUs, and is on node %s", p.Name, p.Spec.NodeName)
		}
	}

	if len(addresses) != len(pods) {
		t.Errorf("want an address for each of %d pods, got %v", len(pods), slices.Collect(maps.Keys(addresses)))
	}

	if err := deployments.Delete(t.Context(), d.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the pods are gone", func() bool { return len(listPods(t, r.ControlPlane)) == 0 })
}

func listPods(t *testing.T, cp *ControlPlane) []corev1.Pod {
	t.Helper()

	l, err := cp.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return l.Items
}

func gpuDeployment() *appsv1.Deployment {
	replicas := int32(3)
	labels := map[string]string{"app": "gpu"}

	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "gpu", Namespace: metav1.NamespaceDefault},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "main", Image: "example.org/nothing",
					Resources: corev1.ResourceRequirements{
						Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("4")},
					},
				}}},
			},
		},
	}
}

func (r running) claimsAreBound(t *testing.T) {
	claims := r.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "weights"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Ti")},
			},
		},
	}

	if _, err := claims.Create(t.Context(), c, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the claim is bound", func() bool {
		now, err := claims.Get(t.Context(), c.Name, metav1.GetOptions{})
		return err == nil && now.Status.Phase == corev1.ClaimBound
	})

	if err := claims.Delete(t.Context(), c.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the volume is gone", func() bool {
		l, err := r.client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
		return err == nil && len(l.Items) == 0
	})
}

// rightsAreLimited shows that Crossplane may do what it is granted only: a
// missing right in package/rbac.yaml makes a test fail. No graph has CronJobs.
func (r running) rightsAreLimited(t *testing.T) {
	may := func(ctx context.Context) bool {
		r, err := r.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:crossplane-system:crossplane",
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: metav1.NamespaceDefault, Verb: "create", Group: "batch", Resource: "cronjobs",
				},
			},
		}, metav1.CreateOptions{})

		return err == nil && r.Status.Allowed
	}

	if may(t.Context()) {
		t.Error("Crossplane may create CronJobs before that has been granted")
	}

	_, err := r.client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{
			Name:   "cronjobs",
			Labels: map[string]string{"rbac.crossplane.io/aggregate-to-crossplane": "true"},
		},
		Rules: []rbacv1.PolicyRule{{APIGroups: []string{"batch"}, Resources: []string{"cronjobs"}, Verbs: []string{"*"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	eventually(t, "Crossplane may create CronJobs once that has been granted", func() bool { return may(t.Context()) })
}

func (r running) usageProtects(t *testing.T) {
	objs, err := ParseObjects([]byte(`
apiVersion: v1
kind: ConfigMap
metadata: {name: used}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: user}
---
apiVersion: protection.crossplane.io/v1beta1
kind: Usage
metadata: {name: usage, namespace: default}
spec:
  of: {apiVersion: v1, kind: ConfigMap, resourceRef: {name: used}}
  by: {apiVersion: v1, kind: ConfigMap, resourceRef: {name: user}}
`))
	if err != nil {
		t.Fatal(err)
	}

	if err := r.Apply(t.Context(), metav1.NamespaceDefault, objs...); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	if err := r.Wait(ctx, objs[2], "Ready"); err != nil {
		t.Fatal(err)
	}

	err = r.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Delete(ctx, "used", metav1.DeleteOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("deletion of what is in use: want a conflict, got %v", err)
	}
}

func (r running) crossplaneIsRestarted(t *testing.T) {
	was := r.Processes()["crossplane"]

	if err := r.RestartCrossplane(t.Context()); err != nil {
		t.Fatal(err)
	}

	if now := r.Processes()["crossplane"]; now == was || now == 0 {
		t.Errorf("want another process than %d, got %d", was, now)
	}

	if err := r.Err(); err != nil {
		t.Errorf("a restart is no crash: %v", err)
	}
}

func (r running) crashIsReported(t *testing.T) {
	pids := r.Processes()

	if err := syscall.Kill(pids["kwok"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	select {
	case <-r.Failed():
	case <-time.After(10 * time.Second):
		t.Fatal("a crash is not noticed")
	}

	for _, want := range []string{"kwok", "signal: killed", r.LogFile("kwok")} {
		if !strings.Contains(r.Err().Error(), want) {
			t.Errorf("report of a crash: want %q in it, got: %v", want, r.Err())
		}
	}

	if err := r.Stop(); err == nil {
		t.Error("Stop: want the crash as the error")
	}

	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("Stop: process %s is left", name)
		}
	}

	if _, err := os.Stat(r.Dir); !os.IsNotExist(err) {
		t.Errorf("Stop: want no state left, got %v", err)
	}
}

// TestStartFails shows that a start which fails leaves nothing behind.
func TestStartFails(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}

	t.Setenv("TMPDIR", t.TempDir())

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()

	if cp, err := Start(ctx, Options{}); err == nil {
		_ = cp.Stop()

		t.Fatal("Start: want an error when its time is up")
	}

	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("Start: state is left: %v", left)
	}
}
