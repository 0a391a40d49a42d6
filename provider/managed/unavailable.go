package managed

import (
	"slices"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Unavailable is what to observe when a system does not let us see a resource,
// and why. An outage, which is told by some of the reasons, is no fault of the
// resource: it stays in sync, and is not Ready. Deletion is another matter,
// since it has to happen in the end.
func Unavailable(mg resource.Managed, system, reason, message string, outages ...string) (managed.ExternalObservation, error) {
	mg.SetConditions(Condition(xpv2.TypeReady, False, reason, Sentence(message)))
	if meta.WasDeleted(mg) {
		return managed.ExternalObservation{}, errors.Errorf("%s; to let go of it without deleting it in %s, take Delete out of spec.managementPolicies", message, system)
	}
	if slices.Contains(outages, reason) {
		return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true}, nil
	}
	return managed.ExternalObservation{}, errors.New(message)
}
