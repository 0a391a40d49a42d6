package managed

import (
	"fmt"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// A Check of a view reports whether it fails, and then with which reason and
// message.
type Check[V any] func(v V) (reason, message string, failed bool)

// A Verdict judges views of a system.
type Verdict[V any] struct {
	// Readiness is the chain whose first failure says why the system is not
	// usable, Redundancy the one whose first failure says what it lacks.
	Readiness, Redundancy []Check[V]
	// Unknown says why nobody can tell what the system lacks.
	Unknown Check[V]
}

// Ready says whether the system is usable now.
func (d Verdict[V]) Ready(v V) xpv2.Condition {
	if reason, message, failed := first(d.Readiness, v); failed {
		return Condition(xpv2.TypeReady, False, reason, message)
	}
	return Condition(xpv2.TypeReady, True, access.ReasonAvailable, "")
}

// Healthy says whether the system has its full redundancy, if anybody can tell.
func (d Verdict[V]) Healthy(v V) xpv2.Condition {
	if _, _, failed := first(d.Readiness, v); failed {
		return Condition(access.TypeHealthy, False, access.ReasonUnavailable, "The system is not usable, see Ready")
	}
	if reason, message, failed := first(d.Redundancy, v); failed {
		return Condition(access.TypeHealthy, False, reason, message)
	}
	if reason, message, failed := d.Unknown(v); failed {
		return Condition(access.TypeHealthy, Unknown, reason, message)
	}
	return Condition(access.TypeHealthy, True, access.ReasonFullyRedundant, "")
}

func first[V any](chain []Check[V], v V) (reason, message string, failed bool) {
	for _, c := range chain {
		if reason, message, failed := c(v); failed {
			return reason, message, true
		}
	}
	return "", "", false
}

// Old is a check of the lowest version found, which is empty if there is none,
// against the one that is wanted at least.
func Old(what, lowest string, atLeast *string) (reason, message string, failed bool) {
	if atLeast == nil || lowest == "" || CompareVersions(lowest, *atLeast) >= 0 {
		return "", "", false
	}
	return access.ReasonVersionUnsupported, fmt.Sprintf("%s runs version %s, older than minVersion %s: upgrade it", what, lowest, *atLeast), true
}
