package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// RemoteConfig is the name of the ClusterProviderConfig of provider-kubernetes by which the remote cluster is reached.
// Its kubeconfig is in the key kubeconfig of the Secret of that name in Crossplane's namespace.
const RemoteConfig = "remote"

// startRemote starts the second cluster: its own API server, controller manager, scheduler and nodes. It shares etcd with
// the first, in another keyspace.
func (cp *ControlPlane) startRemote(ctx context.Context) error {
	cp.Remote = &Cluster{
		Dir: filepath.Join(cp.Dir, "remote"), prefix: "remote-",
		log: cp.log, tools: cp.tools, super: cp.super, etcd: cp.etcd,
	}

	if err := makeDirs(cp.Dir, "remote"); err != nil {
		return err
	}

	if err := makeDirs(cp.Remote.Dir, "secrets"); err != nil {
		return err
	}

	for _, start := range []func(context.Context) error{
		cp.Remote.startAPIServer, cp.Remote.startControllerManager, cp.Remote.startScheduler,
		func(context.Context) error { return cp.Remote.connectDynamic() },
		func(ctx context.Context) error { return cp.Remote.startNodes(ctx, cp.options.RemoteNodes) },
		cp.Remote.createStorageClass, cp.startProviderKubernetes, cp.configureRemote,
	} {
		if err := start(ctx); err != nil {
			return err
		}
	}

	return nil
}

// configureRemote tells provider-kubernetes how to reach the remote cluster.
func (cp *ControlPlane) configureRemote(ctx context.Context) error {
	kubeconfig, err := os.ReadFile(cp.Remote.Kubeconfig)
	if err != nil {
		return fmt.Errorf("cannot read kubeconfig of the remote cluster: %w", err)
	}

	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: RemoteConfig},
		Data:       map[string][]byte{"kubeconfig": kubeconfig},
	}
	if _, err := cp.client.CoreV1().Secrets(crossplaneNamespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create Secret of the remote cluster: %w", err)
	}

	return cp.Apply(ctx, "", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
		"kind":       "ClusterProviderConfig",
		"metadata":   map[string]any{"name": RemoteConfig},
		"spec": map[string]any{"credentials": map[string]any{
			"source": "Secret",
			"secretRef": map[string]any{
				"namespace": crossplaneNamespace, "name": RemoteConfig, "key": "kubeconfig",
			},
		}},
	}})
}

// startProviderKubernetes defines the kinds of provider-kubernetes and starts its controllers. Its own rights are not what
// is tested here.
func (cp *ControlPlane) startProviderKubernetes(ctx context.Context) error {
	bin, err := cp.tools.path(ctx, providerKubernetesTool())
	if err != nil {
		return err
	}

	objs, err := kubernetesDefinitions().objects(ctx, cp.tools)
	if err != nil {
		return err
	}

	if err := cp.define(ctx, providerKubernetes, objs); err != nil {
		return err
	}

	ca, err := newAuthority("graphplane-provider-kubernetes")
	if err != nil {
		return err
	}

	serving, err := ca.serve(providerKubernetes)
	if err != nil {
		return err
	}

	certs := filepath.Join(cp.Dir, "secrets", providerKubernetes)
	if err := writeFiles(certs, serving.files()); err != nil {
		return err
	}

	ports, err := freePorts(ctx, 3)
	if err != nil {
		return err
	}

	_, err = cp.super.start(command{
		name: providerKubernetes, path: bin,
		args: []string{
			// As a platform that runs workloads elsewhere does, so that what happens there is seen at once. Without
			// it, and for an object that does not ask to be watched, a change is seen at the next poll.
			"--enable-watches", "--poll=5s",
			fmt.Sprintf("--webhook-port=%d", ports[0]),
			fmt.Sprintf("--metrics-bind-address=127.0.0.1:%d", ports[1]),
			fmt.Sprintf("--health-probe-bind-addr=127.0.0.1:%d", ports[2]),
		},
		env: []string{"HOME=" + cp.Dir, "KUBECONFIG=" + cp.kubeconfig(providerKubernetes), "TLS_SERVER_CERTS_DIR=" + certs},
	})
	if err != nil {
		return err
	}

	return cp.super.wait(ctx, providerKubernetes, func(ctx context.Context) error {
		return get(ctx, fmt.Sprintf("http://127.0.0.1:%d/readyz", ports[2]))
	})
}
