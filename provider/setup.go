// Package provider sets up the controllers of every managed resource.
package provider

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/provider/etcd"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/provider/nats"
)

// discoveryLag is how far discovery may be behind an established CRD.
const discoveryLag = 30 * time.Second

// A Setup adds controllers to a manager.
type Setup struct {
	// Etcd sets up the etcd kinds.
	Etcd *etcd.Setup
	// NATS sets up the NATS kinds.
	NATS *nats.Setup
}

// NewSetup for a manager.
func NewSetup(mgr ctrl.Manager, o controller.Options, m *managed.Metrics) *Setup {
	return &Setup{Etcd: etcd.NewSetup(mgr, o, m), NATS: nats.NewSetup(mgr, o, m)}
}

// A Kind that can be set up.
type Kind struct {
	// GVK of the kind.
	GVK schema.GroupVersionKind
	// Needs are the other kinds that have to be served.
	Needs []schema.GroupVersionKind
	// Setup of its controller.
	Setup func() error
}

// Kinds in the order of their names.
func (s *Setup) Kinds() []Kind {
	out := []Kind{}
	for gvk, f := range s.Etcd.Kinds() {
		out = append(out, Kind{GVK: gvk, Needs: s.Etcd.Configs(), Setup: f})
	}
	for gvk, f := range s.NATS.Kinds() {
		out = append(out, Kind{GVK: gvk, Needs: s.NATS.Configs(), Setup: f})
	}
	slices.SortFunc(out, func(a, b Kind) int { return cmp.Compare(a.GVK.String(), b.GVK.String()) })
	return out
}

// All kinds at once.
func (s *Setup) All() error {
	for _, k := range s.Kinds() {
		if err := k.Setup(); err != nil {
			return err
		}
	}
	return nil
}

// Gated sets up each kind once its CRD is served: those of a provider with
// safe-start appear when somebody activates them. The gate calls back from a
// goroutine of its own, where nobody would see an error: fail gets it.
func (s *Setup) Gated(g controller.Gate, fail func(kind schema.GroupVersionKind, err error)) {
	for _, k := range s.Kinds() {
		g.Register(func() {
			if err := patiently(k.Setup); err != nil {
				fail(k.GVK, err)
			}
		}, append(k.Needs, k.GVK)...)
	}
}

// patiently tries again while the API server does not serve a kind whose CRD it
// has just established: discovery is a moment behind.
func patiently(setup func() error) error {
	for end := time.Now().Add(discoveryLag); ; time.Sleep(discoveryLag / 60) {
		err := setup()
		if !unserved(err) || time.Now().After(end) {
			return err
		}
	}
}

func unserved(err error) bool {
	var group *discovery.ErrGroupDiscoveryFailed
	var resource *apiutil.ErrResourceDiscoveryFailed
	return err != nil && (meta.IsNoMatchError(err) || errors.As(err, &group) || errors.As(err, &resource))
}
