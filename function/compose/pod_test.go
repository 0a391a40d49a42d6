package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// resolve makes a graph of a spec.
func resolve(t *testing.T, y string, cluster graph.Cluster) *graph.Graph {
	t.Helper()
	s := v1alpha1.InferenceGraphSpec{}
	if err := yaml.UnmarshalStrict([]byte(y), &s); err != nil {
		t.Fatal(err)
	}
	g, refused := graph.Resolve(graph.Input{Name: "g", Namespace: "n", Spec: s, Cluster: cluster})
	if refused != nil {
		t.Fatal(refused)
	}
	return g
}

// main is the main container of a component.
func mainOf(t *testing.T, y string, cluster graph.Cluster) corev1.Container {
	t.Helper()
	g := resolve(t, y, cluster)
	return PodTemplate(g, &g.Components[0]).Spec.Containers[0]
}

func TestEnv(t *testing.T) {
	cluster := graph.Cluster{Defaults: v1alpha1.Defaults{Env: []corev1.EnvVar{{Name: "WHO", Value: "platform"}, {Name: "DYN_SYSTEM_PORT", Value: "1"}}}}
	env := mainOf(t, `
backend: vllm
model: {name: m}
env: [{name: WHO, value: graph}, {name: ROOT, value: /a}, {name: HOME_DIR, value: $(ROOT)/b}, {name: NIXL_TELEMETRY_ENABLE, value: "y"}]
components:
- name: w
  type: worker
  podTemplate: {spec: {containers: [{name: main, env: [{name: ROOT, value: /c}, {name: ZED, value: $(ROOT)}, {name: ALPHA, value: $(ZED)}]}]}}
`, cluster).Env
	index := map[string]int{}
	value := map[string]string{}
	for i, e := range env {
		if _, dup := index[e.Name]; dup {
			t.Errorf("%s is there twice", e.Name)
		}
		index[e.Name], value[e.Name] = i, e.Value
	}
	for name, want := range map[string]string{
		"WHO": "graph", "DYN_SYSTEM_PORT": "9090", "NIXL_TELEMETRY_ENABLE": "y", "ROOT": "/c", "DYN_NAMESPACE": "n-g",
	} {
		if value[name] != want {
			t.Errorf("%s: want %q, got %q", name, want, value[name])
		}
	}
	for _, pair := range [][2]string{{"DYN_NAMESPACE", "WHO"}, {"HOME_DIR", "NIXL_TELEMETRY_ENABLE"}, {"ROOT", "ZED"}, {"ZED", "ALPHA"}} {
		if index[pair[0]] >= index[pair[1]] {
			t.Errorf("%s must be declared before %s", pair[0], pair[1])
		}
	}
}

