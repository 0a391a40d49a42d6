package etcd

import (
	"context"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	apiaccess "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/provider/access"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/test/etcdtest"
)

// TestCallKnowsOfAnOutage calls members that are silent, or that have no quorum:
// what a probe has just found out is not found out again, one member after
// another.
func TestCallKnowsOfAnOutage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reason string
		pause  []int
		want   string
	}{
		"NobodyAnswers": {"A silent member takes all the time it is given.", []int{0, 1, 2}, apiaccess.ReasonUnreachable},
		"NoQuorum":      {"A member without a quorum keeps a request that needs one.", []int{1, 2}, apiaccess.ReasonNoQuorum},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := etcdtest.Start(t, etcdtest.Options{})
			s := Open(&Config{Endpoints: c.URLs(), TLS: &access.TLS{}}, managed.NewMetrics(), func(managed.Phase) {})
			t.Cleanup(s.Close)
			until := func(what string, check func() bool) {
				t.Helper()
				for end := time.Now().Add(20 * time.Second); !check(); time.Sleep(50 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%s: not in time", what)
					}
				}
			}
			call := func() error {
				return s.Call(t.Context(), func(ctx context.Context, conn *grpc.ClientConn) error {
					_, err := pb.NewKVClient(conn).Put(ctx, &pb.PutRequest{Key: []byte("k")})
					return err
				})
			}
			until("a call", func() bool { return call() == nil })
			for _, i := range tc.pause {
				c.Pause(i)
			}
			// A probe may fall between the first and the last that is paused.
			until("the probe finds the outage", func() bool {
				o := s.outage.Load()
				if o == nil {
					return false
				}
				reason, _ := fault(o.error)
				return reason == tc.want
			})
			begun := time.Now()
			err := call()
			if took := time.Since(begun); err == nil || took > probeTimeout/2 {
				t.Errorf("%s\nwant an error at once, got %v after %s", tc.reason, err, took)
			}
			for _, i := range tc.pause {
				c.Resume(i)
			}
			until("a call again", func() bool { return call() == nil })
		})
	}
}
