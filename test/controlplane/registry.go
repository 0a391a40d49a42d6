package controlplane

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// startRegistry serves an OCI registry that keeps everything in memory.
//
// It is named by its address, not by localhost: Crossplane refuses package names
// whose registry has no dot in it.
func (cp *ControlPlane) startRegistry(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for the registry: %w", err)
	}

	cp.Registry = l.Addr().String()
	cp.registry = &http.Server{
		Handler:           registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		ReadHeaderTimeout: 10 * time.Second,
	}

	go func() { _ = cp.registry.Serve(l) }()

	return nil
}
