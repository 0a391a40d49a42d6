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

	// Calls that one connection may have in flight for each processor: one that
	// is worked on, and others that arrive and leave meanwhile. Crossplane makes
	// up to 100 at a time, which the function answers no sooner for holding all
	// of them decoded in memory: with 100 observed resources in each, the peak on
	// 2 processors was 360 MiB without a limit and 106 MiB with this one
	// (BenchmarkServe/BareObserved, Observed). The others wait at the client.
	callsPerProcessor = 3
)

func grpcOptions(creds credentials.TransportCredentials, m *metrics, maxRecv int) []grpc.ServerOption {
	processors := uint32(runtime.GOMAXPROCS(0)) //nolint:gosec // A count of processors fits.
	return []grpc.ServerOption{
		grpc.Creds(creds),
		grpc.MaxRecvMsgSize(maxRecv),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      connectionAge,
			MaxConnectionAgeGrace: connectionGrace,
		}),
		grpc.MaxConcurrentStreams(callsPerProcessor * processors),
		// Saves a tenth of the processor time of a small call over a goroutine
		// and its growing stack for each.
		grpc.NumStreamWorkers(processors),
		grpc.ChainUnaryInterceptor(m.rpc.UnaryServerInterceptor()),
	}
}
