package controlplane

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// lwsUser is who the controller of LeaderWorkerSet acts as.
const lwsUser = "lws"

// startLeaderWorkerSet installs LeaderWorkerSet and starts its controller. Its
// webhooks name the pods' ranks and addresses, so they run too, on loopback.
func (cp *ControlPlane) startLeaderWorkerSet(ctx context.Context) error {
	bin, err := cp.tools.path(ctx, lwsTool())
	if err != nil {
		return err
	}

	src, err := cp.tools.source(ctx, lwsTool())
	if err != nil {
		return err
	}

	if err := cp.applyLWSDefinitions(ctx, src); err != nil {
		return err
	}

	ports, err := freePorts(ctx, 2)
	if err != nil {
		return err
	}

	ca, err := cp.configureLWS(ports[0], ports[1])
	if err != nil {
		return err
	}

	_, err = cp.super.start(command{name: lwsTool().name, path: bin, args: []string{
		"--kubeconfig=" + cp.kubeconfig(lwsUser),
		"--config=" + filepath.Join(cp.Dir, "secrets", lwsUser, "config.yaml"),
		"--leader-elect=false",
		"--zap-log-level=info",
	}})
	if err != nil {
		return err
	}

	if err := cp.super.wait(ctx, "webhooks of LeaderWorkerSet", func(ctx context.Context) error { return dialTLS(ctx, ports[0]) }); err != nil {
		return err
	}

	hooks, err := lwsWebhooks(src, ports[0], ca)
	if err != nil {
		return err
	}

	return cp.Apply(ctx, "", hooks...)
}

// applyLWSDefinitions applies the definitions of the kinds that the controller
// watches, and waits until they are served.
func (cp *ControlPlane) applyLWSDefinitions(ctx context.Context, src string) error {
	files, err := filepath.Glob(filepath.Join(src, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return fmt.Errorf("cannot list definitions of LeaderWorkerSet: %w", err)
	}

	for _, f := range files {
		objs, err := ReadObjects(f)
		if err != nil {
			return err
		}

		if err := cp.Apply(ctx, "", objs...); err != nil {
			return err
		}

		for _, o := range objs {
			if err := cp.Wait(ctx, o, "Established"); err != nil {
				return err
			}
		}
	}

	return nil
}

// configureLWS writes the controller's configuration and the certificate of its
// webhooks, and returns the authority that signed it.
func (cp *ControlPlane) configureLWS(webhooks, health int) ([]byte, error) {
	ca, err := newAuthority("graphplane-lws")
	if err != nil {
		return nil, err
	}

	serving, err := ca.serve("lws-webhook")
	if err != nil {
		return nil, err
	}

	dir := filepath.Join(cp.Dir, "secrets", lwsUser)

	config, err := yaml.Marshal(map[string]any{
		"apiVersion":             "config.lws.x-k8s.io/v1alpha1",
		"kind":                   "Configuration",
		"leaderElection":         map[string]any{"leaderElect": false},
		"internalCertManagement": map[string]any{"enable": false},
		"webhook":                map[string]any{"host": "127.0.0.1", "port": webhooks, "certDir": dir},
		"metrics":                map[string]any{"bindAddress": "0"},
		"health":                 map[string]any{"healthProbeBindAddress": fmt.Sprintf("127.0.0.1:%d", health)},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot encode configuration of LeaderWorkerSet: %w", err)
	}

	files := serving.files()
	files["config.yaml"] = config

	return serving.ca, writeFiles(dir, files)
}

// lwsWebhooks are the webhooks of the module's source, at a port on loopback
// rather than behind a Service, whose address nobody serves here. Those of pods
// see only pods of a LeaderWorkerSet, as the released manifests have it.
func lwsWebhooks(src string, port int, ca []byte) ([]*unstructured.Unstructured, error) {
	objs, err := ReadObjects(filepath.Join(src, "config", "webhook", "manifests.yaml"))
	if err != nil {
		return nil, err
	}

	for _, o := range objs {
		o.SetName("lws-" + o.GetName())

		hooks, _, err := unstructured.NestedSlice(o.Object, "webhooks")
		if err != nil {
			return nil, fmt.Errorf("cannot read webhooks of LeaderWorkerSet: %w", err)
		}

		for _, h := range hooks {
			m, ok := h.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("cannot read webhook of LeaderWorkerSet: it is a %T", h)
			}

			path, _, _ := unstructured.NestedString(m, "clientConfig", "service", "path")
			m["clientConfig"] = map[string]any{
				"url":      fmt.Sprintf("https://127.0.0.1:%d%s", port, path),
				"caBundle": base64.StdEncoding.EncodeToString(ca),
			}

			if strings.HasSuffix(path, "-pod") {
				m["objectSelector"] = map[string]any{"matchExpressions": []any{
					map[string]any{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"},
				}}
			}
		}

		if err := unstructured.SetNestedSlice(o.Object, hooks, "webhooks"); err != nil {
			return nil, fmt.Errorf("cannot write webhooks of LeaderWorkerSet: %w", err)
		}
	}

	return objs, nil
}

// dialTLS succeeds when something on a loopback port speaks TLS.
func dialTLS(ctx context.Context, port int) error {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}

	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}

	_ = c.Close()

	return nil
}
