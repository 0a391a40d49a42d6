// Package render plays Crossplane for one composite resource, with no cluster: it runs the function until what it
// requires is found, and returns the objects that Crossplane would apply, as Crossplane would apply them.
package render

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/package/configuration"
)

// maxRounds is how often Crossplane calls a function again while its requirements grow.
const maxRounds = 5

// A Request is a composite resource, with its defaults applied, and the cluster it is rendered in.
type Request struct {
	Composite *unstructured.Unstructured

	// Required objects the function may ask for, as InferenceClusters and Namespaces. A Namespace that is not among them
	// is made up.
	Required []unstructured.Unstructured

	// Observed objects of the cluster, of this composite resource or not. Where it is nil, all that the finished composite
	// resource holds is rendered. Where it is not, the next step.
	Observed []unstructured.Unstructured
}

// A Result is what one reconcile does, or all of them together.
type Result struct {
	// Composite has the status and the conditions that the function reports. Conditions have no times.
	Composite *unstructured.Unstructured

	// Graph is what an InferenceGraph was resolved to, nil for another composite resource.
	Graph *graph.Graph

	// Composed objects to apply, by composition resource name.
	Composed []unstructured.Unstructured

	// Observed objects of the composite resource, by composition resource name.
	Observed map[string]unstructured.Unstructured

	// Removed are the observed objects to delete, by composition resource name.
	Removed []unstructured.Unstructured

	// Warnings of the function.
	Warnings []string
}

// A Refusal is a Fatal result of the function, with which Crossplane changes nothing.
type Refusal struct {
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// A Renderer renders the kinds that have a Composition in package/configuration.
type Renderer struct {
	inputs map[schema.GroupVersionKind]*structpb.Struct
}

// New returns a Renderer that runs the function with the input of our Compositions.
func New() (*Renderer, error) {
	comps, err := configuration.Compositions()
	if err != nil {
		return nil, err
	}
	r := &Renderer{inputs: map[schema.GroupVersionKind]*structpb.Struct{}}
	for _, c := range comps {
		if len(c.Spec.Pipeline) != 1 {
			return nil, errors.Errorf("Composition %q has %d steps, can render one", c.GetName(), len(c.Spec.Pipeline))
		}
		gvk := schema.FromAPIVersionAndKind(c.Spec.CompositeTypeRef.APIVersion, c.Spec.CompositeTypeRef.Kind)
		r.inputs[gvk] = nil
		if in := c.Spec.Pipeline[0].Input; in != nil {
			s := &structpb.Struct{}
			if err := protojson.Unmarshal(in.Raw, s); err != nil {
				return nil, errors.Wrapf(err, "cannot read the input of Composition %q", c.GetName())
			}
			r.inputs[gvk] = s
		}
	}
	return r, nil
}

// noKeys stand for those that are generated when a graph is created. A key that is printed is none.
func noKeys() graph.KeyPair {
	return graph.KeyPair{Private: []byte("generated with the graph\n"), Public: []byte("generated with the graph\n")}
}

// Render returns what Crossplane would do next, or all that it would do where nothing is said to be observed. It returns a
// *Refusal when the function refuses.
func (r *Renderer) Render(ctx context.Context, in Request) (*Result, error) {
	if in.Observed == nil {
		return r.Finish(ctx, in)
	}
	return r.render(ctx, in)
}

// Finish returns all that Crossplane would have done when nothing is left to do, from what is observed. It returns a
// *Refusal when the function refuses.
func (r *Renderer) Finish(ctx context.Context, in Request) (*Result, error) {
	return r.render(ctx, in, function.Finished())
}

func (r *Renderer) render(ctx context.Context, in Request, opts ...function.Option) (*Result, error) {
	input, ok := r.inputs[in.Composite.GroupVersionKind()]
	if !ok {
		return nil, errors.Errorf("no Composition composes %s %s", in.Composite.GetAPIVersion(), in.Composite.GetKind())
	}
	xr := live(in.Composite, in.Observed)
	observed := composed(xr, in.Observed)
	req, err := request(xr, observed, input)
	if err != nil {
		return nil, err
	}
	var resolved *graph.Graph
	opts = append(opts, function.WithKeys(noKeys()), function.Telling(func(g *graph.Graph) { resolved = g }))
	rsp, err := run(ctx, function.New(logging.NewNopLogger(), opts...), req, store{xr: xr, objects: slices.Concat(in.Required, in.Observed)})
	if err != nil {
		return nil, err
	}
	out, err := result(xr, observed, rsp)
	if err != nil {
		return nil, err
	}
	out.Graph, out.Observed = resolved, observed
	return out, nil
}

// run a function until it requires nothing new.
func run(ctx context.Context, fn fnv1.FunctionRunnerServiceServer, req *fnv1.RunFunctionRequest, s store) (*fnv1.RunFunctionResponse, error) {
	var last *fnv1.Requirements
	for range maxRounds + 1 {
		rsp, err := fn.RunFunction(ctx, req)
		if err != nil {
			return nil, errors.Wrap(err, "cannot run the function")
		}
		for _, res := range rsp.GetResults() {
			if res.GetSeverity() == fnv1.Severity_SEVERITY_FATAL {
				return nil, &Refusal{Message: res.GetMessage()}
			}
		}
		if proto.Equal(rsp.GetRequirements(), last) {
			return rsp, nil
		}
		last = rsp.GetRequirements()
		if req.RequiredResources, err = s.resolve(last); err != nil {
			return nil, err
		}
		req.Context = rsp.GetContext()
	}
	return nil, errors.Errorf("the function still requires other resources after %d calls", maxRounds+1)
}

func request(xr *unstructured.Unstructured, observed map[string]unstructured.Unstructured, input *structpb.Struct) (*fnv1.RunFunctionRequest, error) {
	s, err := encode(xr)
	if err != nil {
		return nil, err
	}
	req := &fnv1.RunFunctionRequest{
		Meta: &fnv1.RequestMeta{Capabilities: []fnv1.Capability{
			fnv1.Capability_CAPABILITY_CAPABILITIES,
			fnv1.Capability_CAPABILITY_REQUIRED_RESOURCES,
			fnv1.Capability_CAPABILITY_CONDITIONS,
		}},
		Input:    input,
		Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: s}, Resources: map[string]*fnv1.Resource{}},
	}
	for name, o := range observed {
		s, err := encode(&o)
		if err != nil {
			return nil, err
		}
		req.Observed.Resources[name] = &fnv1.Resource{Resource: s}
	}
	return req, nil
}

