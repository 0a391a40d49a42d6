package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Annotations by which a cloud fails. They are read from a managed resource and, for everything an account does, from the
// ProviderConfig or ClusterProviderConfig that it names.
const (
	// AnnotationFault makes calls and machines fail, for as long as it stands. Its value is one of the faults below, and
	// may name the cloud's own code for it after a colon: "NoCapacity:ZonalAllocationFailed".
	AnnotationFault = "simulator.graphplane.io/fault"

	// AnnotationFaultUntil ends a fault at a time in RFC 3339.
	AnnotationFaultUntil = "simulator.graphplane.io/fault-until"

	// AnnotationFaultMachines limits a fault to machine types, separated by commas, each optionally with a slash and the
	// cloud's name of a capacity type: "p5.48xlarge/ON_DEMAND,a3-megagpu-8g/SPOT".
	AnnotationFaultMachines = "simulator.graphplane.io/fault-machines"

	// AnnotationLoseNode ends the machine of a node of the pool, without notice, once for every new value: the name of
	// the node, or anything else for the pool's first.
	AnnotationLoseNode = "simulator.graphplane.io/lose-node"

	// AnnotationReclaim takes all spot machines of the pool back after a notice, once for every new value.
	AnnotationReclaim = "simulator.graphplane.io/reclaim"

	// AnnotationDeletePool deletes the pool behind the provider's back, once for every new value.
	AnnotationDeletePool = "simulator.graphplane.io/delete-pool"
)

// Faults, which are values of AnnotationFault.
const (
	// FaultNoCapacity lets the cloud have no machine to start.
	FaultNoCapacity = "NoCapacity"

	// FaultQuota lets the account have no quota for another machine.
	FaultQuota = "Quota"

	// FaultPermission refuses every call that changes something.
	FaultPermission = "Permission"

	// FaultUnavailable lets every call fail, as when the cloud's API is down. Machines that run go on.
	FaultUnavailable = "Unavailable"
)

// A fault that is in force.
type fault struct {
	kind string

	// code is the cloud's own, if the annotation gives one.
	code string

	// machines that it is limited to.
	machines []string
}

// parseFault reads a fault from annotations. A fault that has ended is none; one that cannot be read is an error, since a
// test that injects nothing proves nothing.
func parseFault(annotations map[string]string, now time.Time) (*fault, error) {
	v := annotations[AnnotationFault]
	if v == "" {
		return nil, nil //nolint:nilnil // There is no fault.
	}

	if until := annotations[AnnotationFaultUntil]; until != "" {
		end, err := time.Parse(time.RFC3339, until)
		if err != nil {
			return nil, fmt.Errorf("annotation %s: %w", AnnotationFaultUntil, err)
		}

		if !now.Before(end) {
			return nil, nil //nolint:nilnil // It is over.
		}
	}

	f := &fault{}
	f.kind, f.code, _ = strings.Cut(v, ":")

	if !slices.Contains([]string{FaultNoCapacity, FaultQuota, FaultPermission, FaultUnavailable}, f.kind) {
		return nil, fmt.Errorf("annotation %s: %q is no fault", AnnotationFault, f.kind)
	}

	if m := annotations[AnnotationFaultMachines]; m != "" {
		f.machines = strings.Split(m, ",")
	}

	return f, nil
}

// faults of a managed resource and its account.
type faults []*fault

// api returns the fault that makes a call fail.
func (fs faults) api(writes bool) *fault {
	for _, f := range fs {
		if f.kind == FaultUnavailable || writes && f.kind == FaultPermission {
			return f
		}
	}

	return nil
}

// launch returns the fault that keeps a machine from starting.
func (fs faults) launch(machineType, capacity string) *fault {
	for _, f := range fs {
		if (f.kind == FaultNoCapacity || f.kind == FaultQuota) && f.covers(machineType, capacity) {
			return f
		}
	}

	return nil
}

func (f *fault) covers(machineType, capacity string) bool {
	return len(f.machines) == 0 || slices.ContainsFunc(f.machines, func(m string) bool {
		name, c, limited := strings.Cut(strings.TrimSpace(m), "/")

		return name == machineType && (!limited || c == capacity)
	})
}

// codeOr returns the cloud's own code for the fault, or what it is by default.
func (f *fault) codeOr(code string) string {
	if f.code != "" {
		return f.code
	}

	return code
}
