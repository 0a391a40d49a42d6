package serve

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"
)

// A guard turns a panic of the function, or a response that is not there, into
// a Fatal result: Crossplane then applies and deletes nothing, and the user of
// the composite resource reads why. A panic in a goroutine that the function
// started is out of its reach.
type guard struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	wrapped fnv1.FunctionRunnerServiceServer
	log     logging.Logger
	panics  prometheus.Counter
}

func (g *guard) RunFunction(ctx context.Context, req *fnv1.RunFunctionRequest) (rsp *fnv1.RunFunctionResponse, err error) {
	defer func() {
		if p := recover(); p != nil {
			g.panics.Inc()
			g.log.Info("Function panicked", append(identity(req), "panic", describe(p), "stack", string(debug.Stack()))...)
			rsp, err = refuse(req, "function panicked: nothing was changed; this is a defect of the function, whose log has the stack"), nil
		}
	}()
	rsp, err = g.wrapped.RunFunction(ctx, req)
	if rsp == nil && err == nil {
		// On the wire it would be an empty desired state, which deletes all.
		g.log.Info("Function returned no response", identity(req)...)
		return refuse(req, "function returned no response: nothing was changed; this is a defect of the function"), nil
	}
	return rsp, err
}

// refuse has no TTL, so that Crossplane does not cache the response.
func refuse(req *fnv1.RunFunctionRequest, message string) *fnv1.RunFunctionResponse {
	rsp := response.To(req, 0)
	response.Fatal(rsp, errors.New(message))
	return rsp
}

// describe a panic without its value unless that comes from the Go runtime:
// any other may quote the request, and a request may hold secrets.
func describe(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("value of type %T", p)
}

// identity tells in a log which request it is about: the names of the composite
// resource, never its contents.
func identity(req *fnv1.RunFunctionRequest) []any {
	xr := req.GetObserved().GetComposite().GetResource().GetFields()
	meta := xr["metadata"].GetStructValue().GetFields()
	return []any{
		"tag", req.GetMeta().GetTag(),
		"kind", xr["kind"].GetStringValue(),
		"namespace", meta["namespace"].GetStringValue(),
		"name", meta["name"].GetStringValue(),
	}
}