func result(xr *unstructured.Unstructured, observed map[string]unstructured.Unstructured, rsp *fnv1.RunFunctionResponse) (*Result, error) {
	c, err := status(xr, rsp)
	if err != nil {
		return nil, err
	}
	out := &Result{Composite: c}
	desired := rsp.GetDesired().GetResources()
	for _, name := range slices.Sorted(maps.Keys(desired)) {
		o, err := decode(desired[name].GetResource())
		if err != nil {
			return nil, errors.Wrapf(err, "cannot read %s", name)
		}
		if before, ok := observed[name]; ok {
			o.SetName(before.GetName())
			o.SetNamespace(before.GetNamespace())
			o.SetGenerateName(before.GetGenerateName())
		}
		if err := own(o, xr, name); err != nil {
			return nil, errors.Wrapf(err, "cannot own %s", name)
		}
		out.Composed = append(out.Composed, *o)
	}
	for _, name := range slices.Sorted(maps.Keys(observed)) {
		if _, ok := desired[name]; !ok {
			out.Removed = append(out.Removed, observed[name])
		}
	}
	for _, res := range rsp.GetResults() {
		if res.GetSeverity() == fnv1.Severity_SEVERITY_WARNING {
			out.Warnings = append(out.Warnings, res.GetMessage())
		}
	}
	return out, nil
}

func encode(o *unstructured.Unstructured) (*structpb.Struct, error) {
	s, err := structpb.NewStruct(o.Object)
	return s, errors.Wrapf(err, "cannot encode %s %q", o.GetKind(), o.GetName())
}

// decode through JSON, so that whole numbers are integers.
func decode(s *structpb.Struct) (*unstructured.Unstructured, error) {
	b, err := protojson.Marshal(s)
	if err != nil {
		return nil, errors.Wrap(err, "cannot marshal")
	}
	o := &unstructured.Unstructured{}
	return o, errors.Wrap(json.Unmarshal(b, &o.Object), "cannot unmarshal")
}
