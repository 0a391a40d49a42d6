package simulator

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options of a simulator. Config and Local are required.
type Options struct {
	// Config of a client of the API server that has the managed resources. It may do everything.
	Config *rest.Config

	// Local is the cluster that nodes join, unless their pool is of one of RemoteClusters: those join Remote.
	Local, Remote  kubernetes.Interface
	RemoteClusters []string

	// Logf is called for what nobody else is told. It may be nil.
	Logf func(format string, args ...any)

	// Call is how long a call takes, Boot how long a machine does, a second each by default.
	Call, Boot time.Duration

	// Drain is how long evicted pods may take, five seconds by default.
	Drain time.Duration

	// Idle is how long a node has to be empty before the autoscaler removes it, ten seconds by default.
	Idle time.Duration

	// Linger is how long an error of a call is shown before the pool is looked at again, and after which the autoscaler
	// tries a pool again that had no machines. Three seconds by default.
	Linger time.Duration
}

func (o Options) withDefaults() Options {
	for d, value := range map[*time.Duration]time.Duration{
		&o.Call: time.Second, &o.Boot: time.Second, &o.Drain: 5 * time.Second, &o.Idle: 10 * time.Second, &o.Linger: 3 * time.Second,
	} {
		if *d == 0 {
			*d = value
		}
	}

	return o
}

func (o Options) logf(format string, args ...any) {
	if o.Logf != nil {
		o.Logf(format, args...)
	}
}

// A Simulator plays clouds, their providers, and an autoscaler in each cluster.
type Simulator struct {
	options Options
	world   *world
}

// New simulator. Its managed resources have to be served before it runs.
func New(o Options) *Simulator {
	o = o.withDefaults()

	return &Simulator{options: o, world: newWorld(o)}
}

// Run until the context ends. ready is called when the providers have started.
func (s *Simulator) Run(ctx context.Context, ready func()) error {
	d, err := dynamic.NewForConfig(s.options.Config)
	if err != nil {
		return fmt.Errorf("cannot make dynamic client: %w", err)
	}

	for _, c := range s.clusters() {
		if err := installDriver(ctx, c); err != nil {
			return err
		}
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	done := make(chan struct{})

	go func() {
		defer close(done)

		s.world.run(ctx)
	}()

	scaled := s.startAutoscalers(ctx)

	err = s.runProviders(ctx, accounts{client: d}, ready)

	cancel()
	<-done
	<-scaled

	return err
}

// clusters that nodes join.
func (s *Simulator) clusters() []kubernetes.Interface {
	out := []kubernetes.Interface{s.options.Local}
	if s.options.Remote != nil {
		out = append(out, s.options.Remote)
	}

	return out
}

// startAutoscalers runs one for each cluster. The channel is closed when they have ended.
func (s *Simulator) startAutoscalers(ctx context.Context) <-chan struct{} {
	clients := s.clusters()
	ended := make(chan struct{}, len(clients))

	for _, c := range clients {
		go func() {
			newAutoscaler(s.world, c).run(ctx)
			ended <- struct{}{}
		}()
	}

	done := make(chan struct{})

	go func() {
		defer close(done)

		for range clients {
			<-ended
		}
	}()

	return done
}
