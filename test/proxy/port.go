package proxy

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreePort returns a loopback address that nobody listens on. It is below the
// ports that the system draws for outgoing connections: one of those could be
// taken before the server that it was found for listens there.
func FreePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		l.Close() //nolint:errcheck // Only looked at.
		return addr
	}
	t.Fatal("cannot find a free port")
	return ""
}
