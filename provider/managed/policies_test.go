package managed

import (
	"testing"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

func TestMay(t *testing.T) {
	cases := map[string]struct {
		reason   string
		policies xpv2.ManagementPolicies
		create   bool
		change   bool
		looks    bool
	}{
		"None":    {"Without policies everything is allowed.", nil, true, true, false},
		"All":     {"So it is with all.", xpv2.ManagementPolicies{"*"}, true, true, false},
		"Observe": {"Who looks only changes nothing.", xpv2.ManagementPolicies{"Observe"}, false, false, true},
		"Create":  {"To create is not to change.", xpv2.ManagementPolicies{"Observe", "Create"}, true, false, false},
		"Update":  {"To update is.", xpv2.ManagementPolicies{"Observe", "Update"}, false, true, false},
		"Delete":  {"So is to delete.", xpv2.ManagementPolicies{"Observe", "Create", "Delete"}, true, true, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := &v1alpha1.Role{}
			r.SetManagementPolicies(tc.policies)
			if got := May(r, xpv2.ManagementActionCreate); got != tc.create {
				t.Errorf("%s\nMay(Create): want %t, got %t", tc.reason, tc.create, got)
			}
			if got := MayChange(r); got != tc.change {
				t.Errorf("%s\nMayChange: want %t, got %t", tc.reason, tc.change, got)
			}
			if got := LooksOnly(r); got != tc.looks {
				t.Errorf("%s\nLooksOnly: want %t, got %t", tc.reason, tc.looks, got)
			}
		})
	}
}
