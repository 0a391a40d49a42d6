package etcdtest

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Serves tells whether a client that comes through the proxies, as any client
// does, finds a member that takes a write within a time. It is for clusters
// without TLS and authentication.
func (c *Cluster) Serves(within time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	served := make(chan bool, len(c.Members))
	wg := sync.WaitGroup{}
	for _, m := range c.Members {
		wg.Go(func() {
			if put(ctx, m.Proxy.Addr()) == nil {
				served <- true
				cancel()
			}
		})
	}
	wg.Wait()
	return len(served) > 0
}

func put(ctx context.Context, addr string) error {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // Short-lived.
	_, err = pb.NewKVClient(conn).Put(ctx, &pb.PutRequest{Key: []byte("serves")})
	return err
}
