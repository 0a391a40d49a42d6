package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/graphplane/graphplane/test/controlplane"
)

// The provider, installed from its package and with the rights that Crossplane gives it, tells the truth about an etcd
// that is there and one that is not, and publishes how to reach the first.
func TestProvider(t *testing.T) {
	const y = `
apiVersion: etcd.graphplane.io/v1alpha1
kind: ProviderConfig
metadata: {name: %[1]s}
spec: {endpoints: ["%[2]s"]}
---
apiVersion: etcd.graphplane.io/v1alpha1
kind: Endpoint
metadata: {name: %[1]s}
spec:
  providerConfigRef: {kind: ProviderConfig, name: %[1]s}
  writeConnectionSecretToRef: {name: %[1]s}
  forProvider: {}
`
	ns := namespace(t, "systems")
	endpoints := e2e.client.Resource(schema.GroupVersionResource{Group: "etcd.graphplane.io", Version: "v1alpha1", Resource: "endpoints"}).Namespace(ns)
	for name, url := range map[string]string{"here": e2e.cp.Etcd(), "nowhere": "http://127.0.0.1:1"} {
		objs, err := controlplane.ParseObjects(fmt.Appendf(nil, y, name, url))
		if err != nil {
			t.Fatal(err)
		}
		if err := e2e.cp.Apply(t.Context(), ns, objs...); err != nil {
			t.Fatal(err)
		}
	}
	get := func(name string) *unstructured.Unstructured {
		u, err := endpoints.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	eventually(t, "the etcd that is there is Ready", func() (bool, string) {
		u := get("here")
		return conditionStatus(u, "Ready") == "True", fmt.Sprint(u.Object["status"])
	})
	eventually(t, "the etcd that is not there is not Ready", func() (bool, string) {
		u := get("nowhere")
		seen := fmt.Sprint(u.Object["status"])
		return conditionStatus(u, "Ready") == "False" && strings.Contains(seen, "nothing listens there"), seen
	})
	s, err := e2e.kube.CoreV1().Secrets(ns).Get(t.Context(), "here", metav1.GetOptions{})
	if err != nil || string(s.Data["endpoint"]) != e2e.cp.Etcd() {
		t.Errorf("want the URL of the etcd published, got %v, %v", s, err)
	}
	for _, name := range []string{"here", "nowhere"} {
		if err := endpoints.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "Endpoint "+name+" is gone", func() (bool, string) {
			_, err := endpoints.Get(t.Context(), name, metav1.GetOptions{})
			return apierrors.IsNotFound(err), fmt.Sprint(err)
		})
	}
}

// Both packages serve their metrics where they are told to, so that several control planes run on one machine.
func TestPackageMetrics(t *testing.T) {
	for name, want := range map[string]string{
		functionName: "graphplane_function_", "graphplane-provider-graphplane": "crossplane_managed_resource_",
	} {
		eventually(t, name+" serves metrics", func() (bool, string) {
			url, err := e2e.cp.PackageMetrics(name)
			if err != nil {
				return false, err.Error()
			}
			rsp, err := http.Get(url)
			if err != nil {
				return false, err.Error()
			}
			defer rsp.Body.Close()
			b, err := io.ReadAll(rsp.Body)
			return err == nil && strings.Contains(string(b), want), fmt.Sprintf("%s: %v, %d bytes", url, err, len(b))
		})
	}
}
