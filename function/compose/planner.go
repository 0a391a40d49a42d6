package compose

import (
	"encoding/json"
	"slices"
	"strconv"

	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/dynamo"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// SurfaceName is the name of the resource in which a planner finds its graph.
const SurfaceName = "graphdeployment.graph"

// AdapterName is the name of the resource in which a planner asks for replicas of a component.
func AdapterName(component string) string {
	return "scalingadapter." + component
}

// planner is the container of a planner. It starts when the workers it scales have, so its startup probe is as patient as
// theirs.
func planner(k *corev1.Container, g *graph.Graph) {
	k.Command = []string{"python3", "-m", "dynamo.planner"}
	k.Args = []string{"--config", plannerConfig(g)}
	k.Ports = []corev1.ContainerPort{containerPort("metrics", portPlanner), containerPort("system", portSystem)}
	k.StartupProbe = httpProbe("/live", "system", timing{period: 10, timeout: 5, failures: 720})
	k.LivenessProbe = httpProbe("/live", "system", timing{period: 5, timeout: 4, failures: 3})
	k.ReadinessProbe = httpProbe("/health", "system", timing{period: 10, timeout: 4, failures: 3})
}

// plannerConfig scales by queue depth and use of the KV cache, which needs neither profiling nor targets. Everything else
// is the planner's default:
// https://docs.nvidia.com/dynamo/v1.3.0/components/planner/planner-guide
func plannerConfig(g *graph.Graph) string {
	b, err := json.Marshal(struct {
		Environment string `json:"environment"`
		Backend     string `json:"backend"`
		Mode        string `json:"mode"`
	}{Environment: "kubernetes", Backend: string(g.Backend), Mode: string(g.Planner.Mode)})
	if err != nil {
		panic(err) // Strings can be marshalled.
	}
	return string(b)
}

// ScaleSurface is what a planner knows of a graph: a DynamoGraphDeployment of the graph's name, which nobody runs, and a
// DynamoGraphDeploymentScalingAdapter for each component that it scales. What it asks for there becomes the replicas of
// the component's workload.
func ScaleSurface(g *graph.Graph) []Resource {
	if g.Planner == nil {
		return nil
	}
	d := &dynamo.GraphDeployment{
		TypeMeta:   typeMeta(dynamo.APIVersion, dynamo.KindGraphDeployment),
		ObjectMeta: objectMeta(g, g.Name),
		Spec:       dynamo.GraphDeploymentSpec{BackendFramework: string(g.Backend), Services: map[string]dynamo.Service{}},
	}
	out := []Resource{{Name: SurfaceName, Object: d, Ready: ready.Exists}}
	for i := range g.Components {
		c := &g.Components[i]
		d.Spec.Components = append(d.Spec.Components, surfaceComponent(g, c))
		d.Spec.Services[c.Name] = surfaceService(g, c)
		if c.Scaling != nil && c.Scaling.Planner {
			out = append(out, adapter(g, c))
		}
	}
	return out
}

// surfaceRole is what a planner takes a component for. It asks for decode workers where requests are not split.
func surfaceRole(c *graph.Component) string {
	if c.Type == v1alpha1.TypeWorker {
		return string(v1alpha1.TypeDecode)
	}
	return string(c.Type)
}

func surfaceComponent(g *graph.Graph, c *graph.Component) dynamo.Component {
	k := dynamo.Container{Name: dynamo.MainContainer}
	if c.Worker() {
		k.Args = surfaceArgs(g, c)
		if n := surfaceGPUs(c); n != "" {
			k.Resources.Limits = map[string]string{"nvidia.com/gpu": n}
		}
	}
	return dynamo.Component{
		Name: c.Name, Type: surfaceRole(c), Replicas: c.Replicas,
		PodTemplate: dynamo.PodTemplate{Spec: dynamo.PodSpec{Containers: []dynamo.Container{k}}},
	}
}

// surfaceArgs are the flags by which a planner tells which model a component serves, and by which endpoint.
func surfaceArgs(g *graph.Graph, c *graph.Component) []string {
	main := PodTemplate(g, c).Spec.Containers[0]
	words := slices.Concat(main.Command, main.Args)
	flags := graph.Flags(words)
	if l := graph.Launches(words); len(l) > 0 {
		flags = l[0].Flags(words)
	}
	var out []string
	if model, ok := flags.Value("--served-model-name"); ok {
		out = append(out, "--served-model-name", model)
	} else if model, ok := flags.Value("--model", "--model-path"); ok {
		out = append(out, "--model", model)
	}
	if endpoint, ok := flags.Value("--endpoint"); ok {
		out = append(out, "--endpoint", endpoint)
	}
	return out
}

func surfaceService(g *graph.Graph, c *graph.Component) dynamo.Service {
	s := dynamo.Service{ComponentType: string(c.Type), Replicas: c.Replicas}
	if c.Worker() {
		s.ComponentType, s.SubComponentType = string(v1alpha1.TypeWorker), surfaceRole(c)
		s.Resources.Limits.GPU = surfaceGPUs(c)
		s.ExtraPodSpec.MainContainer.Args = surfaceArgs(g, c)
	}
	return s
}

// surfaceGPUs are the GPUs of one replica, by which a planner keeps to its budget.
func surfaceGPUs(c *graph.Component) string {
	n := c.GPUs
	if c.Group != nil {
		n *= c.Group.Nodes
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

// adapter asks for no replicas itself: the API server's default is 1, and every other number is the planner's. One that
// is made for a component that runs starts with the replicas it has, and keeps them until the planner owns the field.
func adapter(g *graph.Graph, c *graph.Component) Resource {
	return Resource{
		Name: AdapterName(c.Key),
		Object: &dynamo.ScalingAdapter{
			TypeMeta:   typeMeta(dynamo.APIVersion, dynamo.KindScalingAdapter),
			ObjectMeta: componentMeta(g, c, c.Object),
			Spec:       dynamo.ScalingAdapterSpec{DGDRef: dynamo.Reference{Name: g.Name, ServiceName: c.Name}},
		},
		Ready: ready.Exists,
		HandOver: func(desired, observed *structpb.Struct) {
			if n := wire.Get(observed, "spec", "replicas"); n != nil && solelyOurs(observed, "f:spec", "f:replicas") {
				wire.Get(desired, "spec").GetStructValue().GetFields()["replicas"] = n
			}
		},
	}
}
