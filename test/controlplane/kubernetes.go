package controlplane

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// A user that authenticates with a token of its own.
type user struct {
	name  string
	group string
	token string
}

func newUser(name, group string) user {
	return user{name: name, group: group, token: rand.Text()}
}

func (u user) csv() string {
	return fmt.Sprintf("%s,%s,%s,%q\n", u.token, u.name, u.name, u.group)
}

// partEnv is the environment of the programs that a cluster is made of. On a few processors, what collects their garbage
// takes a third of the time from what is tested on them; memory there is.
func partEnv() []string {
	return []string{"GOGC=400", "GOMEMLIMIT=2GiB"}
}

// startEtcd starts etcd and waits until it answers.
func (cp *ControlPlane) startEtcd(ctx context.Context) error {
	bin, err := cp.tools.path(ctx, etcdTool())
	if err != nil {
		return err
	}

	ports, err := freePorts(ctx, 2)
	if err != nil {
		return err
	}

	cp.etcd = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peer := fmt.Sprintf("http://127.0.0.1:%d", ports[1])

	_, err = cp.super.start(command{name: "etcd", path: bin, env: partEnv(), args: []string{
		"--data-dir=" + filepath.Join(cp.Dir, "etcd"),
		"--listen-client-urls=" + cp.etcd,
		"--advertise-client-urls=" + cp.etcd,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		// The state is thrown away at the end, so it need not reach the disk.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}})
	if err != nil {
		return err
	}

	return cp.super.wait(ctx, "etcd", func(ctx context.Context) error { return get(ctx, cp.etcd+"/health") })
}

// get succeeds when a URL answers with status 200.
func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("cannot make request: %w", err)
	}

	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("cannot get %s: %w", url, err)
	}
	defer rsp.Body.Close() //nolint:errcheck // Nothing was written.

	if rsp.StatusCode != http.StatusOK {
		return fmt.Errorf("cannot get %s: status %s", url, rsp.Status)
	}

	return nil
}

