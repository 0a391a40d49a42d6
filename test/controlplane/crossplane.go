package controlplane

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	crossplaneNamespace = "crossplane-system"

	// crossplaneTimeout bounds each of Crossplane's steps. All take seconds.
	crossplaneTimeout = 2 * time.Minute

	usageWebhook = "crossplane-no-usages"

	// reconcilesPerCPU is how many objects Crossplane reconciles at once for each CPU. With its default of a hundred, what it reads is
	// older than what it last wrote as soon as many graphs keep the API server busy. It then writes the conditions of
	// before, mends them, and takes both for news, until the load ends.
	reconcilesPerCPU = 4
)

// crossplane is what it takes to start Crossplane, and to start it again.
type crossplane struct {
	ca      *authority
	command command
	health  string
	process *process
}

// startCrossplane installs and starts Crossplane as its Helm chart does: with
// its ServiceAccounts and their rights, and no more.
func (cp *ControlPlane) startCrossplane(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, crossplaneTimeout)
	defer cancel()

	if err := cp.connectDynamic(); err != nil {
		return err
	}

	src, err := cp.tools.source(ctx, coreTool())
	if err != nil {
		return err
	}

	if err := cp.applyChart(ctx, filepath.Join(src, "cluster", "charts", "crossplane")); err != nil {
		return err
	}

	for _, account := range []string{"crossplane", "rbac-manager"} {
		if err := cp.issueToken(ctx, crossplaneNamespace, account); err != nil {
			return err
		}
	}

	if err := cp.initCrossplane(ctx, src); err != nil {
		return err
	}

	if err := cp.startCore(ctx); err != nil {
		return err
	}

	return cp.startRBACManager(ctx)
}

func (cp *ControlPlane) applyChart(ctx context.Context, dir string) error {
	objs, err := chartObjects(dir)
	if err != nil {
		return err
	}

	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: crossplaneNamespace}}
	if _, err := cp.client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create namespace of Crossplane: %w", err)
	}

	return cp.Apply(ctx, crossplaneNamespace, objs...)
}

// issueToken writes a kubeconfig with a token of a ServiceAccount.
func (cp *ControlPlane) issueToken(ctx context.Context, namespace, account string) error {
	lifetime := int64(certLifetime.Seconds())
	req := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &lifetime}}

	rsp, err := cp.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, req, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cannot get a token of ServiceAccount %s: %w", account, err)
	}

	return writeKubeconfig(cp.kubeconfig(account), cp.server, account, rsp.Status.Token, cp.ca)
}

// initCrossplane does what the init containers of Crossplane's pods do.
//
// The first attempts may fail: the rights of Crossplane are aggregated by the
// controller manager, which takes a moment, and initialising creates objects of
// kinds it has just defined and that may not be served yet.
func (cp *ControlPlane) initCrossplane(ctx context.Context, src string) error {
	env := append(cp.crossplaneEnv("crossplane"),
		"WEBHOOK_SERVICE_NAME=crossplane-webhooks",
		"WEBHOOK_SERVICE_NAMESPACE="+crossplaneNamespace,
		"WEBHOOK_SERVICE_PORT=9443",
		"TLS_CA_SECRET_NAME=crossplane-root-ca",
		"TLS_SERVER_SECRET_NAME=crossplane-tls-server",
		"TLS_CLIENT_SECRET_NAME=crossplane-tls-client",
		"CRDS_PATH="+filepath.Join(src, "cluster", "crds"),
		"WEBHOOK_CONFIGS_PATH="+filepath.Join(src, "cluster", "webhookconfigurations"),
	)

	for _, c := range []command{
		{name: "crossplane-init", path: cp.Core, args: []string{"core", "init", "--activation=*"}, env: env},
		{name: "rbac-init", path: cp.Core, args: []string{"rbac", "init"}, env: cp.crossplaneEnv("rbac-manager")},
	} {
		err := cp.super.wait(ctx, c.name, func(ctx context.Context) error { return cp.super.run(ctx, c) })
		if err != nil {
			return err
		}
	}

	return nil
}

// crossplaneEnv is the environment common to Crossplane's processes.
func (cp *ControlPlane) crossplaneEnv(account string) []string {
	return []string{
		"HOME=" + filepath.Join(cp.Dir, "crossplane"),
		"KUBECONFIG=" + cp.kubeconfig(account),
		"POD_NAMESPACE=" + crossplaneNamespace,
		"POD_SERVICE_ACCOUNT=" + account,
	}
}

