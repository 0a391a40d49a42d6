// Package capacity decides what becomes of a node pool: which of its rungs it is on, which nodes its pods run on, and
// which older nodes have to stay for now. It has no I/O and no clock: what was seen and what time it is are handed in.
package capacity

import (
	"time"

	"github.com/graphplane/graphplane/function/cloud"
	"github.com/graphplane/graphplane/function/graph"
)

// Seen are nodes of a pool as their cloud object was last observed.
type Seen struct {
	// Nodes as recorded when they were created.
	cloud.Nodes

	// Rung that the nodes were made for.
	Rung int

	// Ready says that the cloud has them as they should be, and Leaving that they are being deleted.
	Ready, Leaving bool

	// Count of nodes, nil where the cloud does not say.
	Count *int32

	// Failure of the cloud, with its code and its message.
	Failure       cloud.Failure
	Code, Message string

	// Again says that nodes may have been asked for again since the failure, which is then no reason to fall.
	Again bool
}

// Before is what a graph's status says of a pool.
type Before struct {
	// Known says that there is a status.
	Known bool

	Rung            int
	RungSince       time.Time
	RungReason      string
	NoCapacitySince time.Time
	RetryID         string
}

// A Use is what the components of a pool make of its nodes.
type Use int

// Uses. Of a pool that is Idle no component has pods, nor wants any; of one that is Running a pod is on nodes of its rung.
const (
	Waiting Use = iota
	Idle
	Running
)

// A Decision on a pool.
type Decision struct {
	Rung            int
	RungSince       time.Time
	RungReason      string
	NoCapacitySince time.Time
	RetryID         string

	// Running are older nodes that pods stay on until those of the rung can be used, nil for those of the rung.
	Running *cloud.Nodes

	// Again is after which time the decision may be another one, 0 for never.
	Again time.Duration
}

// Decide on a pool.
func Decide(p *graph.Pool, seen []Seen, before Before, use Use, now time.Time) Decision {
	d := climb(p, seen, before, use, now)
	d.Running = running(p.Rungs[d.Rung].Name, seen)
	return d
}

// climb the ladder of rungs, or stay.
//
// It goes down one rung when the cloud has had no capacity for the wait of the next, and no pod runs: pods that run are not
// moved to machines that are second choice. It goes back to the first when that is asked for, or when the pool is idle and
// empty, so that nothing moves. It never goes back by itself while something runs, and never starts over after the last
// rung: a pool that has nodes nowhere waits there.
func climb(p *graph.Pool, seen []Seen, before Before, use Use, now time.Time) Decision {
	d := Decision{Rung: before.Rung, RungSince: before.RungSince, RungReason: before.RungReason, RetryID: p.RetryID}
	if !before.Known {
		d.Rung = furthest(p, seen)
	}
	if d.Rung >= len(p.Rungs) {
		return first(p, "")
	}
	current := find(p.Rungs[d.Rung].Name, seen)
	empty := current != nil && current.Count != nil && *current.Count == 0
	switch {
	case before.Known && before.RetryID != p.RetryID:
		return first(p, "")
	case d.Rung > 0 && use == Idle && empty:
		return first(p, "")
	case current == nil || use == Running:
		return d
	}
	failure := current.Failure
	if current.Again {
		failure = cloud.FailureNone
	}
	switch failure {
	case cloud.FailureCapacity:
	case cloud.FailureNone, cloud.FailureOther:
		// Nothing is said while the next try goes on, which ends the wait only if it brings nodes.
		if use == Waiting {
			d.NoCapacitySince = before.NoCapacitySince
		}
		return d
	case cloud.FailureQuota, cloud.FailureAddresses, cloud.FailurePermission, cloud.FailureReservation:
		return d
	}
	return fall(p, current, d, before.NoCapacitySince, now)
}

// fall to the next rung, or wait until its time has come.
func fall(p *graph.Pool, current *Seen, d Decision, since, now time.Time) Decision {
	d.NoCapacitySince = since
	if d.NoCapacitySince.IsZero() {
		d.NoCapacitySince = now.UTC().Truncate(time.Second)
	}
	if d.Rung+1 == len(p.Rungs) {
		return d
	}
	next := &p.Rungs[d.Rung+1]
	if wait := d.NoCapacitySince.Add(next.Wait).Sub(now); wait > 0 {
		d.Again = wait
		return d
	}
	return Decision{
		Rung: d.Rung + 1, RungSince: now.UTC().Truncate(time.Second), RetryID: p.RetryID,
		RungReason: current.Code + " for " + p.Rungs[d.Rung].Machine.Name + " " + string(p.Rungs[d.Rung].Capacity),
	}
}

// first is the decision to be on the first rung.
func first(p *graph.Pool, why string) Decision {
	return Decision{RungReason: why, RetryID: p.RetryID}
}

// furthest is the rung that a pool is on by what exists of it, for a graph that has lost its status.
func furthest(p *graph.Pool, seen []Seen) int {
	rung := 0
	for i := range p.Rungs {
		if s := find(p.Rungs[i].Name, seen); s != nil && !s.Leaving {
			rung = i
		}
	}
	return rung
}

// running are the nodes that pods stay on: none others when those of the rung can be used, or when no older ones ever
// could.
func running(current string, seen []Seen) *cloud.Nodes {
	if s := find(current, seen); s != nil && s.Ready {
		return nil
	}
	for i := range seen {
		if seen[i].Name != current && seen[i].Ready && !seen[i].Leaving {
			return &seen[i].Nodes
		}
	}
	return nil
}

func find(name string, seen []Seen) *Seen {
	for i := range seen {
		if seen[i].Name == name {
			return &seen[i]
		}
	}
	return nil
}
