package serve

import (
	"context"

	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// health is gRPC's health service, except that it lets go of a watcher once it
// has told it that the server stops. A graceful stop waits for every stream,
// and a watcher never ends its own.
type health struct {
	*grpchealth.Server
}

// newHealth reports the server as a whole and the named services as SERVING
// until its Shutdown.
func newHealth(services ...string) *health {
	h := &health{Server: grpchealth.NewServer()}
	for _, s := range services {
		h.SetServingStatus(s, grpc_health_v1.HealthCheckResponse_SERVING)
	}
	return h
}

// Watch implements grpc_health_v1.HealthServer.
func (h *health) Watch(req *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	return h.Server.Watch(req, &watcher{Health_WatchServer: stream, ctx: ctx, cancel: cancel})
}

// serving is whether the server as a whole is.
func (h *health) serving(ctx context.Context) bool {
	rsp, err := h.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err == nil && rsp.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING
}

type watcher struct {
	grpc_health_v1.Health_WatchServer

	ctx    context.Context //nolint:containedctx // It is that of the stream.
	cancel context.CancelFunc
}

func (w *watcher) Context() context.Context { return w.ctx }

func (w *watcher) Send(rsp *grpc_health_v1.HealthCheckResponse) error {
	if rsp.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		defer w.cancel()
	}
	return w.Health_WatchServer.Send(rsp)
}
