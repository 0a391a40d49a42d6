package compose

import (
	"strconv"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// engineCommand is the command line of a worker. The engine's module is the command and its flags are the arguments, so
// that a user who sets only args replaces the flags, and one who sets a command replaces both.
func engineCommand(g *graph.Graph, c *graph.Component) (command, args []string) {
	command = graph.EngineCommand(g.Backend)
	if g.Model == nil {
		return command, nil
	}
	switch g.Backend {
	case v1alpha1.BackendSGLang:
		args = sglangArgs(g.Model, c)
	case v1alpha1.BackendTRTLLM:
		args = trtllmArgs(g.Model, c)
	case v1alpha1.BackendVLLM:
		args = vllmArgs(g, c)
	}
	return command, append(args, kvEvents(g, c)...)
}

// kvEvents make a worker tell an endpoint picker which blocks are in its KV cache. A worker that only decodes gets its
// blocks from others, and is picked by its load.
func kvEvents(g *graph.Graph, c *graph.Component) []string {
	out := g.BlockFlag()
	if g.EPP == nil || (c.Type == v1alpha1.TypeDecode && g.EPP.Prefill) {
		return out
	}
	switch g.Backend {
	case v1alpha1.BackendSGLang:
		return append(out, "--kv-events-config", `{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:5557"}`)
	case v1alpha1.BackendTRTLLM:
		return append(out, "--publish-events-and-metrics")
	case v1alpha1.BackendVLLM:
	}
	return append(out, "--kv-events-config", `{"enable_kv_cache_events":true}`)
}

// vllmArgs are flags of dynamo.vllm. Both sides of a KV cache transfer may send and receive.
func vllmArgs(g *graph.Graph, c *graph.Component) []string {
	m := g.Model
	args := []string{"--model", m.Path, "--served-model-name", m.ServedName}
	args = append(args, revision(m)...)
	args = append(args, parallel("--tensor-parallel-size", c)...)
	if c.Group != nil {
		// Pipeline stages need less of the network between nodes than tensor parallelism would:
		// https://docs.vllm.ai/en/stable/serving/parallelism_scaling.html
		args = append(args, "--pipeline-parallel-size", strconv.Itoa(int(c.Group.Nodes)))
	}
	if mode := disaggregation(c); mode != nil {
		args = append(args, mode...)
		args = append(args, "--kv-transfer-config", kvTransfer(g, c))
	}
	return args
}

// kvTransfer is the connector of vLLM. Over EFA it needs libfabric.
func kvTransfer(g *graph.Graph, c *graph.Component) string {
	if libfabric(g, c) {
		return `{"kv_connector":"NixlConnector","kv_role":"kv_both","kv_connector_extra_config":{"backends":["LIBFABRIC"]}}`
	}
	return `{"kv_connector":"NixlConnector","kv_role":"kv_both"}`
}

// sglangArgs are flags of dynamo.sglang. A prefill worker opens its bootstrap port for peers, so it must not listen on
// localhost alone.
func sglangArgs(m *graph.Model, c *graph.Component) []string {
	args := []string{"--model-path", m.Path, "--served-model-name", m.ServedName}
	args = append(args, revision(m)...)
	if c.Group == nil {
		args = append(args, parallel("--tp", c)...)
	} else {
		// SGLang counts the GPUs of all nodes.
		args = append(args, "--tp", strconv.Itoa(int(c.Group.Nodes*c.GPUs)))
	}
	if mode := disaggregation(c); mode != nil {
		args = append(args, mode...)
		args = append(args, "--disaggregation-transfer-backend", "nixl", "--disaggregation-bootstrap-port", "12345", "--host", "0.0.0.0")
	}
	return args
}

// trtllmArgs are flags of dynamo.trtllm. A worker that only prefills cannot overlap scheduling with execution.
func trtllmArgs(m *graph.Model, c *graph.Component) []string {
	args := []string{"--model-path", m.Path, "--served-model-name", m.ServedName}
	if c.Group == nil {
		args = append(args, parallel("--tensor-parallel-size", c)...)
	} else {
		// As Dynamo's own recipes split a model over nodes.
		args = append(args, "--tensor-parallel-size", strconv.Itoa(int(c.Group.Nodes*c.GPUs)))
	}
	mode := disaggregation(c)
	if mode == nil {
		return args
	}
	args = append(args, mode...)
	override := `{"cache_transceiver_config":{"backend":"DEFAULT"}}`
	if c.Type == v1alpha1.TypePrefill {
		override = `{"cache_transceiver_config":{"backend":"DEFAULT"},"disable_overlap_scheduler":true}`
	}
	return append(args, "--override-engine-args", override)
}

func revision(m *graph.Model) []string {
	if m.Revision == "" {
		return nil
	}
	return []string{"--revision", m.Revision}
}

// parallel splits the model over all GPUs of the component.
func parallel(flag string, c *graph.Component) []string {
	if c.GPUs == 0 {
		return nil
	}
	return []string{flag, strconv.Itoa(int(c.GPUs))}
}

// disaggregation is the role of a worker that computes half of a request, nil of one that computes all of it.
func disaggregation(c *graph.Component) []string {
	if c.Type != v1alpha1.TypePrefill && c.Type != v1alpha1.TypeDecode {
		return nil
	}
	return []string{"--disaggregation-mode", string(c.Type)}
}