// startCore starts Crossplane itself.
func (cp *ControlPlane) startCore(ctx context.Context) error {
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return err
	}

	ca, err := cp.crossplaneCA(ctx)
	if err != nil {
		return err
	}

	dir := filepath.Join(cp.Dir, "crossplane")
	if err := cp.writeCoreCerts(ctx, ca, dir); err != nil {
		return err
	}

	if err := cp.redirectUsageWebhook(ctx, ports[0], ca.pem); err != nil {
		return err
	}

	cp.crossplane = &crossplane{
		ca:     ca,
		health: fmt.Sprintf("http://127.0.0.1:%d/readyz", ports[2]),
		command: command{
			name: "crossplane", path: cp.Core,
			args: append([]string{"core", "start", "--package-runtime=External", "--max-reconcile-rate=" + strconv.Itoa(cmp.Or(cp.options.ReconcilesPerCPU, reconcilesPerCPU)*runtime.NumCPU())}, cp.options.CrossplaneArgs...),
			env: append(cp.crossplaneEnv("crossplane"),
				"TLS_SERVER_SECRET_NAME=crossplane-tls-server",
				"TLS_SERVER_CERTS_DIR="+filepath.Join(dir, "tls-server"),
				"TLS_CLIENT_SECRET_NAME=crossplane-tls-client",
				"TLS_CLIENT_CERTS_DIR="+filepath.Join(dir, "tls-client"),
				"XPKG_CACHE_DIR="+filepath.Join(dir, "xpkg"),
				"XFN_CACHE_DIR="+filepath.Join(dir, "xfn"),
				fmt.Sprintf("WEBHOOK_PORT=%d", ports[0]),
				fmt.Sprintf("METRICS_PORT=%d", ports[1]),
				fmt.Sprintf("HEALTH_PROBE_PORT=%d", ports[2]),
			),
		},
	}
	cp.CrossplaneMetrics = fmt.Sprintf("http://127.0.0.1:%d/metrics", ports[1])

	if err := makeDirs(dir, "xpkg", "xfn"); err != nil {
		return err
	}

	return cp.runCore(ctx)
}

func (cp *ControlPlane) runCore(ctx context.Context) error {
	p, err := cp.super.start(cp.crossplane.command)
	if err != nil {
		return err
	}

	cp.crossplane.process = p

	return cp.super.wait(ctx, "crossplane", func(ctx context.Context) error {
		return get(ctx, cp.crossplane.health)
	})
}

// RestartCrossplane stops Crossplane, starts it again and waits until it says
// that it is ready.
func (cp *ControlPlane) RestartCrossplane(ctx context.Context) error {
	cp.super.stop(cp.crossplane.process)

	return cp.runCore(ctx)
}

func (cp *ControlPlane) startRBACManager(_ context.Context) error {
	_, err := cp.super.start(command{
		name: "rbac-manager", path: cp.Core,
		args: []string{"rbac", "start", "--provider-clusterrole=crossplane:allowed-provider-permissions"},
		env:  cp.crossplaneEnv("rbac-manager"),
	})

	return err
}

func (cp *ControlPlane) crossplaneCA(ctx context.Context) (*authority, error) {
	s, err := cp.client.CoreV1().Secrets(crossplaneNamespace).Get(ctx, "crossplane-root-ca", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot get Crossplane's certificate authority: %w", err)
	}

	return parseAuthority(s.Data["tls.crt"], s.Data["tls.key"])
}

// writeCoreCerts writes what the chart mounts. The server's certificate is one
// of our own, since the one in the Secret is not valid for a loopback address.
func (cp *ControlPlane) writeCoreCerts(ctx context.Context, ca *authority, dir string) error {
	client, err := cp.client.CoreV1().Secrets(crossplaneNamespace).Get(ctx, "crossplane-tls-client", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot get Crossplane's client certificate: %w", err)
	}

	if err := writeFiles(filepath.Join(dir, "tls-client"), client.Data); err != nil {
		return err
	}

	server, err := ca.serve("crossplane-webhooks")
	if err != nil {
		return err
	}

	return writeFiles(filepath.Join(dir, "tls-server"), server.files())
}

// redirectUsageWebhook makes the API server reach Crossplane's webhook without a
// Service, for which there is no proxy here.
func (cp *ControlPlane) redirectUsageWebhook(ctx context.Context, port int, ca []byte) error {
	patch, err := json.Marshal([]map[string]any{{
		"op": "replace", "path": "/webhooks/0/clientConfig",
		"value": map[string]any{
			"url":      fmt.Sprintf("https://127.0.0.1:%d/validate-no-usages", port),
			"caBundle": ca,
		},
	}})
	if err != nil {
		return fmt.Errorf("cannot encode webhook patch: %w", err)
	}

	_, err = cp.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().
		Patch(ctx, usageWebhook, types.JSONPatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("cannot redirect webhook %s: %w", usageWebhook, err)
	}

	return nil
}
