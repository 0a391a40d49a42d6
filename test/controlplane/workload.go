package controlplane

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	// shortLived is the age up to which the end of a process counts against
	// starting it again at once.
	shortLived = 5 * time.Second

	// longestPause between two starts of a process that does not stay up.
	longestPause = 5 * time.Second

	// filesDir holds a package's certificates, and a provider's kubeconfig.
	filesDir = "files"
)

// A workload is the process of one package revision.
type workload struct {
	pkg     string
	address string
	metrics string
	secret  string
	command command

	process *process
	started time.Time

	// accepted is set once the process accepted a connection.
	accepted bool

	// failures in a row, each soon after a start.
	failures int
	notUntil time.Time
	restarts int
}

// newWorkload unpacks a revision's image and writes the files it needs.
func (rt *packageRuntime) newWorkload(ctx context.Context, r revision, tls *corev1.Secret) (*workload, error) {
	dir := filepath.Join(rt.dir, r.GetName())
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, fmt.Errorf("cannot make directory of package: %w", err)
	}

	p, err := unpack(ctx, r.image(), dir)
	if err != nil {
		return nil, err
	}

	ports, err := freePorts(ctx, 3)
	if err != nil {
		return nil, err
	}

	w := &workload{
		pkg:     r.pkg(),
		address: fmt.Sprintf("127.0.0.1:%d", ports[0]),
		metrics: fmt.Sprintf("127.0.0.1:%d", ports[1]),
		secret:  tls.Name,
	}
	w.command = command{
		name: r.GetName(), path: p.path, args: p.args,
		env:        append(p.env, rt.env(r, dir)...),
		credential: p.credential(),
	}

	// In a pod a package has an address of its own, and listens on fixed
	// ports of it. Here all share one.
	w.command.env = append(w.command.env, "METRICS_ADDRESS="+w.metrics, fmt.Sprintf("HEALTH_ADDRESS=127.0.0.1:%d", ports[2]))
	if r.function() {
		w.command.args = append(w.command.args, "--address="+w.address)
	}

	if err := rt.writeWorkloadFiles(ctx, r, dir, tls); err != nil {
		return nil, err
	}

	return w, p.own(filepath.Join(dir, filesDir))
}

// writeWorkloadFiles writes what is mounted into a package's pod.
func (rt *packageRuntime) writeWorkloadFiles(ctx context.Context, r revision, dir string, tls *corev1.Secret) error {
	files := maps.Clone(tls.Data)

	if !r.function() {
		kubeconfig, err := rt.account(ctx, r)
		if err != nil {
			return err
		}

		files["kubeconfig"] = kubeconfig
	}

	return writeFiles(filepath.Join(dir, filesDir), files)
}

// env is what Crossplane's package runtime sets in a package's pod.
func (rt *packageRuntime) env(r revision, dir string) []string {
	out := []string{
		"HOME=/",
		"POD_NAMESPACE=" + crossplaneNamespace,
		"TLS_SERVER_CERTS_DIR=" + filepath.Join(dir, filesDir),
		"REVISION_NAME=" + r.GetName(),
		"REVISION_UID=" + string(r.GetUID()),
	}

	if r.function() {
		return append(out, "FUNCTION_NAME="+r.pkg())
	}

	return append(out, "PROVIDER_NAME="+r.pkg(), "KUBECONFIG="+filepath.Join(dir, filesDir, "kubeconfig"))
}

// own gives a directory and the files in it to the user the program runs as.
func (p *program) own(dir string) error {
	if p.credential() == nil {
		return nil
	}

	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot read directory: %w", err)
	}

	for _, e := range entries {
		if err := os.Chown(filepath.Join(dir, e.Name()), int(p.user), int(p.user)); err != nil {
			return fmt.Errorf("cannot give file to the package's user: %w", err)
		}
	}

	if err := os.Chown(dir, int(p.user), int(p.user)); err != nil {
		return fmt.Errorf("cannot give directory to the package's user: %w", err)
	}

	return nil
}

// ended notes the end of the process and decides when it may start again.
func (w *workload) ended(now time.Time) {
	if now.Sub(w.started) > shortLived {
		w.failures = 0
	}

	w.process = nil
	w.accepted = false
	w.restarts++
	w.notUntil = now.Add(min(longestPause, 50*time.Millisecond<<min(w.failures, 10)))
	w.failures++
}

// serving returns whether the process accepts connections. It tries only until
// it did once.
func (w *workload) serving(ctx context.Context) bool {
	if w.process == nil || w.accepted {
		return w.accepted
	}

	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", w.address)
	if err != nil {
		return false
	}

	_ = c.Close()
	w.accepted = true

	return true
}
