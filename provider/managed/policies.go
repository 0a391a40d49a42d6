package managed

import (
	"slices"

	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// May tells whether the management policies of a resource allow any of some
// actions. A resource without policies may do everything: one that is paused by
// an empty list is never looked at.
func May(mg resource.Managed, actions ...xpv2.ManagementAction) bool {
	p := mg.GetManagementPolicies()
	return len(p) == 0 || slices.Contains(p, xpv2.ManagementActionAll) ||
		slices.ContainsFunc(actions, func(a xpv2.ManagementAction) bool { return slices.Contains(p, a) })
}

// LooksOnly tells whether a resource may do nothing but look.
func LooksOnly(mg resource.Managed) bool {
	return !May(mg, xpv2.ManagementActionCreate, xpv2.ManagementActionUpdate, xpv2.ManagementActionDelete)
}

// MayChange tells whether a resource may change what is there, or delete it.
func MayChange(mg resource.Managed) bool {
	return May(mg, xpv2.ManagementActionUpdate, xpv2.ManagementActionDelete)
}
