package controlplane

import (
	"context"
	"fmt"
	"net"
)

// freePorts returns loopback ports that nothing listens on. All are held open
// until all are found, so they differ.
func freePorts(ctx context.Context, n int) ([]int, error) {
	held := make([]net.Listener, 0, n)

	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()

	out := make([]int, 0, n)

	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("cannot find a free port: %w", err)
		}

		held = append(held, l)

		a, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			return nil, fmt.Errorf("cannot tell the port of %s", l.Addr())
		}

		out = append(out, a.Port)
	}

	return out, nil
}
