package controlplane

import (
	"context"
	"fmt"
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

// functionName is what the package manager calls the function when it installs
// it because the configuration depends on it.
const functionName = "graphplane-function-graphplane"

// TestControlPlane starts one control plane and looks at every property that it
// promises. The tests of a crash and of stopping come last: they end it.
func TestControlPlane(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}

	var log strings.Builder

	cp, err := Start(t.Context(), Options{Log: &log})
	if err != nil {
		t.Fatalf("Start: %v\n%s", err, log.String())
	}

	t.Cleanup(func() {
		_ = cp.Stop()

		if t.Failed() {
			t.Log(log.String())
		}
	})

	if err := cp.InstallGraphplane(t.Context()); err != nil {
		t.Fatalf("InstallGraphplane: %v", err)
	}

	for _, s := range []struct {
		name string
		test func(*testing.T, *ControlPlane)
	}{
		{"BinariesAreCached", testBinariesAreCached},
		{"PodsAreScheduled", testPodsAreScheduled},
		{"ClaimsAreBound", testClaimsAreBound},
		{"RightsAreLimited", testRightsAreLimited},
		{"UsageProtects", testUsageProtects},
		{"FunctionRunsAsImageUser", testFunctionRunsAsImageUser},
		{"FunctionIsStartedAgain", testFunctionIsStartedAgain},
		{"FunctionIsSuspended", testFunctionIsSuspended},
		{"CrossplaneIsRestarted", testCrossplaneIsRestarted},
		{"CrashIsReported", testCrashIsReported},
	} {
		t.Run(s.name, func(t *testing.T) { s.test(t, cp) })
	}
}

func testBinariesAreCached(t *testing.T, _ *ControlPlane) {
	for _, name := range Tools() {
		var log strings.Builder

		if _, err := Tool(t.Context(), name, &log); err != nil || log.String() != "" {
			t.Errorf("Tool(%s) after a start: want no work, got error %v and %q", name, err, log.String())
		}
	}
}

func testPodsAreScheduled(t *testing.T, cp *ControlPlane) {
	d := gpuDeployment()
	deployments := cp.client.AppsV1().Deployments(d.Namespace)

	if _, err := deployments.Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the Deployment is available", func() bool {
		now, err := deployments.Get(t.Context(), d.Name, metav1.GetOptions{})
		return err == nil && now.Status.AvailableReplicas == *d.Spec.Replicas
	})

	pods := listPods(t, cp)
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

	eventually(t, "the pods are gone", func() bool { return len(listPods(t, cp)) == 0 })
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

func testClaimsAreBound(t *testing.T, cp *ControlPlane) {
	claims := cp.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
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
		l, err := cp.client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
		return err == nil && len(l.Items) == 0
	})
}

// testRightsAreLimited shows that Crossplane may do what it is granted only: a
// missing right in package/rbac.yaml makes a test fail.
func testRightsAreLimited(t *testing.T, cp *ControlPlane) {
	may := func(ctx context.Context) bool {
		r, err := cp.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:crossplane-system:crossplane",
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: metav1.NamespaceDefault, Verb: "create", Group: "batch", Resource: "jobs",
				},
			},
		}, metav1.CreateOptions{})

		return err == nil && r.Status.Allowed
	}

	if may(t.Context()) {
		t.Error("Crossplane may create Jobs before that has been granted")
	}

	_, err := cp.client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{
			Name:   "jobs",
			Labels: map[string]string{"rbac.crossplane.io/aggregate-to-crossplane": "true"},
		},
		Rules: []rbacv1.PolicyRule{{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"*"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	eventually(t, "Crossplane may create Jobs once that has been granted", func() bool { return may(t.Context()) })
}

func testUsageProtects(t *testing.T, cp *ControlPlane) {
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

	if err := cp.Apply(t.Context(), metav1.NamespaceDefault, objs...); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	if err := cp.Wait(ctx, objs[2], "Ready"); err != nil {
		t.Fatal(err)
	}

	err = cp.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Delete(ctx, "used", metav1.DeleteOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("deletion of what is in use: want a conflict, got %v", err)
	}
}

// functionProcess returns the process of the function.
func functionProcess(t *testing.T, cp *ControlPlane) int {
	t.Helper()

	found := cp.runtime.find(functionName)
	if len(found) != 1 {
		t.Fatalf("want one process of %s, got %d", functionName, len(found))
	}

	return found[0].cmd.Process.Pid
}

func functionHealthy(t *testing.T, cp *ControlPlane) error {
	t.Helper()

	f, err := cp.dynamic.Resource(packageResource("functions")).Get(t.Context(), functionName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return Check(f, "Healthy")
}

func testFunctionRunsAsImageUser(t *testing.T, cp *ControlPlane) {
	if os.Geteuid() != 0 {
		t.Skip("only root may become another user")
	}

	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", functionProcess(t, cp)))
	if err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(string(b), "\nUid:\t65532\t65532\t65532\t65532\n") {
		t.Errorf("want the function to run as the user of its image, got:\n%s", b)
	}
}

func testFunctionIsStartedAgain(t *testing.T, cp *ControlPlane) {
	was := functionProcess(t, cp)

	if err := cp.KillFunction(functionName); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the function runs again", func() bool { return len(cp.runtime.find(functionName)) == 1 })

	if now := functionProcess(t, cp); now == was {
		t.Errorf("want another process than %d", was)
	}

	eventually(t, "the function is healthy again", func() bool { return functionHealthy(t, cp) == nil })

	if n := cp.Restarts(functionName); n != 1 {
		t.Errorf("want 1 restart, got %d", n)
	}
}

func testFunctionIsSuspended(t *testing.T, cp *ControlPlane) {
	if err := cp.SuspendFunction(functionName); err != nil {
		t.Fatal(err)
	}

	eventually(t, "Crossplane knows that the function is down", func() bool { return functionHealthy(t, cp) != nil })
	cp.ResumeFunction(functionName)
	eventually(t, "the function is healthy again", func() bool { return functionHealthy(t, cp) == nil })
}

func testCrossplaneIsRestarted(t *testing.T, cp *ControlPlane) {
	was := cp.Processes()["crossplane"]

	if err := cp.RestartCrossplane(t.Context()); err != nil {
		t.Fatal(err)
	}

	if now := cp.Processes()["crossplane"]; now == was || now == 0 {
		t.Errorf("want another process than %d, got %d", was, now)
	}

	if err := cp.Err(); err != nil {
		t.Errorf("a restart is no crash: %v", err)
	}
}

func testCrashIsReported(t *testing.T, cp *ControlPlane) {
	pids := cp.Processes()

	if err := syscall.Kill(pids["kwok"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	select {
	case <-cp.Failed():
	case <-time.After(10 * time.Second):
		t.Fatal("a crash is not noticed")
	}

	for _, want := range []string{"kwok", "signal: killed", cp.LogFile("kwok")} {
		if !strings.Contains(cp.Err().Error(), want) {
			t.Errorf("report of a crash: want %q in it, got: %v", want, cp.Err())
		}
	}

	if err := cp.Stop(); err == nil {
		t.Error("Stop: want the crash as the error")
	}

	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("Stop: process %s is left", name)
		}
	}

	if _, err := os.Stat(cp.Dir); !os.IsNotExist(err) {
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
