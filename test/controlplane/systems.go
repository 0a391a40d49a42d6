package controlplane

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Names of the ClusterProviderConfigs by which graphs reach the systems.
const (
	// EtcdConfig may manage roles and users. It publishes neither its user nor
	// its password, so a graph that uses it needs one of its own.
	EtcdConfig = "etcd"

	// EtcdSharedConfig has a user that may use the runtime's keys and no others,
	// and publishes it: graphs that use it see each other's keys.
	EtcdSharedConfig = "etcd-shared"

	// NATSConfig may mint users and see the whole system. It publishes no
	// credentials, so a graph that uses it needs some of its own.
	NATSConfig = "nats"

	// NATSSharedConfig publishes a user that may do everything in the account.
	NATSSharedConfig = "nats-shared"
)

// systemSize is how many servers each system has: the fewest of which one may be
// lost.
const systemSize = 3

// EtcdSystem returns the etcd cluster that graphs may use, apart from the control
// plane's own. It is nil without Options.Systems.
func (cp *ControlPlane) EtcdSystem() *EtcdSystem {
	return cp.etcdSystem
}

// NATSSystem returns the NATS system that graphs may use. It is nil without
// Options.Systems.
func (cp *ControlPlane) NATSSystem() *NATSSystem {
	return cp.natsSystem
}

// startSystems starts both systems and waits until they serve.
func (cp *ControlPlane) startSystems(ctx context.Context) error {
	var err error
	if cp.etcdSystem, err = cp.startEtcdSystem(ctx); err != nil {
		return err
	}

	cp.natsSystem, err = cp.startNATSSystem(ctx)

	return err
}

// configureSystems tells the provider of the systems, if there are any.
func (cp *ControlPlane) configureSystems(ctx context.Context) error {
	if !cp.options.Systems {
		return nil
	}

	return errors.Join(cp.etcdSystem.configure(ctx), cp.natsSystem.configure(ctx))
}

// store a Secret that ClusterProviderConfigs refer to. What it held is replaced.
func (cp *ControlPlane) store(ctx context.Context, name string, data map[string][]byte) error {
	secrets := cp.client.CoreV1().Secrets(crossplaneNamespace)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}

	_, err := secrets.Update(ctx, s, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, s, metav1.CreateOptions{})
	}

	if err != nil {
		return fmt.Errorf("cannot store Secret %s: %w", name, err)
	}

	return nil
}

// clusterProviderConfig of a technology.
func clusterProviderConfig(technology, name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": technology + ".graphplane.io/v1alpha1",
		"kind":       "ClusterProviderConfig",
		"metadata":   map[string]any{"name": name},
		"spec":       spec,
	}}
}

// secretRef refers to a Secret that store stored, and to one key of it unless
// that is empty.
func secretRef(name, key string) map[string]any {
	ref := map[string]any{"name": name, "namespace": crossplaneNamespace}
	if key != "" {
		ref["key"] = key
	}

	return ref
}

// addresses with a scheme, as clients take them.
func addresses(scheme string, ports []int) []string {
	out := make([]string, 0, len(ports))
	for _, p := range ports {
		out = append(out, fmt.Sprintf("%s://127.0.0.1:%d", scheme, p))
	}

	return out
}

// list of strings, as an unstructured object holds it.
func list(s []string) []any {
	out := make([]any, 0, len(s))
	for _, v := range s {
		out = append(out, v)
	}

	return out
}
