package provider_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

const (
	// roundsVariable holds the number of rounds of each technology.
	roundsVariable = "GRAPHPLANE_FAULT_ROUNDS"
	// seedVariable holds another seed than 5.
	seedVariable = "GRAPHPLANE_FAULT_SEED"
	// shortRounds are run where it is not set.
	shortRounds = 3
	// lie is the longest that Ready may differ from the truth.
	lie = 15 * time.Second
)

// A victim is a system that can be broken.
type victim struct {
	members          int
	kill, cut, pause func(i int)
	mend             func(t *testing.T)
	serves           func(within time.Duration) bool
	endpoint         conditioned
	describe         func() string
}

// TestRounds breaks systems at random, again and again, and compares what Ready
// says with what a client finds. The seed is fixed unless it is given, so that a
// round that fails can be repeated.
func TestRounds(t *testing.T) {
	t.Parallel()
	victims := map[string]func(t *testing.T, p *plane) victim{"Etcd": etcdVictim, "NATS": natsVictim, "Stream": streamVictim}
	for name, make := range victims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, planeOptions{})
			v := make(t, p)
			r := rand.New(rand.NewPCG(uint64(number(t, seedVariable, 5)), uint64(len(name))))
			w := &witness{}
			n := number(t, roundsVariable, shortRounds)
			for i := range n {
				hurt := shake(r, v)
				w.agree(t, p, v, i, hurt)
				v.mend(t)
				w.agree(t, p, v, i, "mended after "+hurt)
				// Long runs are watched.
				t.Logf("round %d (%s): so far %s", i, hurt, w)
			}
			t.Logf("%d rounds: %s", n, w)
		})
	}
}

// number in an environment variable, or another one where it is not set.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	must(t, err)
	return n
}

// shake a random number of members in random ways, and say how.
func shake(r *rand.Rand, v victim) string {
	var said strings.Builder
	for _, i := range r.Perm(v.members)[:1+r.IntN(v.members)] {
		switch r.IntN(3) {
		case 0:
			v.kill(i)
			said.WriteString(" kill " + strconv.Itoa(i))
		case 1:
			v.cut(i)
			said.WriteString(" cut " + strconv.Itoa(i))
		default:
			v.pause(i)
			said.WriteString(" pause " + strconv.Itoa(i))
		}
	}
	return said.String()
}

// A witness knows for how long Ready has differed from the truth at most.
type witness struct {
	lost, back time.Duration
}

// String says it.
func (w *witness) String() string {
	return fmt.Sprintf("Ready was true for at most %s without service, and not true for at most %s with it", w.lost.Round(10*time.Millisecond), w.back.Round(10*time.Millisecond))
}

// agree waits until Ready has been the truth for a while, and fails the test if
// it is a lie for too long.
func (w *witness) agree(t *testing.T, p *plane, v victim, round int, hurt string) {
	t.Helper()
	var served, ready bool
	var since, said, agreed time.Time
	var condition xpv2.Condition
	for ; ; time.Sleep(100 * time.Millisecond) {
		begun, answer := time.Now(), make(chan bool, 1)
		go func() { answer <- v.serves(time.Second) }()
		// Ready may change while a call takes its time.
		for answered := false; !answered; {
			select {
			case s := <-answer:
				if answered = true; s != served || since.IsZero() {
					served, since = s, begun
				}
			case <-time.After(100 * time.Millisecond):
			}
			must(t, p.Get(t.Context(), client.ObjectKeyFromObject(v.endpoint), v.endpoint))
			condition = v.endpoint.GetCondition(xpv2.TypeReady)
			if now := condition.Status == "True"; now != ready || said.IsZero() {
				ready, said = now, time.Now()
			}
		}
		apart := time.Since(since)
		if ready == served {
			apart = said.Sub(since)
		}
		if served {
			w.back = max(w.back, apart)
		} else {
			w.lost = max(w.lost, apart)
		}
		if apart > lie {
			t.Fatalf("round %d (%s): served is %t for %s, Ready is %s/%s: %s\n%s", round, hurt, served, time.Since(since), condition.Status, condition.Reason, condition.Message, v.describe())
		}
		switch {
		case ready != served:
			agreed = time.Time{}
		case agreed.IsZero():
			agreed = time.Now()
		case time.Since(agreed) > 2*time.Second:
			return
		}
	}
}

func etcdVictim(t *testing.T, p *plane) victim {
	t.Helper()
	c := etcdtest.Start(t, etcdtest.Options{})
	p.make(t, etcdConfig(p, c, "")...)
	e := etcdEndpoint(p)
	p.make(t, e)
	until(t, p, e, 15*time.Second, etcdReady)
	return victim{
		members: len(c.Members), kill: func(i int) { c.Members[i].Kill() }, cut: c.Cut, pause: c.Pause,
		mend:   func(t *testing.T) { t.Helper(); c.MendAll(t) },
		serves: c.Serves, endpoint: e, describe: c.Describe,
	}
}

func natsVictim(t *testing.T, p *plane) victim {
	t.Helper()
	s := natstest.Start(t, natstest.Options{})
	p.make(t, natsConfig(t, p, s)...)
	e := natsEndpoint(p)
	p.make(t, e)
	until(t, p, e, 15*time.Second, natsReady)
	return victim{
		members: len(s.Servers), kill: func(i int) { s.Servers[i].Kill() }, cut: s.Cut, pause: s.Pause,
		mend:   func(t *testing.T) { t.Helper(); s.MendAll(t) },
		serves: s.Makes, endpoint: e, describe: s.Describe,
	}
}

// streamVictim is a replicated stream of a system: it takes messages only while a
// majority of its own replicas does.
func streamVictim(t *testing.T, p *plane) victim {
	t.Helper()
	s := natstest.Start(t, natstest.Options{})
	s.Replicated(t)
	p.make(t, natsConfig(t, p, s)...)
	st := &natsv1alpha1.Stream{ObjectMeta: p.meta("serves"), Spec: natsv1alpha1.StreamSpec{ManagedResourceSpec: spec(""), ForProvider: natsv1alpha1.StreamParameters{Subjects: []string{"serves"}}}}
	st.Spec.ManagementPolicies = xpv2.ManagementPolicies{xpv2.ManagementActionObserve}
	meta.SetExternalName(st, "SERVES")
	p.make(t, st)
	until(t, p, st, 15*time.Second, streamReady)
	return victim{
		members: len(s.Servers), kill: func(i int) { s.Servers[i].Kill() }, cut: s.Cut, pause: s.Pause,
		mend:   func(t *testing.T) { t.Helper(); s.MendAll(t) },
		serves: s.Serves, endpoint: st, describe: s.Describe,
	}
}
