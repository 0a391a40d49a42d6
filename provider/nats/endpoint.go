package nats

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// technology names us in metrics.
const technology = "nats"

// connector of the kinds in this package.
type connector = shared.Connector[*Config, *System]

func connectEndpoint(c *connector, m *shared.Metrics) shared.ConnectFn[*v1alpha1.Endpoint] {
	return func(ctx context.Context, mg *v1alpha1.Endpoint) (managed.TypedExternalClient[*v1alpha1.Endpoint], error) {
		if meta.WasDeleted(mg) {
			return shared.Gone[*v1alpha1.Endpoint]{}, nil
		}
		config, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		return &endpoint{config: config, lease: lease, metrics: m, now: time.Now}, nil
	}
}

// An endpoint observes a system. It never changes it: to create it is to pin
// its identity.
type endpoint struct {
	config  *Config
	lease   *shared.Lease[*System]
	metrics *shared.Metrics
	now     func() time.Time
}

// Observe the system. One that does not serve exists nevertheless: to say
// otherwise would create it, or end its deletion.
func (e *endpoint) Observe(ctx context.Context, mg *v1alpha1.Endpoint) (managed.ExternalObservation, error) {
	s, err := e.lease.System.Latest(ctx)
	if err != nil {
		return managed.ExternalObservation{}, errors.Wrap(err, "cannot probe the system")
	}
	v := View{Snapshot: s, Pin: meta.GetExternalName(mg), Want: mg.Spec.ForProvider, Now: e.now()}
	if e.config.TLS != nil {
		v.ClientExpires = e.config.TLS.NotAfter
	}
	mg.Status.AtProvider = Observe(v, mg.Status.AtProvider)
	mg.SetConditions(Ready(v), Healthy(v))
	e.measure(mg, s)
	known := len(identities(s)) == 1
	if known && v.Pin == "" && pins(mg) {
		return managed.ExternalObservation{ConnectionDetails: endpointDetails(e.config)}, nil
	}
	return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true, ConnectionDetails: endpointDetails(e.config)}, nil
}

// pins tells whether we may write the identity down.
func pins(mg *v1alpha1.Endpoint) bool {
	p := mg.GetManagementPolicies()
	return len(p) == 0 || slices.Contains(p, xpv2.ManagementActionAll) || slices.Contains(p, xpv2.ManagementActionCreate)
}

// Create pins the identity of the system.
func (e *endpoint) Create(ctx context.Context, mg *v1alpha1.Endpoint) (managed.ExternalCreation, error) {
	s, err := e.lease.System.Latest(ctx)
	if err != nil {
		return managed.ExternalCreation{}, errors.Wrap(err, "cannot probe the system")
	}
	found := identities(s)
	if len(found) != 1 {
		return managed.ExternalCreation{}, errors.New("cannot tell the system's identity: no server, or servers of several clusters, answered")
	}
	meta.SetExternalName(mg, found[0])
	return managed.ExternalCreation{ConnectionDetails: endpointDetails(e.config)}, nil
}

// Update has nothing to do.
func (e *endpoint) Update(context.Context, *v1alpha1.Endpoint) (managed.ExternalUpdate, error) {
	return managed.ExternalUpdate{}, nil
}

// Delete has nothing to do.
func (e *endpoint) Delete(context.Context, *v1alpha1.Endpoint) (managed.ExternalDelete, error) {
	return managed.ExternalDelete{}, nil
}

// Disconnect gives the client back.
func (e *endpoint) Disconnect(context.Context) error {
	e.lease.Release()
	return nil
}

func (e *endpoint) measure(mg *v1alpha1.Endpoint, s *Snapshot) {
	n := client.ObjectKeyFromObject(mg)
	up, healthy := 0.0, 0.0
	if mg.GetCondition(xpv2.TypeReady).Status == shared.True {
		up = 1
	}
	for _, v := range mg.Status.AtProvider.Servers {
		if v.Healthy {
			healthy++
		}
	}
	rtt := time.Duration(0)
	for _, p := range s.Servers {
		if p.Up && (rtt == 0 || p.RTT < rtt) {
			rtt = p.RTT
		}
	}
	memory, store := 0.0, 0.0
	if i := s.JetStream.Info; i != nil {
		memory, store = float64(i.Memory), float64(i.Store)
	}
	e.metrics.Up(technology, n, up, float64(len(mg.Status.AtProvider.Servers)), healthy)
	e.metrics.NATS(n, rtt, memory, store)
}
