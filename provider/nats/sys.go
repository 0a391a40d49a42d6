package nats

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// jszSubject asks every server about its part in JetStream.
const jszSubject = "$SYS.REQ.SERVER.PING.JSZ"

// A SystemView is what the servers told the system account.
type SystemView struct {
	// Servers that answered, by name.
	Servers []SystemServer
	// Leader of JetStream that a majority of them names; empty without one.
	Leader string
	// Size of the group that elects the leader; 0 where there is none.
	Size int
	// Offline members of the group, as the leader sees them, sorted.
	Offline []string
}

// A SystemServer answered the system account.
type SystemServer struct {
	Name, Version, Cluster string
	// Votes is whether it takes part in JetStream's elections.
	Votes bool
}

// jsz is the part of a server's answer that we need.
type jsz struct {
	Server struct {
		Name    string `json:"name"`
		Cluster string `json:"cluster"`
		Version string `json:"ver"`
	} `json:"server"`
	Data struct {
		Disabled bool `json:"disabled"`
		Meta     *struct {
			Leader   string `json:"leader"`
			Size     int    `json:"cluster_size"` //nolint:tagliatelle // The server writes it so.
			Replicas []struct {
				Name    string `json:"name"`
				Offline bool   `json:"offline"`
			} `json:"replicas"`
		} `json:"meta_cluster"` //nolint:tagliatelle // The server writes it so.
	} `json:"data"`
}

// system asks every server through one that lets us in. A server that is cut off
// from the others sees itself only, so where a majority is missing the next one
// is asked, and the fullest answer counts. The second result is why there is
// none.
func (s *System) system(ctx context.Context) (*SystemView, string) {
	var best *SystemView
	reason := "no server lets the system account in"
	for _, v := range s.preferred() {
		if !v.up.Load() {
			continue
		}
		c, err := s.connectSystem(v)
		if err != nil {
			if f := explain(err); f.Refused {
				reason = "the servers do not accept systemCredentials: check their Secret"
			}
			continue
		}
		answers, err := gather(ctx, c, len(s.servers))
		if err != nil || len(answers) == 0 {
			v.drop(c)
			reason = "no server answers the system account: check that systemCredentials belong to it"
			continue
		}
		found := view(answers)
		if best == nil || len(found.Servers) > len(best.Servers) {
			best = found
		}
		if len(best.Servers) > len(s.servers)/2 && !(&Snapshot{System: best}).lostQuorum() {
			break
		}
	}
	return best, reason
}

// prefer the servers that the others see: requests through one that is cut off
// lead nowhere.
func (s *System) prefer(snap *Snapshot) {
	if snap.System == nil {
		return
	}
	for i, v := range s.servers {
		v.up.Store(snap.Servers[i].Up && slices.ContainsFunc(snap.System.Servers, func(x SystemServer) bool { return x.Name == snap.Servers[i].Name }))
	}
}

// gather the answers of all servers. It ends early once as many as there should
// be have come.
func gather(ctx context.Context, c *nats.Conn, expect int) ([]jsz, error) {
	inbox := c.NewRespInbox()
	sub, err := c.SubscribeSync(inbox)
	if err != nil {
		return nil, errors.New("cannot subscribe")
	}
	defer sub.Unsubscribe() //nolint:errcheck // The connection may be gone.
	if err := c.PublishRequest(jszSubject, inbox, nil); err != nil {
		return nil, errors.New("cannot publish")
	}
	ctx, cancel := context.WithTimeout(ctx, gatherTimeout)
	defer cancel()
	out := []jsz{}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return out, nil
		}
		a := jsz{}
		if json.Unmarshal(m.Data, &a) != nil || a.Server.Name == "" {
			continue
		}
		out = append(out, a)
		if a.Data.Meta != nil {
			expect = max(expect, a.Data.Meta.Size)
		}
		if len(out) >= expect {
			return out, nil
		}
	}
}

func view(answers []jsz) *SystemView {
	v := &SystemView{}
	votes := map[string]int{}
	voters := 0
	for _, a := range answers {
		v.Servers = append(v.Servers, SystemServer{Name: a.Server.Name, Version: a.Server.Version, Cluster: a.Server.Cluster, Votes: a.Data.Meta != nil})
		if a.Data.Meta == nil {
			continue
		}
		voters++
		v.Size = max(v.Size, a.Data.Meta.Size)
		votes[a.Data.Meta.Leader]++
	}
	for leader, n := range votes {
		if leader != "" && 2*n > voters {
			v.Leader = leader
		}
	}
	for _, a := range answers {
		if a.Data.Meta == nil || a.Server.Name != v.Leader {
			continue
		}
		for _, r := range a.Data.Meta.Replicas {
			if r.Offline {
				v.Offline = append(v.Offline, r.Name)
			}
		}
	}
	slices.Sort(v.Offline)
	slices.SortFunc(v.Servers, func(a, b SystemServer) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// lostQuorum tells whether too few members of JetStream's group answer.
func (s *Snapshot) lostQuorum() bool {
	if s.System == nil {
		return s.mostDown()
	}
	if s.System.Size < 2 {
		return false
	}
	voting := 0
	for _, v := range s.System.Servers {
		if v.Votes {
			voting++
		}
	}
	return 2*voting <= s.System.Size
}

// mostDown tells whether most of the servers that the config lists do not answer,
// or do not reach the leader. One that has lost its majority answers for up to 20
// seconds more as if nothing had happened, and without the system account there
// is nobody else to ask.
func (s *Snapshot) mostDown() bool {
	up, clustered := 0, false
	for _, p := range s.Servers {
		if p.Up {
			up++
			clustered = clustered || p.Cluster != ""
		}
	}
	return clustered && 2*(up-s.JetStream.Silent) <= len(s.Servers) && len(s.Servers) > 2
}

// leaderless tells whether JetStream's group has no leader, or only one that
// does not answer: until they elect another, its followers go on naming it.
func (s *Snapshot) leaderless() bool {
	if s.System == nil || s.System.Size < 2 {
		return false
	}
	return !slices.ContainsFunc(s.System.Servers, func(v SystemServer) bool { return v.Name == s.System.Leader })
}
