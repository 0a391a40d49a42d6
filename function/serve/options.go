package serve

import (
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

const (
	// A peer that connects and says nothing may not hold back a stop for gRPC's
	// default of two minutes: GracefulStop and Stop wait for handshakes.
	handshakeTimeout = 5 * time.Second

	// A certificate is checked when a connection opens, so this is how long a
	// client lives on after its authority was replaced. Crossplane also learns
	// of new replicas only when it connects again: it balances round robin over
	// the addresses that it knows.
	connectionAge = 30 * time.Minute

	// Crossplane gives a whole reconcile two minutes, so no call lasts longer.
	connectionGrace = 2 * time.Minute
)

func grpcOptions(creds credentials.TransportCredentials, m *metrics, maxRecv int) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(creds),
		grpc.MaxRecvMsgSize(maxRecv),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      connectionAge,
			MaxConnectionAgeGrace: connectionGrace,
		}),
		grpc.SharedWriteBuffer(true),
		grpc.NumStreamWorkers(uint32(runtime.GOMAXPROCS(0))), //nolint:gosec // A count of processors fits.
		grpc.ChainUnaryInterceptor(m.rpc.UnaryServerInterceptor()),
	}
}
