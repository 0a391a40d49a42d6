package function

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/wire"
)

// jobs are the names of the observed Jobs.
func jobs(s *simulation) []string {
	var out []string
	for n := range s.observed {
		if strings.HasPrefix(n, "job.") {
			out = append(out, n)
		}
	}
	return out
}

// Workers start when the model is there, and one that runs is not held for another. A change of the model makes another
// Job in place of the first.
func TestDownload(t *testing.T) {
	xr := examples(t)["model-cache/download-vllm.yaml"]
	s := simulate(t, xr, object(t, local), object(t, namespace))
	const worker, frontend = "deployment.worker", "deployment.frontend"
	for range 4 {
		s.apply()
	}
	if s.observed[worker] != nil || s.observed[frontend] == nil || len(jobs(s)) != 1 {
		t.Fatalf("while the model is downloaded: worker %t, frontend %t, jobs %v", s.observed[worker] != nil, s.observed[frontend] != nil, jobs(s))
	}
	status := wire.Get(s.xr, "status", "components").GetListValue().GetValues()[1].GetStructValue()
	if got, want := wire.String(status, "message"), "Waiting for Job: Waiting for it to complete"; got != want {
		t.Errorf("the worker says %q, want %q", got, want)
	}
	first := jobs(s)[0]
	s.observed[first].Fields["status"] = object(t, `{status: {conditions: [{type: Failed, status: "True", message: no such model}]}}`).GetFields()["status"]
	s.apply()
	status = wire.Get(s.xr, "status", "components").GetListValue().GetValues()[1].GetStructValue()
	if got, want := wire.String(status, "message"), "Waiting for Job: It failed: no such model"; got != want {
		t.Errorf("the worker says %q, want %q", got, want)
	}
	s.rollOut()
	s.apply()
	if s.observed[worker] == nil {
		t.Fatal("the model is there, and the worker is not")
	}

	set(t, s.xr, "Qwen/Qwen3-1.7B", "spec", "model", "name")
	req, _ := s.call(s.request())
	// Crossplane sends the same desired state each time it calls, and what a response was made of stays in the message.
	req.Desired = &fnv1.State{}
	rsp, err := s.fn.RunFunction(context.Background(), req)
	if err != nil || fatal(rsp) != "" {
		t.Fatal(err, fatal(rsp))
	}
	now := rsp.GetDesired().GetResources()
	if n := len(slices.DeleteFunc(slices.Collect(maps.Keys(now)), func(n string) bool { return !strings.HasPrefix(n, "job.") })); n != 1 || now[first] != nil {
		t.Errorf("another model is downloaded by %d Jobs, the first among them: %t", n, now[first] != nil)
	}
	if now[worker] == nil {
		t.Error("the worker that ran is gone while another model is downloaded")
	}
}
