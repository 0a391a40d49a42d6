package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/test/controlplane"
)

// TestRemote runs the example of another cluster on one: its pods are placed there, an edit rolls out there, a manual edit
// is put back there, and of a deleted graph its claim is left there.
func TestRemote(t *testing.T) {
	there, err := kubernetes.NewForConfig(e2e.cp.Remote.Config())
	if err != nil {
		t.Fatal(err)
	}
	edge(t)
	const ns = "remote"
	namespace(t, ns)
	token := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "hf-token"}, StringData: map[string]string{"HF_TOKEN": "sesame"}}
	if _, err := e2e.kube.CoreV1().Secrets(ns).Create(t.Context(), token, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, "examples", "remote", "vllm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, ns, string(b))
	g.ready()

	remote := func() map[string][]string {
		pods, err := there.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelGraph + "=" + g.name})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string][]string{}
		for _, p := range pods.Items {
			if p.DeletionTimestamp == nil && p.Spec.NodeName != "" {
				c := p.Labels[v1alpha1.LabelComponent]
				out[c] = append(out[c], string(p.GetUID()))
			}
		}
		return out
	}
	before := remote()
	if len(before["frontend"]) != 1 || len(before["prefill"]) != 1 || len(before["decode"]) != 2 {
		t.Errorf("want a frontend, a prefill and two decode pods on nodes of the other cluster, got %v", before)
	}
	if n := len(g.pods()); n != 0 {
		t.Errorf("%d pods run in the cluster of the control plane", n)
	}
	s, err := there.CoreV1().Secrets(ns).Get(t.Context(), "hf-token", metav1.GetOptions{})
	if err != nil || string(s.Data["HF_TOKEN"]) != "sesame" {
		t.Errorf("the Secret of the pods is not in the other cluster: %v", err)
	}

	g.patch(op("replace", "/spec/components/2/replicas", 3))
	g.ready()
	after := remote()
	if len(after["decode"]) != 3 {
		t.Errorf("want three decode pods, got %v", after["decode"])
	}
	if before["prefill"][0] != after["prefill"][0] {
		t.Error("the prefill pod was replaced for an edit of decode")
	}

	err = there.AppsV1().Deployments(ns).Delete(t.Context(), g.name+"-prefill", metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a Deployment that was deleted in the other cluster is back", func() (bool, string) {
		d, err := there.AppsV1().Deployments(ns).Get(t.Context(), g.name+"-prefill", metav1.GetOptions{})
		return err == nil && d.Status.AvailableReplicas == 1, ""
	})
	g.ready()

	g.remove()
	eventually(t, "the graph's Deployments are gone from the other cluster", func() (bool, string) {
		l, err := there.AppsV1().Deployments(ns).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(l.Items) == 0, ""
	})
	if _, err := there.CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), g.name+"-weights", metav1.GetOptions{}); err != nil {
		t.Errorf("the retained claim is lost: %v", err)
	}
	if _, err := there.CoreV1().Services(ns).Get(t.Context(), g.name+"-decode", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a Service is left: %v", err)
	}
}

// TestRemoteSystems runs a graph with users of its own in etcd and NATS on another cluster: what gives it access is there as
// it is here, follows a change, and goes with the graph.
func TestRemoteSystems(t *testing.T) {
	there, err := kubernetes.NewForConfig(e2e.cp.Remote.Config())
	if err != nil {
		t.Fatal(err)
	}
	edge(t)
	b, err := os.ReadFile(filepath.Join(root, "examples", "systems", "isolated.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	x := tenant{graph: create(t, "remote-systems", strings.Replace(string(b), "spec:\n", "spec:\n  clusterRef: {name: edge}\n", 1))}
	x.ready()
	same := func(name string) (bool, string) {
		s, err := there.CoreV1().Secrets(x.namespace).Get(t.Context(), x.name+"-"+name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		// A diff would print what it is that has to be kept secret.
		return cmp.Equal(x.secret(t, name), s.Data), "what is there differs"
	}
	for _, name := range []string{"etcd-user", "nats-user"} {
		eventually(t, "the Secret "+name+" is there as it is here", func() (bool, string) { return same(name) })
	}
	// A password is rotated by whoever writes another one into the Secret: the provider sets it in etcd.
	other := []byte(`{"stringData":{"password":"an0ther-pa55word"}}`)
	_, err = e2e.kube.CoreV1().Secrets(x.namespace).Patch(t.Context(), x.name+"-etcd-user", types.MergePatchType, other, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other password is there", func() (bool, string) {
		ok, seen := same("etcd-user")
		return ok && string(x.secret(t, "etcd-user")["password"]) == "an0ther-pa55word", seen
	})
	eventually(t, "etcd takes the other password", func() (bool, string) {
		c, err := e2e.cp.EtcdSystem().Client(t.Context(), x.namespace+"."+x.name+"-etcd", "an0ther-pa55word")
		if err != nil {
			return false, err.Error()
		}
		return c.Close() == nil, ""
	})

	x.remove()
	eventually(t, "what gave access is gone from the other cluster", func() (bool, string) {
		l, err := there.CoreV1().Secrets(x.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return false, err.Error()
		}
		names := []string{}
		for _, s := range l.Items {
			names = append(names, s.Name)
		}
		return len(names) == 0, strings.Join(names, ", ")
	})
}

// edge applies the InferenceCluster edge of the examples, reached by the config of the control plane's other cluster.
func edge(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "examples", "cluster-remote.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	y := strings.Replace(string(b), "kind: ClusterProviderConfig, name: edge", "kind: ClusterProviderConfig, name: "+controlplane.RemoteConfig, 1)
	objs, err := controlplane.ParseObjects([]byte(y))
	if err != nil {
		t.Fatal(err)
	}
	if err := e2e.cp.Apply(t.Context(), "", objs...); err != nil {
		t.Fatal(err)
	}
	clusters := e2e.client.Resource(v1alpha1.GroupVersion.WithResource("inferenceclusters"))
	eventually(t, "InferenceCluster edge is Ready", func() (bool, string) {
		var u *unstructured.Unstructured
		u, err = clusters.Get(t.Context(), "edge", metav1.GetOptions{})
		return err == nil && conditionStatus(u, "Ready") == "True", ""
	})
}
