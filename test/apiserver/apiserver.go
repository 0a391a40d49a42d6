// Package apiserver runs a real kube-apiserver, with our CRDs, for tests. It
// needs the binaries kube-apiserver and etcd.
package apiserver

import (
	"os"
	"path/filepath"
	"runtime"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// Missing is what a test that is skipped for want of the binaries says.
const Missing = "no kube-apiserver and etcd binaries: set KUBEBUILDER_ASSETS to their directory, as make test does"

// A Server is a running API server.
type Server struct {
	// Config of a client that may do everything.
	Config *rest.Config

	env *envtest.Environment
}

// Binaries is the directory that holds kube-apiserver and etcd; empty if there
// is none.
func Binaries() string {
	d := os.Getenv("KUBEBUILDER_ASSETS")
	if d == "" || !executable(filepath.Join(d, "kube-apiserver")) || !executable(filepath.Join(d, "etcd")) {
		return ""
	}
	return d
}

func executable(path string) bool {
	i, err := os.Stat(path)
	return err == nil && !i.IsDir() && i.Mode()&0o111 != 0
}

// Start an API server. The caller checks Binaries first.
func Start() (*Server, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return nil, errors.New("cannot tell where the CRDs are")
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory: Binaries(),
		CRDDirectoryPaths:     []string{filepath.Join(filepath.Dir(file), "..", "..", "package", "provider", "crds")},
		ErrorIfCRDPathMissing: true,
	}
	cfg, err := env.Start()
	if err != nil {
		return nil, errors.Wrap(err, "cannot start the API server")
	}
	// A test must not wait for itself.
	cfg.QPS, cfg.Burst = 1000, 2000
	return &Server{Config: cfg, env: env}, nil
}

// WriteKubeconfig of a client that may do everything, for another process.
func (s *Server) WriteKubeconfig(path string) error {
	return errors.Wrap(os.WriteFile(path, s.env.KubeConfig, 0o600), "cannot write the kubeconfig")
}

// Stop the API server.
func (s *Server) Stop() error { return errors.Wrap(s.env.Stop(), "cannot stop the API server") }
