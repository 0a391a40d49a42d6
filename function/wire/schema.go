package wire

import (
	"google.golang.org/protobuf/proto"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/request"
	"github.com/crossplane/function-sdk-go/response"
)

// Schemas reports whether Crossplane says that it finds schemas. Before v2.2 it says nothing.
func Schemas(req *fnv1.RunFunctionRequest) bool {
	return request.HasCapability(req, fnv1.Capability_CAPABILITY_REQUIRED_SCHEMAS)
}

// RequireSchema asks for the schema of a kind. It reports whether Crossplane has looked, and whether there is one.
func RequireSchema(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, as, apiVersion, kind string) (resolved, found bool) {
	response.RequireSchema(rsp, as, apiVersion, kind)
	s, resolved := request.GetRequiredSchema(req, as)
	return resolved, s != nil
}

// ObservedSize is how many bytes of a request the observed state takes, which no requirement changes.
func ObservedSize(req *fnv1.RunFunctionRequest) int {
	return proto.Size(req.GetObserved())
}
