package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// A ControlPlane is a running control plane.
type ControlPlane struct {
	// The cluster that Crossplane runs in. Dir holds all state of the control plane and is removed by Stop.
	*Cluster

	// Remote is a second cluster, if the options ask for one.
	Remote *Cluster

	// Registry is the host:port of the OCI registry.
	Registry string

	// CrossplaneMetrics is the URL of Crossplane's metrics.
	CrossplaneMetrics string

	// CLI and Core are the binaries of the Crossplane CLI and of Crossplane.
	CLI  string
	Core string

	options    Options
	registry   *http.Server
	crossplane *crossplane
	runtime    *packageRuntime

	metrics       *Metrics
	metricsServer *http.Server

	etcdSystem *EtcdSystem
	natsSystem *NATSSystem

	background sync.WaitGroup
	cancel     context.CancelFunc
	stopClouds context.CancelFunc
	stopOnce   sync.Once
	stopErr    error
}

// Start a control plane, after building what has not been built yet. The context
// bounds the start only. On an error nothing is left behind.
func Start(ctx context.Context, o Options) (*ControlPlane, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}

	log := newProgress(o.Log)

	tools, err := newToolbox(o.Root, log)
	if err != nil {
		return nil, err
	}

	cp := &ControlPlane{Cluster: &Cluster{log: log, tools: tools}, options: o}
	if err := cp.build(ctx); err != nil {
		return nil, err
	}

	if cp.Dir, err = makeStateDir(); err != nil {
		return nil, err
	}

	cp.super = newSupervisor(filepath.Join(cp.Dir, "logs"))

	if err := cp.start(ctx); err != nil {
		return nil, errors.Join(err, cp.stopAfter(err))
	}

	return cp, nil
}

// build all tools before anything runs: builds want the whole machine.
func (cp *ControlPlane) build(ctx context.Context) error {
	for _, t := range tools() {
		if !cp.options.want(t) {
			continue
		}

		if _, err := cp.tools.path(ctx, t); err != nil {
			return err
		}
	}

	var err error
	if cp.Core, err = cp.tools.path(ctx, coreTool()); err != nil {
		return err
	}

	cp.CLI, err = cp.tools.path(ctx, cliTool())

	return err
}

func (cp *ControlPlane) start(ctx context.Context) error {
	o := cp.options

	for _, s := range []struct {
		name  string
		want  bool
		start func(context.Context) error
	}{
		{"start etcd", true, cp.startEtcd},
		{"start kube-apiserver", true, cp.startAPIServer},
		{"start kube-controller-manager", true, cp.startControllerManager},
		{"start kube-scheduler", true, cp.startScheduler},
		{"start nodes", true, func(ctx context.Context) error { return cp.startNodes(ctx, o.Nodes) }},
		{"start registry", true, cp.startRegistry},
		{"start Crossplane", true, cp.startCrossplane},
		{"start LeaderWorkerSet", o.LeaderWorkerSet, cp.startLeaderWorkerSet},
		{"start etcd and NATS systems", o.Systems, cp.startSystems},
		{"start remote cluster", o.Remote, cp.startRemote},
		{"start clouds", o.Clouds, cp.startClouds},
		{"install add-ons", o.Addons, cp.installAddons},
		{"start metrics", o.Metrics, cp.startMetrics},
		{"start storage and package runtime", true, cp.startBackground},
	} {
		if !s.want {
			continue
		}

		if err := cp.log.step(s.name, func() error { return s.start(ctx) }); err != nil {
			return fmt.Errorf("cannot %s: %w", s.name, err)
		}
	}

	return nil
}

// startBackground starts the loops that play the storage driver and the package
// runtime. They end with Stop.
func (cp *ControlPlane) startBackground(ctx context.Context) error {
	if err := cp.createStorageClass(ctx); err != nil {
		return err
	}

	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cp.cancel = cancel
	cp.runtime = newPackageRuntime(cp)

	cp.background.Go(func() { cp.provisionVolumes(background) })

	if cp.Remote != nil {
		cp.background.Go(func() { cp.Remote.provisionVolumes(background) })
	}

	if cp.options.Addons {
		cp.background.Go(func() { cp.playAddons(background) })
	}

	cp.background.Go(func() { cp.runtime.run(background) })

	return nil
}

// Stop all processes and remove all state. It returns why the control plane had
// failed, if it had.
func (cp *ControlPlane) Stop() error {
	return cp.stopAfter(nil)
}

func (cp *ControlPlane) stopAfter(started error) error {
	cp.stopOnce.Do(func() {
		if cp.cancel != nil {
			cp.cancel()
		}

		if cp.stopClouds != nil {
			cp.stopClouds()
		}

		cp.background.Wait()

		crashed := cp.super.close()
		if started == nil {
			cp.stopErr = crashed
		}

		for _, s := range []*http.Server{cp.registry, cp.metricsServer} {
			if s != nil {
				_ = s.Close()
			}
		}

		if cp.options.Keep {
			cp.log.printf("state and logs are kept in %s", cp.Dir)
			return
		}

		if err := os.RemoveAll(cp.Dir); err != nil {
			cp.stopErr = errors.Join(cp.stopErr, fmt.Errorf("cannot remove state: %w", err))
		}
	})

	return cp.stopErr
}

// Failed is closed when a process ended that should not have. Err says which.
func (cp *ControlPlane) Failed() <-chan struct{} {
	return cp.super.failed
}

// Err says which process ended, and shows the end of its log.
func (cp *ControlPlane) Err() error {
	select {
	case <-cp.super.failed:
		return cp.super.err
	default:
		return nil
	}
}

// Etcd returns the client URL of the control plane's own etcd, which needs no
// credentials.
func (cp *ControlPlane) Etcd() string {
	return cp.etcd
}

// Processes returns the process ID of every running child, by name.
func (cp *ControlPlane) Processes() map[string]int {
	return cp.super.pids()
}

// LogFile returns the path of a process's log.
func (cp *ControlPlane) LogFile(process string) string {
	return filepath.Join(cp.Dir, "logs", process+".log")
}
