package nats

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/provider/access"
)

// A Snapshot is what one probe of every server saw.
type Snapshot struct {
	// Servers of the config, in its order.
	Servers []Probe
	// System is what the system account saw; nil without it.
	System *SystemView
	// SystemFault is why there is no System; empty without system credentials.
	SystemFault string
	// JetStream of the account.
	JetStream JetStream
	// Refused is why the servers do not accept us; empty if they do.
	Refused string
	// Expires is the first end of the servers' certificates.
	Expires time.Time
	// Took is how long the probe took.
	Took time.Duration
}

// A Probe is what one server said.
type Probe struct {
	// URL of the server.
	URL string
	// Name of the server; its last known one if it does not answer.
	Name string
	// Version and Cluster of a server that answers.
	Version, Cluster string
	// Up is whether it answers, TLS whether it does so with TLS.
	Up, TLS bool
	// RTT of a server that answers.
	RTT time.Duration
	// Fault is why it does not answer.
	Fault access.Fault
}

// Identity of the system that a server belongs to: the cluster's name, or the
// server's own where there is no cluster.
func (p Probe) Identity() string {
	if p.Cluster != "" {
		return p.Cluster
	}
	return p.Name
}

// A JetStreamState is what the account is told about JetStream.
type JetStreamState string

// States of JetStream.
const (
	JetStreamServes      JetStreamState = "Serves"
	JetStreamDisabled    JetStreamState = "Disabled"
	JetStreamUnavailable JetStreamState = "Unavailable"
)

// JetStream of the account.
type JetStream struct {
	// State of it.
	State JetStreamState
	// Info about it; nil unless it serves.
	Info *jetstream.AccountInfo
	// Silent is how many servers that answer could not say, though another could.
	Silent int
}

// Probe every server at the same time, each with its own deadline.
func (s *System) Probe(ctx context.Context) *Snapshot {
	begun := time.Now()
	snap := s.probeAll(ctx)
	if !snap.serves() && s.served.Load() {
		// An election or a busy machine is no outage. Ask twice.
		snap = s.probeAll(ctx)
	}
	s.served.Store(snap.serves())
	s.outage.Store(snap.outage())
	s.prefer(snap)
	snap.Expires = s.expiry.Earliest()
	snap.Took = time.Since(begun)
	return snap
}

// outage is why no server can be used; nil if one can.
func (s *Snapshot) outage() *fault {
	if slices.ContainsFunc(s.Servers, func(p Probe) bool { return p.Up }) {
		return nil
	}
	return unusable(s.Refused)
}

// serves tells whether nothing looks wrong at all.
func (s *Snapshot) serves() bool {
	return s.JetStream.State == JetStreamServes && !s.lostQuorum() && !s.leaderless()
}

func (s *System) probeAll(ctx context.Context) *Snapshot {
	snap := &Snapshot{Servers: make([]Probe, len(s.servers))}
	wg := sync.WaitGroup{}
	for i, v := range s.servers {
		wg.Go(func() {
			snap.Servers[i] = s.probe(v)
			v.up.Store(snap.Servers[i].Up)
		})
	}
	wg.Wait()
	up := slices.ContainsFunc(snap.Servers, func(p Probe) bool { return p.Up })
	for _, p := range snap.Servers {
		if !up && p.Fault.Refused {
			snap.Refused = p.Fault.Message
		}
	}
	if !up {
		snap.JetStream.State = JetStreamUnavailable
		return snap
	}
	wg.Go(func() { snap.JetStream = s.account(ctx) })
	if s.config.SystemAuth != nil {
		wg.Go(func() { snap.System, snap.SystemFault = s.system(ctx) })
	}
	wg.Wait()
	return snap
}

func (s *System) probe(v *server) Probe {
	p := Probe{URL: v.url}
	c, err := s.connect(v)
	if err == nil {
		begun := time.Now()
		err = c.FlushTimeout(probeTimeout)
		p.RTT = time.Since(begun)
		if err != nil {
			v.drop(c)
		}
	}
	v.mu.Lock()
	p.Name = v.name
	v.mu.Unlock()
	if err != nil {
		p.RTT, p.Fault = 0, explain(err)
		return p
	}
	_, err = c.TLSConnectionState()
	p.Up, p.TLS = true, err == nil
	p.Version, p.Cluster = c.ConnectedServerVersion(), c.ConnectedClusterName()
	return p
}

// account asks what the account may use of JetStream. The meta leader answers,
// so without one nobody does.
func (s *System) account(ctx context.Context) JetStream {
	out := JetStream{State: JetStreamUnavailable}
	silent := []*server{}
	for _, v := range s.preferred() {
		if !v.up.Load() {
			continue
		}
		c, err := s.connect(v)
		if err != nil {
			continue
		}
		info, err := accountInfo(ctx, c)
		switch {
		case err == nil:
			s.shun(silent)
			return JetStream{State: JetStreamServes, Info: info, Silent: len(silent)}
		case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
			out.State = JetStreamDisabled
		}
		// Another server may be on the side of the majority.
		silent = append(silent, v)
	}
	return out
}

// shun servers that do not reach the meta leader: they are asked last. Where they
// are most of all, it is the leader that is cut off.
func (s *System) shun(silent []*server) {
	if 2*len(silent) >= len(s.servers) {
		return
	}
	for _, v := range silent {
		v.up.Store(false)
	}
}

func accountInfo(ctx context.Context, c *nats.Conn) (*jetstream.AccountInfo, error) {
	js, err := jetstream.New(c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout/2)
	defer cancel()
	return js.AccountInfo(ctx)
}
