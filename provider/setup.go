// Package provider sets up the controllers of every managed resource.
package provider

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"

	"github.com/graphplane/graphplane/provider/etcd"
	"github.com/graphplane/graphplane/provider/managed"
	"github.com/graphplane/graphplane/provider/nats"
)

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
	// Setup of its controller.
	Setup func() error
}

// Kinds in the order of their names.
func (s *Setup) Kinds() []Kind {
	out := []Kind{}
	for _, m := range []map[schema.GroupVersionKind]func() error{s.Etcd.Kinds(), s.NATS.Kinds()} {
		for gvk, f := range m {
			out = append(out, Kind{GVK: gvk, Setup: f})
		}
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
			if err := k.Setup(); err != nil {
				fail(k.GVK, err)
			}
		}, k.GVK)
	}
}
