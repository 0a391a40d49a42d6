package compose

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Ports of an endpoint picker.
const (
	portPicker       = 9002
	portPickerHealth = 9003
)

const (
	// pickerGrace is how long an endpoint picker may finish the requests it has picked for, in seconds.
	pickerGrace = 130

	pickerConfigVolume = "epp-config"
	pickerConfigPath   = "/etc/epp"
	pickerConfigKey    = "epp-config-dynamo.yaml"
	pickerCacheVolume  = "hf-cache"
	pickerCachePath    = "/home/nonroot/.cache"

	// PickerConfigResource is the composition resource name of an endpoint picker's configuration.
	PickerConfigResource = "configmap.epp"
)

// sidecarName is the container of a worker's pod that an inference gateway sends requests to.
const sidecarName = "frontend"

// picker is the container of an endpoint picker. It waits for workers to register before it serves, and they load
// weights first. Its metrics ask for a token that only the API server could check, which needs rights in the whole
// cluster; they tell as little as those of every other component.
func picker(k *corev1.Container, g *graph.Graph) {
	k.Args = []string{
		"--pool-name", names.Pool(g.Name), "--pool-namespace", g.Namespace, "--pool-group", inferencePoolGroup,
		"-v", "4", "--zap-encoder", "json",
		"--grpc-port", strconv.Itoa(portPicker), "--grpc-health-port", strconv.Itoa(portPickerHealth),
		"--metrics-endpoint-auth=false",
		"--config-file", pickerConfigPath + "/" + pickerConfigKey,
	}
	k.Ports = []corev1.ContainerPort{
		containerPort("grpc", portPicker), containerPort("grpc-health", portPickerHealth), containerPort("metrics", portSystem),
	}
	k.StartupProbe = pickerProbe(timing{period: 10, timeout: 1, failures: 720})
	k.LivenessProbe = pickerProbe(timing{delay: 5, period: 10, timeout: 1, failures: 3})
	k.ReadinessProbe = pickerProbe(timing{delay: 5, period: 10, timeout: 1, failures: 3})
	k.VolumeMounts = append(k.VolumeMounts, corev1.VolumeMount{Name: pickerConfigVolume, MountPath: pickerConfigPath, ReadOnly: true})
	if g.Model.Cache == nil {
		k.VolumeMounts = append(k.VolumeMounts, corev1.VolumeMount{Name: pickerCacheVolume, MountPath: pickerCachePath})
	}
}

func pickerProbe(t timing) *corev1.Probe {
	p := probe(t)
	p.GRPC = &corev1.GRPCAction{Port: portPickerHealth, Service: new("inference-extension")}
	return p
}

// pickerEnv is read by the Dynamo router inside an endpoint picker.
func pickerEnv(g *graph.Graph, c *graph.Component) []corev1.EnvVar {
	out := modelEnv(g)
	if g.Model.Cache == nil {
		out = append(out, variable("HF_HOME", pickerCachePath+"/huggingface"))
	}
	return append(
		out,
		variable("DYN_NAMESPACE_PREFIX", c.DynamoNamespace),
		variable("DYN_MODEL_NAME", g.Model.ServedName),
		variable("DYN_KV_CACHE_BLOCK_SIZE", g.EPP.BlockSize),
		variable("DYN_ENFORCE_DISAGG", "false"),
		variable("USE_STREAMING", "true"),
		variable("RUST_LOG", "info"),
		// It uses no GPU, and must start where there is no driver.
		variable("NVIDIA_VISIBLE_DEVICES", "void"),
	)
}

// pickerPod completes the pod of an endpoint picker. Sidecars of Istio would take the connections that a gateway opens
// with a certificate of its own.
func pickerPod(s *corev1.PodSpec, g *graph.Graph) {
	s.TerminationGracePeriodSeconds = new(int64(pickerGrace))
	s.Volumes = append(s.Volumes, corev1.Volume{Name: pickerConfigVolume, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: cmp.Or(g.EPP.ConfigMap, names.PickerConfig(g.Name))},
			Items:                []corev1.KeyToPath{{Key: cmp.Or(g.EPP.Key, pickerConfigKey), Path: pickerConfigKey}},
		},
	}})
	if g.Model.Cache == nil {
		s.Volumes = append(s.Volumes, corev1.Volume{
			Name: pickerCacheVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
		})
	}
}

func pickerAnnotations(g *graph.Graph) map[string]string {
	out := map[string]string{"sidecar.istio.io/inject": "false"}
	if g.EPP.ConfigMap == "" {
		sum := sha256.Sum256([]byte(pickerConfig(g)))
		out[v1alpha1.AnnotationConfig] = hex.EncodeToString(sum[:8])
	}
	return out
}

