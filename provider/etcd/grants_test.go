package etcd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/api/v3/authpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

func prefix(t v1alpha1.PermissionType, p string) v1alpha1.Permission {
	return v1alpha1.Permission{Type: t, Prefix: &p}
}

func TestGrants(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   []v1alpha1.Permission
		want   []string
	}{
		"Prefix":    {"A prefix is a range.", []v1alpha1.Permission{prefix("ReadWrite", "v1/a/")}, []string{"ReadWrite v1/a/*"}},
		"Widest":    {"etcd keeps one type for a range.", []v1alpha1.Permission{prefix("Read", "a"), prefix("Write", "a")}, []string{"ReadWrite a*"}},
		"Duplicate": {"The same twice is once.", []v1alpha1.Permission{prefix("Read", "a"), prefix("Read", "a")}, []string{"Read a*"}},
		"Range":     {"A range is told as one.", []v1alpha1.Permission{{Type: "Read", Range: &v1alpha1.KeyRange{From: "a", To: "k"}}}, []string{"Read [a, k)"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, texts(Grants(tc.args))); diff != "" {
				t.Errorf("\n%s\nGrants(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestChange(t *testing.T) {
	a, b := Grant{Type: authpb.READ, Start: "a"}, Grant{Type: authpb.READ, Start: "b"}
	wide := Grant{Type: authpb.READWRITE, Start: "a"}
	cases := map[string]struct {
		reason        string
		have, want    []Grant
		grant, revoke []Grant
	}{
		"Same":    {reason: "Nothing to do.", have: []Grant{a, b}, want: []Grant{a, b}},
		"Missing": {reason: "Granted.", have: []Grant{a}, want: []Grant{a, b}, grant: []Grant{b}},
		"TooMuch": {reason: "Revoked.", have: []Grant{a, b}, want: []Grant{a}, revoke: []Grant{b}},
		"Type":    {reason: "Granted anew, which replaces the old one.", have: []Grant{a}, want: []Grant{wide}, grant: []Grant{wide}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			grant, revoke := Change(tc.have, tc.want)
			if diff := cmp.Diff([][]Grant{tc.grant, tc.revoke}, [][]Grant{grant, revoke}); diff != "" {
				t.Errorf("\n%s\nChange(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestOverlap is the prefix of another graph.
func TestOverlap(t *testing.T) {
	at := metav1.NewTime(time.Unix(1000, 0))
	role := func(ns string, created metav1.Time, ps ...v1alpha1.Permission) *v1alpha1.Role {
		return &v1alpha1.Role{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "r", CreationTimestamp: created},
			Spec:       v1alpha1.RoleSpec{ForProvider: v1alpha1.RoleParameters{Permissions: ps}},
		}
	}
	yes := true
	shared := prefix("Write", "v1/")
	shared.Shared = &yes
	late := metav1.NewTime(at.Add(time.Hour))
	first := role("a", at, prefix("ReadWrite", "v1/a/"))
	cases := map[string]struct {
		reason    string
		mg, other *v1alpha1.Role
		refused   bool
	}{
		"SamePrefix":   {"It belongs to a.", role("b", late, prefix("Write", "v1/a/")), first, true},
		"WiderPrefix":  {"It holds what belongs to a.", role("b", late, prefix("ReadWrite", "v1/")), first, true},
		"Inside":       {"It is part of what belongs to a.", role("b", late, prefix("Write", "v1/a/x")), first, true},
		"Older":        {"The first one keeps it.", first, role("b", late, prefix("Write", "v1/a/")), false},
		"Neighbour":    {"No key in common.", role("b", late, prefix("ReadWrite", "v1/b/")), first, false},
		"Reads":        {"Model cards are read by all.", role("b", late, prefix("Read", "v1/a/")), first, false},
		"OwnNamespace": {"A namespace may do with its keys what it likes.", role("a", late, prefix("Write", "v1/a/")), first, false},
		"BothShare":    {"Both agree.", role("b", late, shared), role("a", at, shared), false},
		"OneShares":    {"One does not.", role("b", late, shared), first, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := overlap(tc.mg, tc.other); (err != nil) != tc.refused {
				t.Errorf("\n%s\noverlap(...): refused %t, want %t: %v", tc.reason, err != nil, tc.refused, err)
			}
		})
	}
}
