package serve

import (
	"context"
	"strings"
	"time"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// Outcomes of a call.
const (
	outcomeSuccess = "success"
	outcomeFatal   = "fatal"
	outcomeError   = "error"
)

// measured counts what a function is asked and what it answers.
type measured struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	wrapped fnv1.FunctionRunnerServiceServer
	log     logging.Logger
	metrics *metrics
}

func (s *measured) RunFunction(ctx context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()

	start := time.Now()
	rsp, err := s.wrapped.RunFunction(ctx, req)
	took := time.Since(start)

	o := outcome(rsp, err)
	s.metrics.duration.Observe(took.Seconds())
	s.metrics.calls.WithLabelValues(o).Inc()
	for _, r := range rsp.GetResults() {
		s.metrics.results.WithLabelValues(severity(r.GetSeverity())).Inc()
	}
	if o == outcomeSuccess {
		s.countComposed(rsp)
	}
	s.log.Debug("Ran function", append(identity(req), "outcome", o, "duration", took.String())...)
	return rsp, err
}

func (s *measured) countComposed(rsp *fnv1.RunFunctionResponse) {
	for _, r := range rsp.GetDesired().GetResources() {
		o := r.GetResource().GetFields()
		s.metrics.composed.inc(kind{apiVersion: o["apiVersion"].GetStringValue(), kind: o["kind"].GetStringValue()})
	}
}

func outcome(rsp *fnv1.RunFunctionResponse, err error) string {
	if err != nil {
		return outcomeError
	}
	for _, r := range rsp.GetResults() {
		if r.GetSeverity() == fnv1.Severity_SEVERITY_FATAL {
			return outcomeFatal
		}
	}
	return outcomeSuccess
}

// severity as a label: "warning" for SEVERITY_WARNING. Numbers that the
// protocol does not know yet are "unspecified", to keep the labels few.
func severity(s fnv1.Severity) string {
	name, ok := fnv1.Severity_name[int32(s)]
	if !ok {
		name = fnv1.Severity_SEVERITY_UNSPECIFIED.String()
	}
	return strings.ToLower(strings.TrimPrefix(name, "SEVERITY_"))
}
