// Command tool builds one of the control plane's programs if it is not in the
// cache, and prints its path.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/graphplane/graphplane/test/controlplane"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tool NAME, with NAME one of", controlplane.Tools())
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	path, err := controlplane.Tool(ctx, os.Args[1], os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1) //nolint:gocritic // The signal handler ends with us.
	}

	fmt.Println(path)
}
