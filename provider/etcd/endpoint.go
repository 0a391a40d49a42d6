package etcd

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// technology names us in metrics.
const technology = "etcd"

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

// An endpoint observes a cluster. It never changes it: to create it is to pin
// its identity.
type endpoint struct {
	config  *Config
	lease   *shared.Lease[*System]
	metrics *shared.Metrics
	now     func() time.Time
}

// Observe the cluster. A cluster that does not serve exists nevertheless: to say
// otherwise would create it, or end its deletion.
func (e *endpoint) Observe(ctx context.Context, mg *v1alpha1.Endpoint) (managed.ExternalObservation, error) {
	s, err := e.lease.System.Latest(ctx)
	if err != nil {
		return managed.ExternalObservation{}, errors.Wrap(err, "cannot probe the cluster")
	}
	v := View{Snapshot: s, Pin: meta.GetExternalName(mg), Want: mg.Spec.ForProvider, ClientExpires: e.config.TLS.NotAfter, Now: e.now()}
	mg.Status.AtProvider = Observe(v, mg.Status.AtProvider)
	mg.SetConditions(Ready(v), Healthy(v))
	e.measure(mg, s)
	known := len(ids(s)) == 1
	if known && v.Pin == "" && pins(mg) {
		return managed.ExternalObservation{ConnectionDetails: Details(e.config)}, nil
	}
	return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: true, ConnectionDetails: Details(e.config)}, nil
}

// pins tells whether we may write the identity down.
func pins(mg *v1alpha1.Endpoint) bool {
	p := mg.GetManagementPolicies()
	return len(p) == 0 || slices.Contains(p, xpv2.ManagementActionAll) || slices.Contains(p, xpv2.ManagementActionCreate)
}

// Create pins the identity of the cluster.
func (e *endpoint) Create(ctx context.Context, mg *v1alpha1.Endpoint) (managed.ExternalCreation, error) {
	s, err := e.lease.System.Latest(ctx)
	if err != nil {
		return managed.ExternalCreation{}, errors.Wrap(err, "cannot probe the cluster")
	}
	found := ids(s)
	if len(found) != 1 {
		return managed.ExternalCreation{}, errors.New("cannot tell the cluster's identity: no member, or members of several clusters, answered")
	}
	meta.SetExternalName(mg, found[0])
	return managed.ExternalCreation{ConnectionDetails: Details(e.config)}, nil
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
	size, term := int64(0), uint64(0)
	for _, p := range s.Members {
		if p.Status != nil {
			healthy++
			size = max(size, p.Status.GetDbSizeInUse())
			term = max(term, p.Status.GetRaftTerm())
		}
	}
	bytes, _ := quota(s)
	e.metrics.Up(technology, n, up, float64(len(mg.Status.AtProvider.Members)), healthy)
	e.metrics.Etcd(n, float64(size), float64(bytes), float64(term))
}
