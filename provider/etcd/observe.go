package etcd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	"github.com/graphplane/graphplane/provider/managed"
)

// Observe what holds still about the cluster. What the members cannot tell just
// now (all are down) is kept from what was seen last.
func Observe(v View, last v1alpha1.EndpointObservation) v1alpha1.EndpointObservation {
	s := v.Snapshot
	out := v1alpha1.EndpointObservation{
		Version:            version(s),
		Alarms:             alarms(s),
		CertificateExpires: managed.EarlierTime(s.Expires, v.ClientExpires),
	}
	if known := ids(s); len(known) > 0 {
		out.ClusterID = known[0]
	}
	if id, ok := leader(s); ok && s.Quorum {
		out.Leader = name(s, id)
	}
	var used int
	out.QuotaBytes, used = quota(s)
	out.UsedPercent = int32(used) //nolint:gosec // At most 100.
	out.Members = members(s, last)
	if len(s.Membership) == 0 {
		out.ClusterID, out.Version, out.QuotaBytes, out.UsedPercent = last.ClusterID, last.Version, last.QuotaBytes, last.UsedPercent
		out.CertificateExpires = last.CertificateExpires
	}
	up, of := 0, 0
	for _, m := range out.Members {
		if m.Learner {
			continue
		}
		of++
		if m.Health == v1alpha1.MemberUp {
			up++
		}
	}
	if of > 0 {
		out.Available = fmt.Sprintf("%d/%d", up, of)
	}
	return out
}

func members(s *Snapshot, last v1alpha1.EndpointObservation) []v1alpha1.Member {
	if len(s.Membership) == 0 {
		out := slices.Clone(last.Members)
		for i := range out {
			out[i].Health = v1alpha1.MemberDown
		}
		return out
	}
	seen := map[string]string{}
	for _, m := range last.Members {
		seen[m.ID] = m.Version
	}
	out := make([]v1alpha1.Member, 0, len(s.Membership))
	for _, m := range s.Membership {
		o := v1alpha1.Member{
			ID: hexID(m.GetID()), Name: m.GetName(), Learner: m.GetIsLearner(),
			ClientURLs: slices.Sorted(slices.Values(m.GetClientURLs())),
			Health:     health(s, m), Version: seen[hexID(m.GetID())],
		}
		if p := answer(s, m.GetID()); p != nil {
			o.Version = p.Status.GetVersion()
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b v1alpha1.Member) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// health of a member. One that does not answer is down if an address of it, or
// as many addresses as members, were asked in vain; else nobody asked it.
func health(s *Snapshot, m *pb.Member) v1alpha1.MemberHealth {
	if p := answer(s, m.GetID()); p != nil {
		if p.Status.GetLeader() == 0 {
			return v1alpha1.MemberDown
		}
		return v1alpha1.MemberUp
	}
	failed := 0
	for _, p := range s.Members {
		if p.Status != nil {
			continue
		}
		failed++
		if slices.Contains(m.GetClientURLs(), p.Address) {
			return v1alpha1.MemberDown
		}
	}
	silent := 0
	for _, o := range s.Membership {
		if answer(s, o.GetID()) == nil {
			silent++
		}
	}
	if failed >= silent {
		return v1alpha1.MemberDown
	}
	return v1alpha1.MemberUnknown
}

// answer of the member with an ID; nil without one.
func answer(s *Snapshot, id uint64) *Probe {
	for i, p := range s.Members {
		if p.Status != nil && p.Status.GetHeader().GetMemberId() == id {
			return &s.Members[i]
		}
	}
	return nil
}

// named members of a health, sorted.
func named(s *Snapshot, h v1alpha1.MemberHealth) []string {
	out := []string{}
	for _, m := range s.Membership {
		if health(s, m) == h {
			out = append(out, name(s, m.GetID()))
		}
	}
	slices.Sort(out)
	return out
}

// leader that a majority of the voting members names at the highest term. A
// leader that was cut off still believes in itself, at an older term.
func leader(s *Snapshot) (uint64, bool) {
	term, votes := uint64(0), map[uint64]map[uint64]bool{}
	for _, p := range s.Members {
		if p.Status == nil || p.Status.GetIsLearner() {
			continue
		}
		switch t := p.Status.GetRaftTerm(); {
		case t > term:
			term, votes = t, map[uint64]map[uint64]bool{}
		case t < term:
			continue
		}
		l := p.Status.GetLeader()
		if votes[l] == nil {
			votes[l] = map[uint64]bool{}
		}
		votes[l][p.Status.GetHeader().GetMemberId()] = true
	}
	answered := 0
	for _, v := range votes {
		answered += len(v)
	}
	for l, v := range votes {
		if l != 0 && 2*len(v) > answered {
			return l, true
		}
	}
	return 0, false
}

// ids of the clusters that the members belong to, sorted.
func ids(s *Snapshot) []string {
	out := []string{}
	for _, p := range s.Members {
		if p.Status == nil {
			continue
		}
		if id := hexID(p.Status.GetHeader().GetClusterId()); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// version that is the lowest of the members that answer; empty without one.
func version(s *Snapshot) string {
	low := ""
	for _, p := range s.Members {
		if p.Status == nil {
			continue
		}
		if v := p.Status.GetVersion(); low == "" || managed.CompareVersions(v, low) < 0 {
			low = v
		}
	}
	return low
}

// quota that is the smallest, and the largest share used of one, in percent and
// rounded down to ten.
func quota(s *Snapshot) (bytes int64, percent int) {
	for _, p := range s.Members {
		q := p.Status.GetDbSizeQuota()
		if q <= 0 {
			continue
		}
		if bytes == 0 || q < bytes {
			bytes = q
		}
		percent = max(percent, min(100, int(p.Status.GetDbSizeInUse()*10/q)*10))
	}
	return bytes, percent
}

func alarms(s *Snapshot) []string {
	out := make([]string, 0, len(s.Alarms))
	for _, a := range s.Alarms {
		out = append(out, a.String())
	}
	slices.Sort(out)
	if len(out) == 0 {
		return nil
	}
	return out
}

func voters(s *Snapshot) int {
	n := 0
	for _, m := range s.Membership {
		if !m.GetIsLearner() {
			n++
		}
	}
	return n
}

// name of a member, its ID where it has none.
func name(s *Snapshot, id uint64) string {
	for _, m := range s.Membership {
		if m.GetID() == id && m.GetName() != "" {
			return m.GetName()
		}
	}
	return hexID(id)
}

func hexID(id uint64) string { return strconv.FormatUint(id, 16) }

// Fingerprint of what an Endpoint shows of the snapshot.
func (s *Snapshot) Fingerprint() string {
	v := View{Snapshot: s}
	r := verdict().Ready(v)
	b, err := json.Marshal(Observe(v, v1alpha1.EndpointObservation{}))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %s %t", b, r.Reason, r.Message, s.Quorum)
}
