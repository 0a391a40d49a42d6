package main

import (
	"context"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"
)

// runner stands where the composition goes. Its result is Fatal because a
// response without resources would have Crossplane delete the observed ones.
type runner struct {
	fnv1.UnimplementedFunctionRunnerServiceServer
}

func newRunner(_ logging.Logger) fnv1.FunctionRunnerServiceServer { return &runner{} }

func (*runner) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	rsp := response.To(req, response.DefaultTTL)
	response.Fatal(rsp, errors.New("this build of the function composes nothing"))
	return rsp, nil
}
