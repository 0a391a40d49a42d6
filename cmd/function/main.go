// Command function is the composition function of Graphplane.
package main

import (
	"context"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/crossplane/function-sdk-go/logging"

	"github.com/graphplane/graphplane/function"
	"github.com/graphplane/graphplane/function/serve"
)

const mebibyte = 1 << 20

// Flags and environment are those of function-sdk-go's CLI. Crossplane's
// function specification asks for --debug, --insecure and --tls-certs-dir with
// TLS_SERVER_CERTS_DIR:
// https://github.com/crossplane/crossplane/blob/v2.4.0/contributing/specifications/functions.md
type cli struct {
	Debug bool `env:"DEBUG" help:"Emit debug logs in addition to info logs." short:"d"`

	Network            string        `default:"tcp"             env:"NETWORK"               help:"Network on which to listen for gRPC connections."`
	Address            string        `default:":9443"           env:"ADDRESS"               help:"Address at which to listen for gRPC connections."`
	TLSCertsDir        string        `env:"TLS_SERVER_CERTS_DIR" help:"Directory containing server certs (tls.key, tls.crt) and the CA used to verify client certificates (ca.crt). Changed files are picked up."`
	Insecure           bool          `env:"INSECURE"            help:"Run without mTLS credentials. If you supply this flag --tls-certs-dir will be ignored."`
	MaxRecvMessageSize int           `default:"4"               env:"MAX_RECV_MESSAGE_SIZE" help:"Maximum size of received messages in MiB. Crossplane itself accepts no response over 4 MiB."`
	MetricsAddress     string        `default:":8080"           env:"METRICS_ADDRESS"       help:"Address at which to serve /metrics and /readyz over plain HTTP. Empty to serve neither."`
	ShutdownTimeout    time.Duration `default:"25s"             env:"SHUTDOWN_TIMEOUT"      help:"How long to wait for calls in flight on SIGTERM. Keep it under the pod's terminationGracePeriodSeconds."`
}

// Run serves until SIGTERM or SIGINT. A second signal ends the process at once.
func (c *cli) Run() error {
	log, err := logging.NewLogger(c.Debug)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	s, err := serve.New(log, function.New(log), c.options())
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}

func (c *cli) options() serve.Options {
	return serve.Options{
		Network:            c.Network,
		Address:            c.Address,
		CertificatesDir:    c.TLSCertsDir,
		Insecure:           c.Insecure,
		MaxRecvMessageSize: c.MaxRecvMessageSize * mebibyte,
		MetricsAddress:     c.MetricsAddress,
		ShutdownTimeout:    c.ShutdownTimeout,
	}
}

func main() {
	serve.CollectLate()
	ctx := kong.Parse(&cli{}, kong.Name("function"), kong.Description("The Crossplane composition function of Graphplane."))
	ctx.FatalIfErrorf(ctx.Run())
}
