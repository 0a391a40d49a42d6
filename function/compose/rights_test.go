package compose

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nkeys"
	"k8s.io/utils/ptr"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/provider/nats"
)

func TestKeys(t *testing.T) {
	cases := map[string]struct {
		reason  string
		backing graph.Backing
		want    []string
	}{
		"Alone": {
			reason: "A graph reaches its own keys in each bucket, and the slash keeps it from a graph whose name begins as its does",
			want: []string{
				"ReadWrite v1/instances/a-b/", "ReadWrite v1/mdc/a-b/", "ReadWrite v1/event_channels/a-b/", "ReadWrite v1/event_sources/a-b/",
			},
		},
		"SharedReads": {
			reason:  "A runtime that reads whole buckets may do so, and write no more",
			backing: graph.Backing{SharedReads: true},
			want: []string{
				"ReadWrite v1/instances/a-b/", "Read v1/instances/", "ReadWrite v1/mdc/a-b/", "Read v1/mdc/",
				"ReadWrite v1/event_channels/a-b/", "Read v1/event_channels/", "ReadWrite v1/event_sources/a-b/", "Read v1/event_sources/",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range keys(&graph.Graph{DynamoNamespace: "a-b"}, &tc.backing) {
				got = append(got, string(p.Type)+" "+ptr.Deref(p.Prefix, ""))
				if p.Type != etcdv1alpha1.PermissionRead && ptr.Deref(p.Shared, false) {
					t.Errorf("%s is shared, so it would outlive the graph", *p.Prefix)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// Every right in NATS is about one Dynamo namespace, but for what JetStream says of the account.
func TestSubjects(t *testing.T) {
	g := &graph.Graph{DynamoNamespace: "team-a-qwen-0a1b2c3d", RequestPlane: v1alpha1.RequestPlaneNATS, EventPlane: v1alpha1.EventPlaneNATS}
	p := subjects(g, &graph.Backing{})
	if p.AllowResponses != nil {
		t.Error("the user may answer, and so write to any subject that it names in a question to itself")
	}
	for _, s := range append(p.Publish.Allow, p.Subscribe.Allow...) {
		if s != "$JS.API.INFO" && !strings.Contains(s, g.DynamoNamespace) {
			t.Errorf("%s reaches others", s)
		}
		if strings.Contains(s, "STREAM.CREATE") || strings.Contains(s, "STREAM.UPDATE") || strings.Contains(s, "STREAM.*") {
			t.Errorf("%s can make a stream, which may copy from any other", s)
		}
	}
}

// The servers take a user's JWT in one line of 4 KiB, with some 400 bytes beside it.
func TestUserFitsALine(t *testing.T) {
	long := strings.Repeat("n", 63)
	g := &graph.Graph{
		Name: long, Namespace: long, DynamoNamespace: names.Isolated(long, long),
		RequestPlane: v1alpha1.RequestPlaneNATS, EventPlane: v1alpha1.EventPlaneNATS,
	}
	account, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	signing, err := account.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := account.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := nats.NewSeed()
	if err != nil {
		t.Fatal(err)
	}
	i, err := nats.Mint(
		&nats.Config{SigningSeed: string(signing), Account: strings.Replace(public, "A", "B", 1)}, seed, long+"/"+long,
		natsv1alpha1.UserParameters{Permissions: subjects(g, &graph.Backing{}), ValidFor: "720h"}, time.Unix(0, 0),
	)
	if err != nil {
		t.Fatal(err)
	}
	if len(i.JWT) > 3600 {
		t.Errorf("the JWT has %d bytes, want at most 3600", len(i.JWT))
	}
	t.Logf("%d bytes", len(i.JWT))
}
