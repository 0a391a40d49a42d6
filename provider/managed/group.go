package managed

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// Kinds that every group has beside its managed resources.
const (
	// ProviderConfigKind is the kind of every config that has a namespace.
	ProviderConfigKind = "ProviderConfig"
	// ClusterProviderConfigKind is the kind of every config that has none.
	ClusterProviderConfigKind = "ClusterProviderConfig"

	usageKind = "ProviderConfigUsage"
)

// A Group sets up the kinds of one API group. What they have in common is made
// with the first of them that is served.
type Group[C Settings, S System] struct {
	// Manager and Options of the controllers.
	Manager ctrl.Manager
	Options controller.Options
	// Version of the group.
	Version schema.GroupVersion
	// Secrets that a config refers to.
	Secrets References
	// Resolve and Open are as in a Connector.
	Resolve Resolver[C]
	Open    Opener[C, S]

	mu   sync.Mutex
	tech *Technology
	conn *Connector[C, S]
}

// Configs are the kinds without which no other can be set up.
func (g *Group[C, S]) Configs() []schema.GroupVersionKind {
	gvk := g.Version.WithKind
	return []schema.GroupVersionKind{gvk(ProviderConfigKind), gvk(ClusterProviderConfigKind), gvk(usageKind)}
}

// Pool of clients, for tests; nil before a kind is set up.
func (g *Group[C, S]) Pool() *Pool[S] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn == nil {
		return nil
	}
	return g.conn.Pool
}

// Setup of a kind by its name. The rest of it is made from the connector.
func (g *Group[C, S]) Setup(kind string, of func(c *Connector[C, S]) Kind) error {
	tech, conn, err := g.common()
	if err != nil {
		return err
	}
	k := of(conn)
	k.GVK = g.Version.WithKind(kind)
	return Setup(g.Manager, g.Options, tech, k)
}

// common parts of all kinds, which are made once.
func (g *Group[C, S]) common() (*Technology, *Connector[C, S], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		return g.tech, g.conn, nil
	}
	tech := &Technology{
		Config: g.configKinds(ProviderConfigKind), ClusterConfig: g.configKinds(ClusterProviderConfigKind),
		Bus: NewBus(), Secrets: g.Secrets,
	}
	if err := SetupConfigs(g.Manager, g.Options, tech); err != nil {
		return nil, nil, err
	}
	usage, usages, err := g.usage()
	if err != nil {
		return nil, nil, err
	}
	conn := &Connector[C, S]{
		Client: g.Manager.GetClient(), Usage: resource.NewProviderConfigUsageTracker(g.Manager.GetClient(), usage),
		Pool: NewPool[S](), Bus: tech.Bus, Resolve: g.Resolve, Open: g.Open,
	}
	k := &Keeper[S]{Pool: conn.Pool, Bus: tech.Bus, Client: g.Manager.GetClient(), Usages: usages}
	if err := g.Manager.Add(k); err != nil {
		return nil, nil, errors.Wrap(err, "cannot add the keeper of clients")
	}
	g.tech, g.conn = tech, conn
	return tech, conn, nil
}

func (g *Group[C, S]) configKinds(config string) resource.ProviderConfigKinds {
	gvk := g.Version.WithKind
	return resource.ProviderConfigKinds{Config: gvk(config), Usage: gvk(usageKind), UsageList: gvk(usageKind + "List")}
}

// usage is an empty usage and an empty list of them.
func (g *Group[C, S]) usage() (resource.TypedProviderConfigUsage, resource.ProviderConfigUsageList, error) {
	o, err := g.Manager.GetScheme().New(g.Version.WithKind(usageKind))
	if err != nil {
		return nil, nil, errors.Wrap(err, "cannot make a usage")
	}
	l, err := g.Manager.GetScheme().New(g.Version.WithKind(usageKind + "List"))
	if err != nil {
		return nil, nil, errors.Wrap(err, "cannot make a list of usages")
	}
	usage, ok1 := o.(resource.TypedProviderConfigUsage)
	usages, ok2 := l.(resource.ProviderConfigUsageList)
	if !ok1 || !ok2 {
		return nil, nil, errors.Errorf("%T and %T are not a usage and a list of them", o, l)
	}
	return usage, usages, nil
}
