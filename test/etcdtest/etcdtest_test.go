package etcdtest

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestCluster(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options Options
		fault   func(t *testing.T, c *Cluster)
		serves  bool
	}{
		"Plain":       {reason: "Three members without auth serve.", serves: true},
		"TLSAndAuth":  {reason: "Three members with TLS and auth serve root.", options: Options{TLS: true, RootPassword: "secret"}, serves: true},
		"OneKilled":   {reason: "Two of three are a majority.", fault: func(_ *testing.T, c *Cluster) { c.Members[0].Kill() }, serves: true},
		"TwoKilled":   {reason: "One of three is not.", fault: func(_ *testing.T, c *Cluster) { c.Members[0].Kill(); c.Members[1].Kill() }},
		"TwoCut":      {reason: "Nor are three that cannot talk to each other.", fault: func(_ *testing.T, c *Cluster) { c.Cut(0); c.Cut(1) }},
		"CutAndMend":  {reason: "They are once they can.", fault: func(_ *testing.T, c *Cluster) { c.Cut(0); c.Cut(1); c.Mend(0); c.Mend(1) }, serves: true},
		"KillRestart": {reason: "A member that was killed comes back.", fault: func(t *testing.T, c *Cluster) { c.Members[0].Kill(); c.Members[1].Kill(); c.StartAll(t) }, serves: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := Start(t, tc.options)
			if tc.fault != nil {
				tc.fault(t, c)
			}
			cli := c.Connect(t, "", "")
			wait := 10 * time.Second
			if !tc.serves {
				wait = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			_, err := cli.Get(ctx, "nothing", clientv3.WithCountOnly())
			if served := err == nil; served != tc.serves {
				t.Errorf("\n%s\nGet(...): served %t, want %t: %v", tc.reason, served, tc.serves, err)
			}
		})
	}
}
