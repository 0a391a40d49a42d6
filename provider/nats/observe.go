package nats

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
)

// Observe what holds still about the system. What the servers cannot tell just
// now is kept from what was seen last.
func Observe(v View, last v1alpha1.EndpointObservation) v1alpha1.EndpointObservation {
	s := v.Snapshot
	out := v1alpha1.EndpointObservation{
		ServerVersion:      version(s),
		Servers:            servers(s),
		JetStream:          last.JetStream,
		CertificateExpires: managed.EarlierTime(s.Expires, v.ClientExpires),
	}
	found := identities(s)
	if len(found) == 0 {
		out.ClusterName, out.ServerVersion, out.TLS, out.CertificateExpires = last.ClusterName, last.ServerVersion, last.TLS, last.CertificateExpires
	} else {
		out.ClusterName = found[0]
		out.TLS = !slices.ContainsFunc(s.Servers, func(p Probe) bool { return p.Up && !p.TLS })
	}
	for i := range out.Servers {
		remember(&out.Servers[i], last.Servers)
	}
	if s.System != nil && !s.lostQuorum() {
		out.MetaLeader = s.System.Leader
	}
	if i := s.JetStream.Info; i != nil {
		out.JetStream = &v1alpha1.JetStream{
			Domain: i.Domain, MaxStreams: int64(i.Limits.MaxStreams), MaxMemory: i.Limits.MaxMemory, MaxStorage: i.Limits.MaxStore,
		}
	}
	up := 0
	for _, x := range out.Servers {
		if x.Healthy {
			up++
		}
	}
	out.Available = fmt.Sprintf("%d/%d", up, len(out.Servers))
	return out
}

func remember(s *v1alpha1.Server, last []v1alpha1.Server) {
	for _, l := range last {
		if l.Name == s.Name && s.Version == "" {
			s.Version = l.Version
		}
	}
}

// servers that are known from any side, by name. One is healthy if it answers
// clients where the config lists it, and the system account where there is one.
func servers(s *Snapshot) []v1alpha1.Server {
	out := map[string]v1alpha1.Server{}
	for _, p := range s.Servers {
		n := p.Name
		if n == "" {
			n = strings.TrimPrefix(strings.TrimPrefix(p.URL, "tls://"), "nats://")
		}
		if _, ok := out[n]; !ok || !p.Up {
			out[n] = v1alpha1.Server{Name: n, Version: p.Version, Healthy: p.Up}
		}
	}
	if s.System != nil {
		asked(s.System, out)
	}
	list := make([]v1alpha1.Server, 0, len(out))
	for _, v := range out {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b v1alpha1.Server) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func asked(v *SystemView, out map[string]v1alpha1.Server) {
	answered := map[string]bool{}
	for _, x := range v.Servers {
		answered[x.Name] = true
		if _, ok := out[x.Name]; !ok {
			out[x.Name] = v1alpha1.Server{Name: x.Name, Version: x.Version, Healthy: true}
		}
	}
	for n, x := range out {
		x.Healthy = x.Healthy && answered[n]
		out[n] = x
	}
	for _, n := range v.Offline {
		if _, ok := out[n]; !ok {
			out[n] = v1alpha1.Server{Name: n}
		}
	}
}

// identities of the systems that the servers belong to, sorted.
func identities(s *Snapshot) []string {
	out := []string{}
	for _, p := range s.Servers {
		if p.Up && !slices.Contains(out, p.Identity()) {
			out = append(out, p.Identity())
		}
	}
	slices.Sort(out)
	return out
}

// version that is the lowest of the servers; empty without one.
func version(s *Snapshot) string {
	low := ""
	see := func(v string) {
		if v != "" && (low == "" || managed.CompareVersions(v, low) < 0) {
			low = v
		}
	}
	for _, p := range s.Servers {
		see(p.Version)
	}
	if s.System != nil {
		for _, v := range s.System.Servers {
			see(v.Version)
		}
	}
	return low
}

// Fingerprint of what an Endpoint shows of the snapshot.
func (s *Snapshot) Fingerprint() string {
	v := View{Snapshot: s}
	r, h := verdict().Ready(v), verdict().Healthy(v)
	b, err := json.Marshal(Observe(v, v1alpha1.EndpointObservation{}))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %s %s %s %s", b, r.Reason, r.Message, h.Reason, h.Message, s.JetStream.State)
}
