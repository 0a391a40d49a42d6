package nats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
)

func accountSeed(t *testing.T) string {
	t.Helper()
	kp, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	s, err := kp.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func TestStale(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	seed, other := accountSeed(t), accountSeed(t)
	p := v1alpha1.UserParameters{
		ValidFor:    "24h",
		Permissions: v1alpha1.Permissions{Publish: v1alpha1.Subjects{Allow: []string{"a.>"}}},
		Limits:      &v1alpha1.Limits{SourceNetworks: []string{"10.0.0.0/8"}},
	}
	user, err := NewSeed()
	if err != nil {
		t.Fatal(err)
	}
	i, err := Mint(&Config{SigningSeed: seed}, user, "ns/u", p, now)
	if err != nil {
		t.Fatal(err)
	}
	read := Read(i.Seed, i.JWT)
	if read == nil {
		t.Fatal("what was minted cannot be read")
	}
	narrower, shorter := p, p
	narrower.Permissions.Publish.Deny = []string{"a.b"}
	shorter.ValidFor = "1h"
	before := access.Duration("23h")
	early := p
	early.RenewBefore = &before
	cases := map[string]struct {
		reason string
		config *Config
		params v1alpha1.UserParameters
		now    time.Time
		want   string
	}{
		"Fresh":    {"Nothing has changed.", &Config{SigningSeed: seed}, p, now, ""},
		"Key":      {"The signing key was rotated.", &Config{SigningSeed: other}, p, now, "it was signed with another key"},
		"Rights":   {"They are narrower now.", &Config{SigningSeed: seed}, narrower, now, "its rights have changed"},
		"Account":  {"The key signs for an account now.", &Config{SigningSeed: seed, Account: "A"}, p, now, "its rights have changed"},
		"Third":    {"A third of its life is left.", &Config{SigningSeed: seed}, p, now.Add(16 * time.Hour), "it expires soon"},
		"Soon":     {"renewBefore says so.", &Config{SigningSeed: seed}, early, now.Add(2 * time.Hour), "it expires soon"},
		"TooLong":  {"It was to live for a day, now for an hour.", &Config{SigningSeed: seed}, shorter, now, "it is valid for too long"},
		"NotThird": {"More than a third is left.", &Config{SigningSeed: seed}, p, now.Add(15 * time.Hour), ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if name != "Account" {
				tc.config.Account = i.Claims.Issuer
			}
			if diff := cmp.Diff(tc.want, Stale(read, tc.config, "ns/u", tc.params, tc.now)); diff != "" {
				t.Errorf("\n%s\nStale(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   v1alpha1.Subjects
		want   jwt.Permission
	}{
		"Allow": {"What is allowed.", v1alpha1.Subjects{Allow: []string{"a"}, Deny: []string{"b"}}, jwt.Permission{Allow: jwt.StringList{"a"}, Deny: jwt.StringList{"b"}}},
		"Empty": {"To NATS no list allows everything; to us nothing.", v1alpha1.Subjects{}, jwt.Permission{Deny: jwt.StringList{">"}}},
		"Deny":  {"Nor does a list of what is denied allow the rest.", v1alpha1.Subjects{Deny: []string{"b"}}, jwt.Permission{Deny: jwt.StringList{">"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, subjects(tc.args)); diff != "" {
				t.Errorf("\n%s\nsubjects(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
