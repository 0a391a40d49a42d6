package controlplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// keptPorts returns loopback ports that nothing listens on, for servers that are
// killed and started again on the same port. They are below those that the
// system draws for outgoing connections, one of which could take a port while
// its server is down.
func keptPorts(ctx context.Context, n int) ([]int, error) {
	const (
		lowest = 12000
		above  = 32000
		tries  = 1000
	)

	out := make([]int, 0, n)
	taken := map[int]bool{}

	for range tries {
		if len(out) == n {
			return out, nil
		}

		port := lowest + rand.IntN(above-lowest)

		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil || taken[port] {
			continue
		}

		_ = l.Close()
		taken[port] = true

		out = append(out, port)
	}

	return nil, errors.New("cannot find enough free ports")
}
