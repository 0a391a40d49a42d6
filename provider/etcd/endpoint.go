package etcd

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// technology names us in metrics.
const technology = "etcd"

// connector of the kinds in this package.
type connector = shared.Connector[*Config, *System]

// endpointForm judges what the probes of a cluster saw last.
func endpointForm(m *shared.Metrics) shared.EndpointForm[*v1alpha1.Endpoint, *Config, *System] {
	return shared.EndpointForm[*v1alpha1.Endpoint, *Config, *System]{
		Look: func(ctx context.Context, c *Config, system *System, mg *v1alpha1.Endpoint) ([]string, error) {
			s, err := system.Latest(ctx)
			if err != nil {
				return nil, errors.Wrap(err, "cannot probe the cluster")
			}
			v := View{Snapshot: s, Pin: meta.GetExternalName(mg), Want: mg.Spec.ForProvider, ClientExpires: c.TLS.NotAfter, Now: time.Now()}
			mg.Status.AtProvider = Observe(v, mg.Status.AtProvider)
			mg.SetConditions(verdict().Ready(v), verdict().Healthy(v))
			measure(m, mg, s)
			return ids(s), nil
		},
		Details: Details,
	}
}

func measure(metrics *shared.Metrics, mg *v1alpha1.Endpoint, s *Snapshot) {
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
	metrics.Up(technology, n, up, float64(len(mg.Status.AtProvider.Members)), healthy)
	metrics.Etcd(n, float64(size), float64(bytes), float64(term))
}
