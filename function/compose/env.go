package compose

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// env is the environment of a main container, least specific first: the platform's, the runtime's, the component
// type's, the graph's. The component's own is merged over it with the rest of its container.
func env(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	return mergeEnv(platformEnv(g), observeEnv(g, c), runtimeEnv(g, c), typeEnv(g, c), fabricEnv(g, c), g.Env)
}

// mergeEnv concatenates environments. A variable that is set again moves to where it is set last, so that each list
// keeps its order and $(VAR) refers to what its author declared before it.
func mergeEnv(lists ...[]corev1.EnvVar) []corev1.EnvVar {
	all := slices.Concat(lists...)
	last := make(map[string]int, len(all))
	for i := range all {
		last[all[i].Name] = i
	}
	out := make([]corev1.EnvVar, 0, len(last))
	for i := range all {
		if last[all[i].Name] == i {
			out = append(out, all[i])
		}
	}
	return out
}

func platformEnv(g *graph.Graph) []corev1.EnvVar {
	d := g.Cluster.Defaults
	var out []corev1.EnvVar
	if d.PrometheusURL != "" {
		out = append(out, variable("PROMETHEUS_ENDPOINT", d.PrometheusURL))
	}
	if d.ModelExpressURL != "" {
		out = append(out, variable("MODEL_EXPRESS_URL", d.ModelExpressURL))
	}
	return mergeEnv(out, d.Env)
}

// observeEnv says where processes send traces, and how they log. Dynamo before 1.3 reads only the endpoint of traces.
// https://docs.nvidia.com/dynamo/v1.3.0/user-guides/observability-local
func observeEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	var out []corev1.EnvVar
	if t := g.Cluster.Defaults.Tracing; t != nil {
		out = append(
			out,
			variable("OTEL_EXPORT_ENABLED", "true"),
			variable("OTEL_EXPORTER_OTLP_ENDPOINT", t.Endpoint),
			variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", t.Endpoint),
			variable("OTEL_SERVICE_NAME", c.Object),
		)
	}
	if l := g.Cluster.Defaults.Logging; l != nil {
		if l.Format == v1alpha1.LogJSON {
			out = append(out, variable("DYN_LOGGING_JSONL", "true"))
		}
		if l.Level != "" {
			out = append(out, variable("DYN_LOG", l.Level))
		}
	}
	return out
}

// runtimeEnv tells every process of the Dynamo runtime who it is. The runtime takes etcd for its discovery unless told
// otherwise.
func runtimeEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	out := []corev1.EnvVar{
		variable("DYN_NAMESPACE", c.DynamoNamespace),
		variable("DYN_COMPONENT", string(c.Type)),
		variable("DYN_PARENT_DGD_K8S_NAME", g.Name),
		variable("DYN_PARENT_DGD_K8S_NAMESPACE", g.Namespace),
		podField("POD_NAME", "metadata.name"),
		podField("POD_NAMESPACE", "metadata.namespace"),
		podField("POD_UID", "metadata.uid"),
	}
	if g.Discovery == v1alpha1.DiscoveryKubernetes {
		out = append(out, variable("DYN_DISCOVERY_BACKEND", string(v1alpha1.DiscoveryKubernetes)))
	}
	return append(out, systemEnv(g)...)
}

func typeEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	switch {
	case c.Type == v1alpha1.TypeFrontend:
		return append(modelEnv(g), variable("DYNAMO_PORT", strconv.Itoa(portHTTP)), variable("DYN_HTTP_PORT", strconv.Itoa(portHTTP)))
	case c.Type == v1alpha1.TypeEPP:
		return pickerEnv(g, c)
	case c.Type == v1alpha1.TypePlanner:
		return []corev1.EnvVar{
			variable("PLANNER_PROMETHEUS_PORT", strconv.Itoa(portPlanner)),
			variable("DYN_SYSTEM_PORT", strconv.Itoa(portSystem)),
		}
	case c.Worker():
		return append(modelEnv(g), workerEnv(g, c)...)
	}
	return nil
}

// modelEnv says where weights and tokenizer come from.
func modelEnv(g *graph.Graph) []corev1.EnvVar {
	var out []corev1.EnvVar
	if g.Model == nil {
		return nil
	}
	if g.Model.Token != nil {
		out = append(out, corev1.EnvVar{Name: "HF_TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: g.Model.Token}})
	}
	if g.Model.Cache != nil {
		out = append(out, variable("HF_HOME", g.Model.Cache.Path))
	}
	return out
}

func workerEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	out := []corev1.EnvVar{
		variable("DYN_SYSTEM_ENABLED", "true"),
		variable("DYN_SYSTEM_PORT", strconv.Itoa(portSystem)),
		variable("DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", `["generate"]`),
		variable("DYN_HEALTH_CHECK_ENABLED", "false"),
		variable("DYN_FORWARDPASS_METRIC_PORT", "20380"),
		variable("NIXL_TELEMETRY_ENABLE", "n"),
		variable("NIXL_TELEMETRY_EXPORTER", "prometheus"),
		variable("NIXL_TELEMETRY_PROMETHEUS_PORT", strconv.Itoa(portNIXL)),
	}
	if g.Backend == v1alpha1.BackendVLLM && c.Type != v1alpha1.TypeWorker {
		// vLLM offers KV cache transfers on localhost unless told an address that peers reach.
		out = append(out, podField("VLLM_NIXL_SIDE_CHANNEL_HOST", "status.podIP"))
	}
	if c.CompilationCache != "" && g.Backend == v1alpha1.BackendVLLM {
		out = append(out, variable("VLLM_CACHE_ROOT", c.CompilationCache))
	}
	return append(out, mpiEnv(c)...)
}

func variable(name, value string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, Value: value}
}

func podField(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}