// startAPIServer starts the Kubernetes API server, with RBAC, and waits until it
// is ready. It sets the administrator's kubeconfig.
func (cl *Cluster) startAPIServer(ctx context.Context) error {
	bin, err := cl.tools.path(ctx, kubernetesTool("kube-apiserver"))
	if err != nil {
		return err
	}

	ports, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}

	cl.server = fmt.Sprintf("https://127.0.0.1:%d", ports[0])
	if err := cl.prepareAPIServer(); err != nil {
		return err
	}

	audit, err := cl.auditArgs()
	if err != nil {
		return err
	}

	secrets := filepath.Join(cl.Dir, "secrets")

	_, err = cl.super.start(command{name: cl.prefix + "kube-apiserver", path: bin, env: partEnv(), args: append([]string{
		"--etcd-servers=" + cl.etcd,
		"--etcd-prefix=/" + cl.prefix + "registry",
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", ports[0]),
		"--cert-dir=" + secrets,
		"--tls-cert-file=" + filepath.Join(secrets, "tls.crt"),
		"--tls-private-key-file=" + filepath.Join(secrets, "tls.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + filepath.Join(secrets, "sa.pub"),
		"--service-account-signing-key-file=" + filepath.Join(secrets, "sa.key"),
		"--token-auth-file=" + filepath.Join(secrets, "tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.0.0.0/16",
		// Nobody connects to the kubernetes Service, whose endpoint may not
		// be a loopback address.
		"--endpoint-reconciler-type=none",
		// As kubeadm does. That tenants may not is for policy to say.
		"--allow-privileged=true",
	}, audit...)})
	if err != nil {
		return err
	}

	if cl.config, err = loadConfig(cl.Kubeconfig); err != nil {
		return err
	}

	client, err := kubernetes.NewForConfig(cl.config)
	if err != nil {
		return fmt.Errorf("cannot make client: %w", err)
	}

	cl.client = client

	return cl.super.wait(ctx, cl.prefix+"kube-apiserver", func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// prepareAPIServer writes keys, certificates, tokens and kubeconfigs.
func (cl *Cluster) prepareAPIServer() error {
	ca, err := newAuthority("graphplane-kubernetes")
	if err != nil {
		return err
	}

	serving, err := ca.serve("kube-apiserver", "kubernetes.default.svc")
	if err != nil {
		return err
	}

	secrets := filepath.Join(cl.Dir, "secrets")
	if err := writeKeyPair(filepath.Join(secrets, "sa.key"), filepath.Join(secrets, "sa.pub")); err != nil {
		return err
	}

	cl.ca = ca.pem

	var tokens strings.Builder

	for _, u := range []user{
		newUser("admin", "system:masters"),
		newUser("system:kube-controller-manager", ""),
		newUser("system:kube-scheduler", ""),
		// KWOK plays the kubelets of all nodes, so it may do all they may.
		newUser("kwok", "system:masters"),
		// Its own rights are not what is tested here.
		newUser(lwsUser, "system:masters"),
		newUser(providerKubernetes, "system:masters"),
	} {
		tokens.WriteString(u.csv())

		if err := writeKubeconfig(cl.kubeconfig(u.name), cl.server, u.name, u.token, cl.ca); err != nil {
			return err
		}
	}

	cl.Kubeconfig = cl.kubeconfig("admin")
	files := serving.files()
	files["tokens.csv"] = []byte(tokens.String())

	return writeFiles(secrets, files)
}

// kubeconfig returns where the kubeconfig of a user is.
func (cl *Cluster) kubeconfig(user string) string {
	return filepath.Join(cl.Dir, "secrets", strings.TrimPrefix(user, "system:")+".kubeconfig")
}

// startControllerManager starts the controllers that need no cloud and no
// machines, each with its own ServiceAccount as in a real cluster.
func (cl *Cluster) startControllerManager(ctx context.Context) error {
	bin, err := cl.tools.path(ctx, kubernetesTool("kube-controller-manager"))
	if err != nil {
		return err
	}

	secrets := filepath.Join(cl.Dir, "secrets")

	_, err = cl.super.start(command{name: cl.prefix + "kube-controller-manager", path: bin, env: partEnv(), args: []string{
		"--kubeconfig=" + cl.kubeconfig("system:kube-controller-manager"),
		"--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + filepath.Join(secrets, "sa.key"),
		"--root-ca-file=" + filepath.Join(secrets, "ca.crt"),
		"--leader-elect=false",
		"--secure-port=0",
		// The defaults of 20 and 30 make the controllers what limits a
		// test that creates a hundred graphs.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		// A test cannot wait for minutes until an autoscaler believes its
		// metrics, or scales down.
		"--horizontal-pod-autoscaler-sync-period=2s",
		"--horizontal-pod-autoscaler-downscale-stabilization=10s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=1s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=1s",
	}})

	return err
}

func (cl *Cluster) startScheduler(ctx context.Context) error {
	bin, err := cl.tools.path(ctx, kubernetesTool("kube-scheduler"))
	if err != nil {
		return err
	}

	config, err := yaml.Marshal(map[string]any{
		"apiVersion":       "kubescheduler.config.k8s.io/v1",
		"kind":             "KubeSchedulerConfiguration",
		"clientConnection": map[string]any{"kubeconfig": cl.kubeconfig("system:kube-scheduler"), "qps": 500, "burst": 1000},
		"leaderElection":   map[string]any{"leaderElect": false},
		// It places the pods of the schedulers that graphs may name, too, each
		// by itself.
		"profiles": []any{
			map[string]any{"schedulerName": "default-scheduler"},
			map[string]any{"schedulerName": "kai-scheduler"},
			map[string]any{"schedulerName": "volcano"},
		},
	})
	if err != nil {
		return fmt.Errorf("cannot encode configuration of kube-scheduler: %w", err)
	}

	dir := filepath.Join(cl.Dir, "secrets", "kube-scheduler")
	if err := writeFiles(dir, map[string][]byte{"config.yaml": config}); err != nil {
		return err
	}

	_, err = cl.super.start(command{name: cl.prefix + "kube-scheduler", path: bin, env: partEnv(), args: []string{
		"--config=" + filepath.Join(dir, "config.yaml"),
		"--secure-port=0",
	}})

	return err
}

// makeStateDir makes the directory all state is in. Others may pass through it,
// since packages may run as another user, but not look into it.
func makeStateDir() (string, error) {
	dir, err := os.MkdirTemp("", "graphplane-")
	if err != nil {
		return "", fmt.Errorf("cannot make state directory: %w", err)
	}

	if err := os.Chmod(dir, 0o711); err != nil {
		return "", fmt.Errorf("cannot open state directory to package users: %w", err)
	}

	return dir, makeDirs(dir, "logs", "secrets", "crossplane")
}