func TestCommand(t *testing.T) {
	cases := map[string]struct {
		reason  string
		spec    string
		command []string
		args    []string
	}{
		"Generated": {
			reason:  "Without a word of the user the engine is started with the model on all GPUs",
			spec:    `{backend: vllm, model: {name: m, servedName: s, revision: r}, components: [{name: w, type: worker, gpus: 4}]}`,
			command: []string{"python3", "-m", "dynamo.vllm"},
			args:    []string{"--model", "m", "--served-model-name", "s", "--revision", "r", "--tensor-parallel-size", "4"},
		},
		"Args": {
			reason:  "Args of the user replace the engine's flags",
			spec:    `{backend: sglang, model: {name: m}, components: [{name: w, type: worker, podTemplate: {spec: {containers: [{name: main, args: [--model-path, x]}]}}}]}`,
			command: []string{"python3", "-m", "dynamo.sglang"},
			args:    []string{"--model-path", "x"},
		},
		"Command": {
			reason:  "Nothing is added to a command of the user",
			spec:    `{backend: trtllm, model: {name: m}, components: [{name: w, type: decode, podTemplate: {spec: {containers: [{name: main, command: [my, engine]}]}}}]}`,
			command: []string{"my", "engine"},
		},
		"Entrypoint": {
			reason: "A command that is written out empty leaves the image's entrypoint",
			spec:   `{backend: trtllm, model: {name: m}, components: [{name: w, type: decode, podTemplate: {spec: {containers: [{name: main, command: []}]}}}]}`,
		},
		"Frontend": {
			reason:  "Flags of a frontend are given as args",
			spec:    `{backend: vllm, components: [{name: f, type: frontend, podTemplate: {spec: {containers: [{name: main, args: [--router-mode, kv]}]}}}]}`,
			command: []string{"python3", "-m", "dynamo.frontend"},
			args:    []string{"--router-mode", "kv"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			k := mainOf(t, tc.spec, graph.Cluster{})
			if diff := cmp.Diff(tc.command, k.Command); diff != "" {
				t.Errorf("\n%s\ncommand: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.args, k.Args); diff != "" {
				t.Errorf("\n%s\nargs: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	g := resolve(t, `
backend: vllm
model: {name: m}
components:
- name: w
  type: worker
  gpus: 2
  podTemplate:
    metadata: {labels: {team: a}, annotations: {b: c}}
    spec:
      securityContext: {}
      terminationGracePeriodSeconds: 0
      nodeSelector: {gpu: h100}
      volumes: [{name: shared-memory, emptyDir: {medium: Memory, sizeLimit: 64Gi}}, {name: extra, emptyDir: {}}]
      initContainers: [{name: init, image: busybox}]
      containers:
      - {name: sidecar, image: proxy}
      - name: main
        livenessProbe: {}
        readinessProbe: {httpGet: {path: /ready, port: 1}}
        resources: {limits: {memory: 100Gi}, requests: {cpu: "8"}}
        ports: [{name: system, containerPort: 7070}]
        volumeMounts: [{name: extra, mountPath: /extra}]
`, graph.Cluster{})
	p := PodTemplate(g, &g.Components[0])
	k := p.Spec.Containers[0]

	if p.Labels["team"] != "a" || p.Annotations["b"] != "c" || p.Labels[v1alpha1.LabelGraph] != "g" {
		t.Errorf("labels %v, annotations %v", p.Labels, p.Annotations)
	}
	if p.Spec.SecurityContext.FSGroup != nil || p.Spec.SecurityContext.SeccompProfile == nil {
		t.Errorf("an empty security context removes our group and no filter, got %v", p.Spec.SecurityContext)
	}
	if *p.Spec.TerminationGracePeriodSeconds != 0 || p.Spec.NodeSelector["gpu"] != "h100" || len(p.Spec.InitContainers) != 1 {
		t.Errorf("fields of the user's pod are missing: %v", p.Spec)
	}
	if len(p.Spec.Containers) != 2 || k.Name != "main" || p.Spec.Containers[1].Name != "sidecar" {
		t.Errorf("want main first and the sidecar as it is, got %v", p.Spec.Containers)
	}
	if v := p.Spec.Volumes; len(v) != 2 || v[0].EmptyDir.SizeLimit.String() != "64Gi" {
		t.Errorf("volumes %v", v)
	}
	if k.LivenessProbe != nil || k.ReadinessProbe.HTTPGet.Path != "/ready" || k.ReadinessProbe.FailureThreshold != 0 || k.StartupProbe.FailureThreshold != 720 {
		t.Errorf("probes: %v, %v, %v", k.LivenessProbe, k.ReadinessProbe, k.StartupProbe)
	}
	want := corev1.ResourceRequirements{
		Limits:   corev1.ResourceList{"nvidia.com/gpu": *resource.NewQuantity(2, resource.DecimalSI), "memory": resource.MustParse("100Gi")},
		Requests: corev1.ResourceList{"cpu": resource.MustParse("8")},
	}
	if diff := cmp.Diff(want, k.Resources); diff != "" {
		t.Errorf("resources: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff([]int32{19090, 7070}, ports(k)); diff != "" {
		t.Errorf("ports: -want, +got:\n%s", diff)
	}
	if len(k.VolumeMounts) != 2 {
		t.Errorf("mounts %v", k.VolumeMounts)
	}
}

func ports(k corev1.Container) []int32 {
	var out []int32
	for _, p := range k.Ports {
		out = append(out, p.ContainerPort)
	}
	return out
}

// Selectors of two components of one type must not overlap, nor those of two graphs.
func TestSelectors(t *testing.T) {
	g := resolve(t, `{backend: vllm, model: {name: m}, components: [{name: a, type: worker}, {name: b, type: worker}]}`, graph.Cluster{})
	for i := range g.Components {
		labels := PodTemplate(g, &g.Components[i]).Labels
		for j := range g.Components {
			s, ok := Service(g, &g.Components[j])[0].Object.(*corev1.Service)
			if !ok {
				t.Fatal("no Service")
			}
			selects := true
			for k, v := range s.Spec.Selector {
				selects = selects && labels[k] == v
			}
			if selects != (i == j) {
				t.Errorf("the Service of %s selects pods of %s: %t", g.Components[j].Name, g.Components[i].Name, selects)
			}
		}
	}
}
