package function

import (
	"fmt"
	"maps"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	inputv1alpha1 "github.com/graphplane/graphplane/apis/input/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// graph composes an InferenceGraph. An error is a refusal: nothing changes.
func (f *Function) graph(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, in *inputv1alpha1.Input) error {
	gin := graph.Input{
		Name:           wire.String(xr, "metadata", "name"),
		Namespace:      wire.String(xr, "metadata", "namespace"),
		RuntimeVersion: in.RuntimeVersion,
		Orchestrator:   v1alpha1.Orchestrator(wire.String(xr, "status", "orchestrator")),
	}
	if err := wire.Decode(xr, "spec", &gin.Spec); err != nil {
		return err
	}
	resolved, err := f.inputs(req, rsp, xr, &gin)
	if err != nil {
		return err
	}
	if !resolved {
		// Crossplane calls again with what is required. Until then nothing may be missing.
		wire.Keep(req, rsp)
		return nil
	}
	g, refused := graph.Resolve(gin)
	if refused != nil {
		return &refusal{reason: refused.Reason, error: refused}
	}
	return f.expand(req, rsp, xr, g)
}

// expand a graph into what exists of it from now on, and say how that is.
func (f *Function) expand(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph) error {
	to, err := f.target(g.Cluster.Access, g.Name, g.Namespace, names.Graph(g.Name))
	if err != nil {
		return err
	}
	req = to.Unwrap(req)
	if err := f.mpiKeys(req, rsp, xr, g); err != nil {
		return err
	}
	counted := count(req, rsp, g)
	decisions, seen, err := f.pools(req, rsp, xr, g, counted, to)
	if err != nil {
		return err
	}
	f.preview(g)
	resources := to.Watch(g.Namespace, users(to, compose.All(g)))
	if err := f.fits(xr, g, resources); err != nil {
		return err
	}
	items, absent, err := f.appear(req, rsp, xr, to, resources, counted)
	if err != nil {
		return err
	}
	if err := announce(req, rsp, to, g, resources, absent.held); err != nil {
		return err
	}
	planned(g, items)
	guard := guarded(g, items)
	credentials(g, items)
	restarted := restart(g.Restart, items)
	running := workloads(resources, items, absent.held)
	if err := f.mirror(g, items, running); err != nil {
		return err
	}
	verdicts := desire(rsp, items)
	maps.Copy(verdicts, absent.held)
	if err := keepRetained(req, rsp); err != nil {
		return err
	}
	pools := reportPools(rsp, g, decisions, seen, verdicts, f.keepUntilLeft(req, rsp, g, resources, verdicts, running))
	if err := to.Wrap(rsp); err != nil {
		return err
	}
	response.ConditionTrue(rsp, v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted).TargetComposite()
	status := v1alpha1.InferenceGraphStatus{Restart: settled(restarted, xr), NodePools: pools, ScalingGuard: guard.conclude(rsp, xr, g)}
	return f.report(req, rsp, g, running, verdicts, absent, status)
}

// fits refuses a graph whose objects will be too large together before the first of them appears: those that are held yet
// are in no response. What is in each component at most once is in a graph at most as often as there are components, so
// small ones need no look.
func (f *Function) fits(xr *structpb.Struct, g *graph.Graph, resources []compose.Resource) error {
	if proto.Size(xr)*len(g.Components) < maxResponse/4 {
		return nil
	}
	size := 0
	for _, r := range resources {
		s, err := f.encoder.Struct(r.Object)
		if err != nil {
			return errors.Wrapf(err, "cannot encode %s", r.Name)
		}
		size += proto.Size(s)
	}
	if size > maxResponse {
		return tooLarge(v1alpha1.InferenceGraphKind)
	}
	return nil
}

// appear returns the items that exist from now on, and what is held back and why.
func (f *Function) appear(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, to *remote.Target, resources []compose.Resource, counted map[string]*structpb.Struct) ([]*item, *absence, error) {
	items, held, err := f.stage(req, resources, counted)
	if err != nil {
		return nil, nil, err
	}
	if err := fixed(items); err != nil {
		return nil, nil, err
	}
	items, absent, err := served(req, rsp, to, items)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(absent.held, held)
	// A name that is somebody else's is said before the first object appears, whichever bears it.
	if err := conflicts(req, rsp, xr, items, to); err != nil {
		return nil, nil, err
	}
	if !f.finished {
		items = postpone(items, absent.held)
	}
	return items, absent, nil
}

// preview is for a Function that applies nothing: it finishes the graph, and tells of it.
func (f *Function) preview(g *graph.Graph) {
	if f.finished {
		finish(g)
	}
	if f.tell != nil {
		f.tell(g)
	}
}

// finish makes a graph what it is once nothing has to wait for anything: pods are on the nodes that they should be on, and
// every component is restarted that is to be.
func finish(g *graph.Graph) {
	for i := range g.Pools {
		g.Pools[i].Capacity.Running = nil
	}
	if g.Restart != nil {
		g.Restart.Parallel = true
	}
}

// keepUntilLeft keeps what workloads have not left yet. It returns the names of the nodes among it by their pool.
func (f *Function) keepUntilLeft(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, g *graph.Graph, resources []compose.Resource, verdicts map[string]ready.Verdict, running map[string]*part) map[string][]string {
	if f.finished {
		return nil
	}
	leave(req, rsp, resources, verdicts)
	return keepNodes(req, rsp, g, running)
}

// target is where objects go whose Objects, if it is another cluster, are kept in a namespace with labels.
func (f *Function) target(access v1alpha1.Access, owner, namespace string, labels map[string]string) (*remote.Target, error) {
	if access.Source != v1alpha1.AccessRemote {
		return nil, nil //nolint:nilnil // A nil Target is the cluster of the control plane.
	}
	if access.ProviderConfigRef == nil {
		return nil, missing("the InferenceCluster has source Remote and no providerConfigRef: name the config of provider-kubernetes that reaches it")
	}
	return remote.New(f.encoder, *access.ProviderConfigRef, owner, namespace, labels), nil
}

// inputs resolves what a graph needs beside itself: its InferenceCluster, its Namespace if claims are to outlive it, and
// what is known of the systems that it uses. It reports false while Crossplane has not looked for them.
func (f *Function) inputs(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, in *graph.Input) (bool, error) {
	name := in.Spec.ClusterRef.Name
	if name == "" {
		name = v1alpha1.LocalCluster
	}
	cluster := wire.Require(req, rsp, "cluster", v1alpha1.GroupVersion.String(), v1alpha1.InferenceClusterKind, "", name)
	namespace := wire.Required{Resolved: true}
	retains := graph.Retains(in.Spec.Claims)
	if retains {
		namespace = wire.Require(req, rsp, "namespace", "v1", "Namespace", "", in.Namespace)
	}
	if !cluster.Resolved || !namespace.Resolved {
		return false, nil
	}
	if retains {
		in.NamespaceUID = wire.String(namespace.Object, "metadata", "uid")
		if in.NamespaceUID == "" {
			return false, missing("cannot read Namespace %q, which keeps the graph's claims when the graph is deleted: grant Crossplane get, list and watch on namespaces, as package/rbac.yaml does", in.Namespace)
		}
	}
	used := wire.String(xr, "status", "clusterRef", "name")
	if cluster.Object == nil && (name != v1alpha1.LocalCluster || used != "") {
		return false, missing("InferenceCluster %q does not exist: create it. Until then nothing of this graph changes", name)
	}
	if cluster.Object != nil {
		var err error
		if in.Cluster, err = readCluster(name, cluster.Object); err != nil {
			return false, err
		}
	}
	return systems(req, rsp, in)
}

// readCluster reads what a graph needs to know of an InferenceCluster.
func readCluster(name string, o *structpb.Struct) (graph.Cluster, error) {
	spec := v1alpha1.InferenceClusterSpec{}
	if err := wire.Decode(o, "spec", &spec); err != nil {
		return graph.Cluster{}, errors.Wrapf(err, "cannot read InferenceCluster %q", name)
	}
	return graph.NewCluster(name, spec), nil
}

func missing(format string, args ...any) error {
	return &refusal{reason: v1alpha1.ReasonMissingInput, error: fmt.Errorf(format, args...)} //nolint:err113 // A message for users, nobody matches it.
}
