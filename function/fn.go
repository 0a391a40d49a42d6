// Package function is a Crossplane composition function that expands InferenceGraphs and InferenceClusters.
package function

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/request"
	"github.com/crossplane/function-sdk-go/response"

	inputv1alpha1 "github.com/graphplane/graphplane/apis/input/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// How long Crossplane may leave a composite resource alone. Watches bring every change of what is composed, and since
// Crossplane v2.4 of what is required. But each reconcile patches every composed object, and Crossplane drops events,
// those of edits too, while the circuit breaker of a composite resource is open: after some fifty updates in short
// order, as of a few rollouts at once. https://github.com/crossplane/crossplane/issues/7703
const (
	// rest is for what is ready. It bounds how long a Crossplane before v2.4 misses a change of what is required.
	rest = 10 * time.Minute

	// settle is for what is not ready, or has just become so: a breaker may have opened on the way.
	settle = 2 * time.Minute

	// blind is for what the breaker keeps events from.
	blind = 10 * time.Second
)

// maxResponse is the size of the largest response that Crossplane takes: it leaves gRPC's default as it is.
const maxResponse = 4 << 20

// A Function composes the kinds of graphplane.io.
type Function struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	log     logging.Logger
	encoder *wire.Encoder

	// now is the time, which only decides how long to wait.
	now func() time.Time

	// finished composes what comes after something else at once, and keeps nothing that is to go.
	finished bool

	// tell is told of each graph that is resolved, nil for nobody.
	tell func(*graph.Graph)

	// keys makes the SSH key pair of a graph that has none yet.
	keys func() (graph.KeyPair, error)
}

// An Option of a Function.
type Option func(*Function)

// WithKeys is for a Function that applies nothing: it takes one key pair for all that it would generate.
func WithKeys(k graph.KeyPair) Option {
	return func(f *Function) { f.keys = func() (graph.KeyPair, error) { return k, nil } }
}

// Finished is for a Function that applies nothing: it composes all that a finished composite resource holds, with no
// regard to the order in which it appears, and nothing that only stays until something else is done.
func Finished() Option {
	return func(f *Function) { f.finished = true }
}

// Telling is for who wants to know what a graph was resolved to, with what has become of its node pools.
func Telling(whom func(*graph.Graph)) Option {
	return func(f *Function) { f.tell = whom }
}

// New returns a Function.
func New(log logging.Logger, opts ...Option) *Function {
	f := &Function{log: log, encoder: &wire.Encoder{}, now: time.Now, keys: generateKeys}
	for _, o := range opts {
		o(f)
	}
	return f
}

// RunFunction composes one composite resource. Whatever cannot be composed gets a Fatal result, with which Crossplane
// changes nothing; it returns no error.
func (f *Function) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	xr := req.GetObserved().GetComposite().GetResource()
	kind := wire.String(xr, "apiVersion") + "/" + wire.String(xr, "kind")
	log := f.log.WithValues("kind", wire.String(xr, "kind"), "namespace", wire.String(xr, "metadata", "namespace"), "name", wire.String(xr, "metadata", "name"))
	rsp := response.To(req, patience(xr))

	in := &inputv1alpha1.Input{}
	if err := decodeInput(req.GetInput(), in); err != nil {
		refuse(rsp, v1alpha1.ReasonInvalidSpec, err)
		return rsp, nil
	}

	var err error
	switch kind {
	case v1alpha1.GroupVersion.String() + "/" + v1alpha1.InferenceGraphKind:
		err = f.graph(req, rsp, xr, in)
	case v1alpha1.GroupVersion.String() + "/" + v1alpha1.InferenceClusterKind:
		err = f.cluster(req, rsp, xr)
	default:
		response.Fatal(rsp, errors.Errorf("this function composes InferenceGraph and InferenceCluster of %s, not %s: use it in their Compositions only", v1alpha1.GroupVersion, kind))
	}
	if err == nil && wire.Larger(rsp, maxResponse) {
		// The request's own desired state is no way back: it is the same message, and has grown with ours.
		rsp.Desired = nil
		err = tooLarge(wire.String(xr, "kind"))
	}
	if err != nil {
		log.Info("Refused", "reason", err.Error())
		reason := v1alpha1.ReasonInvalidSpec
		if r := (&refusal{}); errors.As(err, &r) {
			reason = r.reason
		}
		refuse(rsp, reason, err)
	}
	return rsp, nil
}

func tooLarge(kind string) error {
	return errors.Errorf("the objects of this %s are larger than the %d bytes that Crossplane takes: move large values, as of env, into a ConfigMap or a volume", kind, maxResponse)
}

// patience is how long Crossplane may leave a composite resource alone, judged by its own conditions.
func patience(xr *structpb.Struct) time.Duration {
	switch {
	case ready.Condition(xr, "Responsive") == "False":
		return blind
	case ready.Condition(xr, "Ready") != "True":
		return settle
	}
	return rest
}

// decodeInput reads the input of the Composition strictly: a field it does not know is an error.
func decodeInput(s *structpb.Struct, into *inputv1alpha1.Input) error {
	if s == nil {
		return nil
	}
	err := request.GetInput(&fnv1.RunFunctionRequest{Input: s}, into)
	return errors.Wrap(err, "cannot read the input of the function: mend the input in the Composition")
}

// A refusal is an error with a reason for the Accepted condition.
type refusal struct {
	reason string
	error
}

// refuse makes a response by which Crossplane changes nothing.
func refuse(rsp *fnv1.RunFunctionResponse, reason string, err error) {
	response.Fatal(rsp, err)
	response.ConditionFalse(rsp, v1alpha1.ConditionAccepted, reason).WithMessage(err.Error()).TargetComposite()
}
