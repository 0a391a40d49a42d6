// Command provider runs the controllers of provider-graphplane: managed
// resources for etcd and NATS.
package main

import (
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
)

// Options of the command, named as provider-template names them.
type Options struct {
	Debug bool `help:"Log at debug level." short:"d"`

	LeaderElection bool          `default:"false" env:"LEADER_ELECTION" help:"Wait to be elected leader before reconciling." short:"l"`
	Sync           time.Duration `default:"1h" help:"How often all resources are looked at again, whatever has changed." short:"s"`
	Poll           time.Duration `default:"1m" help:"How often a resource at rest is compared with its system."`
	PollState      time.Duration `default:"5s" help:"How often the state metrics are counted." name:"poll-state-metric"`

	MaxReconcileRate int `default:"100" help:"The most reconciles a second, of all kinds together."`

	EnableManagementPolicies bool   `default:"true" env:"ENABLE_MANAGEMENT_POLICIES" help:"Support managementPolicies." negatable:""`
	EnableChangelogs         bool   `default:"false" env:"ENABLE_CHANGE_LOGS" help:"Send what is created, updated and deleted to the change log sidecar."`
	ChangelogsSocketPath     string `default:"/var/run/changelogs/changelogs.sock" env:"CHANGELOGS_SOCKET_PATH" help:"Unix socket of the change log sidecar."`

	MetricsAddress string        `default:":8080" env:"METRICS_ADDRESS" help:"Address that serves Prometheus metrics; 0 turns it off."`
	HealthAddress  string        `default:":8081" env:"HEALTH_ADDRESS" help:"Address that serves /healthz and /readyz; 0 turns it off."`
	PprofAddress   string        `default:"0" help:"Address that serves profiles under /debug/pprof; 0 turns it off. Do not let others reach it."`
	GracePeriod    time.Duration `default:"25s" help:"How long running reconciles may take to end when the process is told to stop."`

	// Again is set to run in a process that has run before, whose controllers have their names still.
	Again bool `kong:"-"`
}

func main() {
	if os.Getenv("GOGC") == "" {
		// Most of the memory is caches, which hold still: half of them again is
		// room enough for what comes and goes.
		debug.SetGCPercent(50)
	}
	o := &Options{}
	k := kong.Parse(o, kong.Name("provider"), kong.Description("Manages etcd and NATS for Crossplane."))
	zl := zap.New(zap.UseDevMode(o.Debug), zap.WriteTo(os.Stderr))
	ctrl.SetLogger(zl)
	cfg, err := ctrl.GetConfig()
	k.FatalIfErrorf(err, "cannot get the API server's address")
	k.FatalIfErrorf(run(ctrl.SetupSignalHandler(), cfg, logging.NewLogrLogger(zl.WithName("provider-graphplane")), o))
}
