package etcd

import (
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/authpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

// A Grant is a permission as etcd keeps it: a type and a half-open range of
// keys. An empty end is the one key at the start.
type Grant struct {
	Type       authpb.Permission_Type
	Start, End string
}

// Grants that permissions ask for, sorted and without duplicates.
func Grants(ps []v1alpha1.Permission) []Grant {
	out := make([]Grant, 0, len(ps))
	for _, p := range ps {
		out = append(out, grant(p))
	}
	return ordered(out)
}

func grant(p v1alpha1.Permission) Grant {
	g := Grant{Type: kind(p.Type)}
	switch {
	case p.Key != nil:
		g.Start = *p.Key
	case p.Prefix != nil:
		g.Start, g.End = *p.Prefix, clientv3.GetPrefixRangeEnd(*p.Prefix)
	case p.Range != nil:
		g.Start, g.End = p.Range.From, p.Range.To
	}
	return g
}

func kind(t v1alpha1.PermissionType) authpb.Permission_Type {
	switch t {
	case v1alpha1.PermissionWrite:
		return authpb.WRITE
	case v1alpha1.PermissionReadWrite:
		return authpb.READWRITE
	}
	return authpb.READ
}

// granted permissions of a role, as etcd tells them.
func granted(ps []*authpb.Permission) []Grant {
	out := make([]Grant, 0, len(ps))
	for _, p := range ps {
		out = append(out, Grant{Type: p.PermType, Start: string(p.Key), End: string(p.RangeEnd)})
	}
	return ordered(out)
}

// ordered grants, at most one of a range: etcd keeps the last one granted, so
// the widest has to win whatever the order.
func ordered(gs []Grant) []Grant {
	slices.SortFunc(gs, func(a, b Grant) int {
		if c := strings.Compare(a.Start, b.Start); c != 0 {
			return c
		}
		return strings.Compare(a.End, b.End)
	})
	out := gs[:0:0]
	for _, g := range gs {
		if n := len(out); n > 0 && out[n-1].Start == g.Start && out[n-1].End == g.End {
			out[n-1].Type = widest(out[n-1].Type, g.Type)
			continue
		}
		out = append(out, g)
	}
	return out
}

func widest(a, b authpb.Permission_Type) authpb.Permission_Type {
	if a == b {
		return a
	}
	return authpb.READWRITE
}

// Change what a role has into what it should have. A grant of the same range
// with another type is granted anew, which replaces it.
func Change(have, want []Grant) (grant, revoke []Grant) {
	for _, w := range want {
		if !slices.Contains(have, w) {
			grant = append(grant, w)
		}
	}
	for _, h := range have {
		if !slices.ContainsFunc(want, func(w Grant) bool { return w.Start == h.Start && w.End == h.End }) {
			revoke = append(revoke, h)
		}
	}
	return grant, revoke
}

// String such as "ReadWrite v1/instances/*".
func (g Grant) String() string {
	t := map[authpb.Permission_Type]v1alpha1.PermissionType{
		authpb.READ: v1alpha1.PermissionRead, authpb.WRITE: v1alpha1.PermissionWrite, authpb.READWRITE: v1alpha1.PermissionReadWrite,
	}[g.Type]
	switch {
	case g.End == "":
		return string(t) + " " + printable(g.Start)
	case g.End == clientv3.GetPrefixRangeEnd(g.Start):
		return string(t) + " " + printable(g.Start) + "*"
	}
	return string(t) + " [" + printable(g.Start) + ", " + printable(g.End) + ")"
}

// printable key: a status holds UTF-8, a key any byte.
func printable(key string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(key, "\x00", `\0`), "?")
}

// Writes tells whether the grant allows to write.
func (g Grant) Writes() bool { return g.Type != authpb.READ }

// Overlaps tells whether two grants have a key in common.
func (g Grant) Overlaps(o Grant) bool {
	return before(g.Start, o.end()) && before(o.Start, g.end())
}

// before compares a key to an end, of which "\x00" is beyond every key.
func before(key, end string) bool { return end == "\x00" || key < end }

func (g Grant) end() string {
	if g.End == "" {
		return g.Start + "\x00"
	}
	return g.End
}