// EndpointPicker is what an inference gateway finds an endpoint picker by, and the workers that it picks from.
func EndpointPicker(g *graph.Graph) []Resource {
	if g.EPP == nil {
		return nil
	}
	c := &g.Components[g.EPP.Component]
	out := []Resource{{Name: "inferencepool.graph", Object: inferencePool(g, c), Ready: ready.InferencePool}}
	if g.EPP.ConfigMap != "" {
		return out
	}
	return append(out, Resource{
		Name: PickerConfigResource,
		Object: &corev1.ConfigMap{
			TypeMeta:   typeMeta("v1", "ConfigMap"),
			ObjectMeta: componentMeta(g, c, names.PickerConfig(g.Name)),
			Data:       map[string]string{pickerConfigKey: pickerConfig(g)},
		},
		Ready: ready.Exists,
	})
}

// withFrontend adds to a worker's pod the frontend that an inference gateway sends requests to. It routes nothing: the
// endpoint picker has. A user's container of that name is merged over it.
func withFrontend(g *graph.Graph, c *graph.Component, containers []corev1.Container) []corev1.Container {
	if g.EPP == nil || !c.Worker() {
		return containers
	}
	f := *c
	f.Type, f.GPUs, f.SharedMemory, f.Mounts = v1alpha1.TypeFrontend, 0, nil, nil
	if m := g.Model.Mounted(); m != nil {
		f.Mounts = []graph.Mount{*m}
	}
	k := mainContainer(g, &f)
	k.Name = sidecarName
	k.Args = []string{"--router-mode", "direct"}
	containers = slices.Clone(containers)
	i := slices.IndexFunc(containers, func(k corev1.Container) bool { return k.Name == sidecarName })
	if i < 0 {
		harden(&k)
		return append(containers, k)
	}
	k = mergeContainer(k, containers[i])
	harden(&k)
	containers[i] = k
	return containers
}

// pickerConfig is the configuration of an endpoint picker. JSON is YAML.
func pickerConfig(g *graph.Graph) string {
	if g.EPP.Config != "" {
		return g.EPP.Config
	}
	b, err := json.Marshal(defaultPicker(g.EPP.Prefill))
	if err != nil {
		panic(err) // It holds strings and numbers.
	}
	return string(b)
}

// defaultPicker picks by the score of the Dynamo router: one worker, or one for prefill and one for decode.
// https://github.com/ai-dynamo/dynamo/tree/main/examples/backends/vllm/deploy/gaie
func defaultPicker(prefill bool) endpointPickerConfig {
	out := endpointPickerConfig{
		APIVersion: "inference.networking.x-k8s.io/v1alpha1", Kind: "EndpointPickerConfig",
		Plugins: []pickerPlugin{{Type: "disagg-profile-handler"}, {Name: "picker", Type: "max-score-picker"}},
	}
	profile := func(name string, types ...v1alpha1.ComponentType) {
		out.Plugins = append(
			out.Plugins,
			pickerPlugin{Name: name + "-filter", Type: "label-filter", Parameters: &labelFilter{Label: names.DynamoType, ValidValues: types}},
			pickerPlugin{Name: "dyn-" + name, Type: "dyn-" + name + "-scorer"},
		)
		out.SchedulingProfiles = append(out.SchedulingProfiles, schedulingProfile{Name: name, Plugins: []pluginRef{
			{PluginRef: name + "-filter", Weight: 1}, {PluginRef: "dyn-" + name, Weight: 1}, {PluginRef: "picker", Weight: 1},
		}})
	}
	if prefill {
		profile("prefill", v1alpha1.TypePrefill)
	}
	profile("decode", v1alpha1.TypeDecode, v1alpha1.TypeWorker)
	return out
}

// An endpointPickerConfig is what we set of the kind of inference.networking.x-k8s.io/v1alpha1.
type endpointPickerConfig struct {
	APIVersion         string              `json:"apiVersion"`
	Kind               string              `json:"kind"`
	Plugins            []pickerPlugin      `json:"plugins"`
	SchedulingProfiles []schedulingProfile `json:"schedulingProfiles"`
}

type pickerPlugin struct {
	Name       string       `json:"name,omitempty"`
	Type       string       `json:"type"`
	Parameters *labelFilter `json:"parameters,omitempty"`
}

type labelFilter struct {
	Label         string                   `json:"label"`
	ValidValues   []v1alpha1.ComponentType `json:"validValues"`
	AllowsNoLabel bool                     `json:"allowsNoLabel"`
}

type schedulingProfile struct {
	Name    string      `json:"name"`
	Plugins []pluginRef `json:"plugins"`
}

type pluginRef struct {
	PluginRef string `json:"pluginRef"`
	Weight    int    `json:"weight"`
}
