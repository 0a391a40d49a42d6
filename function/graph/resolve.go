package graph

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// DefaultRuntimeVersion is the tag of the default images when nobody names one: the newest release of Dynamo whose
// flags the generated commands were checked against.
const DefaultRuntimeVersion = "1.3.0"

// An Input is an InferenceGraph as the API server accepted it, and what it runs on.
type Input struct {
	Name, Namespace string

	Spec    v1alpha1.InferenceGraphSpec
	Cluster Cluster

	// Orchestrator that was chosen before, empty for a new graph.
	Orchestrator v1alpha1.Orchestrator

	// Etcd and NATS are what is known of the systems that Backings says the graph uses. Nil where nobody looked.
	Etcd, NATS *System

	// NamespaceUID is the UID of the Namespace, needed when Retains says so.
	NamespaceUID string

	// RuntimeVersion is the tag of the default images where neither the graph nor the cluster names one.
	RuntimeVersion string
}

// Resolve applies defaults and checks every rule that the API server cannot. It returns a Refusal, which holds every
// problem found, or a Graph.
func Resolve(in Input) (*Graph, *Refusal) {
	r := &resolver{in: in, spec: field.NewPath("spec"), claims: map[string]string{}}
	r.enums()
	r.orchestrated = r.orchestrator()
	r.names()

	g := &Graph{
		Name:            in.Name,
		Namespace:       in.Namespace,
		DynamoNamespace: dynamoNamespace(&in),
		Backend:         in.Spec.Backend,
		Discovery:       discovery(&in),
		RequestPlane:    in.Spec.Runtime.RequestPlane,
		EventPlane:      in.Spec.Runtime.EventPlane,
		Orchestrator:    r.orchestrated,
		Env:             in.Spec.Env,
		NetworkPolicy:   in.Spec.NetworkPolicy != v1alpha1.NetworkPolicyNone,
		NamespaceUID:    in.NamespaceUID,
		Cluster:         in.Cluster,
	}
	g.Gang = r.gang(g.Orchestrator)
	g.Claims = r.claim()
	g.Pools = r.pools()
	if g.Model = r.model(); g.Model != nil {
		r.mounted = g.Model.Mounted()
	}
	g.Etcd, g.NATS = r.etcd(), r.nats()
	r.env()

	if len(in.Spec.Components) == 0 {
		r.Add(field.Required(r.spec.Child("components"), "a graph needs at least one component"))
	}
	for i := range in.Spec.Components {
		g.Components = append(g.Components, r.component(&in.Spec.Components[i], r.spec.Child("components").Index(i)))
	}
	g.MPI = r.mpi(g.Components)
	r.shared(g)
	g.Planner = r.planner(g)
	g.Guard = r.guard(g.Components)
	g.EPP = r.epp(g)
	r.fit(g)
	g.Warnings = r.warnings
	g.Expose = r.expose(g.Components)
	g.Restart = r.restart()
	g.Monitoring = r.monitoring()
	return g, r.Refusal()
}

// A resolver carries what the steps of Resolve share.
type resolver struct {
	problems

	in   Input
	spec *field.Path

	// orchestrated is what runs the components.
	orchestrated v1alpha1.Orchestrator

	// warnings are what a user should know, but is free to do.
	warnings []string

	// claims are the names of PersistentVolumeClaims by the names components mount them by.
	claims map[string]string

	// mounted is where the model is mounted, nil for nowhere.
	mounted *Mount
}

// claim resolves spec.claims, and returns those to create.
func (r *resolver) claim() []Claim {
	var out []Claim
	at := r.spec.Child("claims")
	for i, c := range r.in.Spec.Claims {
		if _, dup := r.claims[c.Name]; dup {
			r.Add(field.Duplicate(at.Index(i).Child("name"), c.Name))
		}
		r.claims[c.Name] = c.Name
		if c.Size == nil {
			continue
		}
		if c.Size.Sign() <= 0 {
			r.Add(field.Invalid(at.Index(i).Child("size"), c.Size.String(), "must be more than 0, as 100Gi"))
		}
		class := c.StorageClassName
		if class == nil && r.in.Cluster.Defaults.StorageClassName != "" {
			class = new(r.in.Cluster.Defaults.StorageClassName)
		}
		object := names.Claim(r.in.Name, c.Name)
		r.claims[c.Name] = object
		out = append(out, Claim{
			Name: c.Name, Object: object, Size: *c.Size, StorageClassName: class,
			AccessMode: cmp.Or(c.AccessMode, corev1.ReadWriteOnce), Retain: ptr.Deref(c.Retain, true),
		})
	}
	return out
}

// Retains reports whether any claim is created and outlives its graph.
func Retains(claims []v1alpha1.Claim) bool {
	return slices.ContainsFunc(claims, func(c v1alpha1.Claim) bool { return c.Size != nil && ptr.Deref(c.Retain, true) })
}

// mount resolves a claim by the name components mount it by.
func (r *resolver) mount(m v1alpha1.Mount, at *field.Path) Mount {
	object, ok := r.claims[m.Claim]
	if !ok {
		r.Add(field.Invalid(at.Child("claim"), m.Claim, "no such name in spec.claims: add it there, with a size to create it or without one to use a claim that exists"))
	}
	return Mount{Volume: m.Claim, Claim: object, Path: m.MountPath}
}

// efa reports whether a pool's nodes have EFA.
func (r *resolver) efa(pool string) bool {
	return r.in.Cluster.Cloud.EKS != nil && slices.ContainsFunc(r.in.Spec.NodePools, func(p v1alpha1.NodePool) bool {
		return p.Name == pool && pool != "" && p.Fabric
	})
}
