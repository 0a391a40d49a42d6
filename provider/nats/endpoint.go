package nats

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// technology names us in metrics.
const technology = "nats"

// connector of the kinds in this package.
type connector = shared.Connector[*Config, *System]

// endpointForm judges what the probes of a system saw last.
func endpointForm(m *shared.Metrics) shared.EndpointForm[*v1alpha1.Endpoint, *Config, *System] {
	return shared.EndpointForm[*v1alpha1.Endpoint, *Config, *System]{
		Look: func(ctx context.Context, c *Config, system *System, mg *v1alpha1.Endpoint) ([]string, error) {
			s, err := system.Latest(ctx)
			if err != nil {
				return nil, errors.Wrap(err, "cannot probe the system")
			}
			v := View{Snapshot: s, Pin: meta.GetExternalName(mg), Want: mg.Spec.ForProvider, Now: time.Now()}
			if c.TLS != nil {
				v.ClientExpires = c.TLS.NotAfter
			}
			mg.Status.AtProvider = Observe(v, mg.Status.AtProvider)
			mg.SetConditions(verdict().Ready(v), verdict().Healthy(v))
			measure(m, mg, s)
			return identities(s), nil
		},
		Details: endpointDetails,
	}
}

func measure(metrics *shared.Metrics, mg *v1alpha1.Endpoint, s *Snapshot) {
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
	metrics.Up(technology, n, up, float64(len(mg.Status.AtProvider.Servers)), healthy)
	metrics.NATS(n, rtt, memory, store)
}
