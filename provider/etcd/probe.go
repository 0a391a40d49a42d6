package etcd

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/provider/access"
)

// quorumKey is read to prove a quorum. Nobody has to be able to read it: to be
// told that we may not proves the quorum too.
const quorumKey = "graphplane.io/quorum"

// A Snapshot is what one probe of every member saw.
type Snapshot struct {
	// Members by address, in the config's order, and then those that only the
	// membership told of.
	Members []Probe
	// Membership of the cluster; empty where no member told it.
	Membership []*pb.Member
	// Quorum is whether a linearizable read succeeded.
	Quorum bool
	// Refused is why we may not use the cluster; empty if we may.
	Refused string
	// Alarms raised.
	Alarms []pb.AlarmType
	// Expires is the first end of the servers' certificates.
	Expires time.Time
	// Took is how long the probe took.
	Took time.Duration
}

// A Probe is what one member said.
type Probe struct {
	// Address that was asked.
	Address string
	// Status it gave; nil without an answer.
	Status *pb.StatusResponse
	// Answered is whether it answered at all, if only to refuse.
	Answered bool
	// Quorum is whether it served a linearizable read.
	Quorum bool
	// Fault is why it did not answer.
	Fault access.Fault
}

// Probe every member at the same time, each with its own deadline: a dead one
// takes its whole time and must not take that of the others.
func (s *System) Probe(ctx context.Context) *Snapshot {
	begun := time.Now()
	snap := s.probeAll(ctx)
	if !snap.Quorum && s.served.Load() {
		// An election or a busy machine is no outage. Ask twice.
		snap = s.probeAll(ctx)
	}
	s.served.Store(snap.Quorum)
	s.outage.Store(snap.outage())
	s.cluster(ctx, snap)
	snap.Expires = s.expiry.Earliest()
	snap.Took = time.Since(begun)
	return snap
}

// outage is why no member can be called; nil if one can, if only to be told why
// it refuses us.
func (s *Snapshot) outage() *outage {
	switch {
	case s.Quorum || s.Refused != "":
		return nil
	case slices.ContainsFunc(s.Members, func(p Probe) bool { return p.Answered }):
		return &outage{rpctypes.ErrNoLeader}
	}
	return &outage{context.DeadlineExceeded}
}

func (s *System) probeAll(ctx context.Context) *Snapshot {
	snap := &Snapshot{Members: make([]Probe, len(s.members))}
	refusals := make([]string, len(s.members))
	wg := sync.WaitGroup{}
	for i, m := range s.members {
		wg.Go(func() {
			snap.Members[i], refusals[i] = s.probe(ctx, m)
			m.up.Store(snap.Members[i].Status != nil && snap.Members[i].Quorum)
		})
	}
	wg.Wait()
	for i, p := range snap.Members {
		snap.Quorum = snap.Quorum || p.Quorum
		if refusals[i] != "" {
			snap.Refused = refusals[i]
		}
	}
	if snap.Quorum {
		snap.Refused = ""
	}
	return snap
}

// probe one member. The second result is why it refuses us, if it does.
func (s *System) probe(ctx context.Context, m *member) (Probe, string) {
	p := Probe{Address: m.url}
	if m.conn == nil {
		p.Fault = access.Fault{Message: "its address cannot be used"}
		return p, ""
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if refusal := s.status(ctx, m, &p); refusal != "" {
		return p, refusal
	}
	if p.Status == nil && p.Answered {
		p.Fault = access.Fault{Message: "it cannot sign us in without a quorum"}
		return p, ""
	}
	if p.Status == nil {
		p.Fault = s.explain(m) //nolint:contextcheck // What explains a probe that ran out of time has a time of its own.
		if p.Fault.Refused {
			return p, p.Fault.Message
		}
		return p, ""
	}
	refused := s.read(ctx, m, &p)
	return p, refused
}

// status asks a member for its status. The second result tells why it refuses.
func (s *System) status(ctx context.Context, m *member, p *Probe) string {
	err := s.anyhow(ctx, m, func(ctx context.Context, conn *grpc.ClientConn) error {
		rsp, err := pb.NewMaintenanceClient(conn).Status(ctx, &pb.StatusRequest{})
		p.Status = rsp
		// Without a quorum a member cannot sign us in. That it wants us to
		// shows that it lives.
		p.Answered = p.Answered || err == nil || stale(rpctypes.Error(err))
		return err
	})
	return refusal(err)
}

// read proves that the member reaches a quorum.
func (s *System) read(ctx context.Context, m *member, p *Probe) string {
	err := s.try(ctx, m, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte(quorumKey), CountOnly: true})
		return err
	})
	p.Quorum = err == nil || errors.Is(err, rpctypes.ErrPermissionDenied)
	return refusal(err)
}

// refusal explains why etcd does not accept who we are; empty if it does, or if
// that is not the fault.
func refusal(err error) string {
	switch {
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return "it does not accept the user or the password: check the Secret of credentials.basic"
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return "it requires a user: set credentials.basic"
	case errors.Is(err, rpctypes.ErrUserNotFound):
		return "it takes the name of our client certificate for a user that it does not have: set credentials.basic"
	case errors.Is(err, rpctypes.ErrInvalidAuthToken), errors.Is(err, rpctypes.ErrAuthOldRevision):
		return "it does not accept our session: it signs us in again at the next probe"
	}
	return ""
}

// cluster asks what is the same whichever member answers. The membership is
// known without a quorum too. Alarms are asked for only if a member reports an
// error, since the question goes through the cluster's log.
func (s *System) cluster(ctx context.Context, snap *Snapshot) {
	alarmed := false
	for i, p := range snap.Members {
		if p.Status == nil {
			continue
		}
		alarmed = alarmed || slices.ContainsFunc(p.Status.GetErrors(), func(e string) bool { return !strings.Contains(e, "no leader") })
		if len(snap.Membership) > 0 {
			continue
		}
		s.membership(ctx, s.members[i], snap)
	}
	if !alarmed || !snap.Quorum {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	rsp := &pb.AlarmResponse{}
	if err := s.Call(ctx, func(ctx context.Context, conn *grpc.ClientConn) (err error) {
		rsp, err = pb.NewMaintenanceClient(conn).Alarm(ctx, &pb.AlarmRequest{Action: pb.AlarmRequest_GET, Alarm: pb.AlarmType_NONE})
		return err
	}); err != nil {
		return
	}
	for _, a := range rsp.GetAlarms() {
		if !slices.Contains(snap.Alarms, a.GetAlarm()) {
			snap.Alarms = append(snap.Alarms, a.GetAlarm())
		}
	}
	slices.Sort(snap.Alarms)
}

func (s *System) membership(ctx context.Context, m *member, snap *Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	rsp, err := pb.NewClusterClient(m.conn).MemberList(ctx, &pb.MemberListRequest{Linearizable: false})
	if err == nil {
		snap.Membership = rsp.GetMembers()
	}
}

// explain why a member does not answer, by a connection of its own: gRPC tells
// only that it has none.
func (s *System) explain(m *member) access.Fault {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout/2)
	defer cancel()
	var c *tls.Config
	if strings.HasPrefix(m.url, "https://") {
		c = s.config.TLS.Config(m.address, &access.Expiry{})
	}
	if err := access.Dial(ctx, m.address, c); err != nil {
		return access.Explain(err)
	}
	return access.Fault{Message: "it accepts connections but does not answer in time"}
}
