package compose

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// Ports of the Dynamo runtime.
const (
	portHTTP    = 8000
	portSystem  = 9090
	portNIXL    = 19090
	portPlanner = 9085
)

// mainContainer is a component's own container, before the user's is merged over it.
func mainContainer(g *graph.Graph, c *graph.Component) corev1.Container {
	k := corev1.Container{
		Name:         v1alpha1.MainContainer,
		Image:        c.Image,
		Env:          env(g, c),
		VolumeMounts: append(volumeMounts(c), systemMounts(g)...),
	}
	if c.GPUs > 0 && !claimsGPUs(g, c) {
		k.Resources.Limits = corev1.ResourceList{c.GPUResource: *resource.NewQuantity(int64(c.GPUs), resource.DecimalSI)}
	}
	fit(g, c, &k)
	switch {
	case c.Type == v1alpha1.TypeFrontend:
		frontend(&k)
	case c.Type == v1alpha1.TypePlanner:
		planner(&k, g)
	case c.Type == v1alpha1.TypeEPP:
		picker(&k, g)
	case c.Worker():
		engine(&k, g, c)
	}
	return k
}

func frontend(k *corev1.Container) {
	k.Command = []string{"python3", "-m", "dynamo.frontend"}
	k.Ports = []corev1.ContainerPort{containerPort("http", portHTTP)}
	k.LivenessProbe = httpProbe("/live", "http", timing{delay: 15, period: 10, timeout: 1, failures: 3})
	k.ReadinessProbe = httpProbe("/health", "http", timing{delay: 10, period: 10, timeout: 3, failures: 3})
}

// engine is the container of a worker. Loading weights takes minutes to hours, so the startup probe waits two hours.
// One slow answer must not restart an engine, so the liveness probe takes three:
// https://github.com/ai-dynamo/dynamo/pull/8156
func engine(k *corev1.Container, g *graph.Graph, c *graph.Component) {
	k.Command, k.Args = engineCommand(g, c)
	k.Ports = []corev1.ContainerPort{containerPort("system", portSystem), containerPort("nixl", portNIXL)}
	k.StartupProbe = httpProbe("/live", "system", timing{period: 10, timeout: 5, failures: 720})
	k.LivenessProbe = httpProbe("/live", "system", timing{period: 5, timeout: 4, failures: 3})
	k.ReadinessProbe = httpProbe("/health", "system", timing{period: 10, timeout: 4, failures: 3})
}

func containerPort(name string, port int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: port, Protocol: corev1.ProtocolTCP}
}

// timing of a probe, in seconds, and the failures it takes.
type timing struct {
	delay, period, timeout, failures int32
}

func httpProbe(path, port string, t timing) *corev1.Probe {
	p := probe(t)
	p.HTTPGet = &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(port)}
	return p
}

func probe(t timing) *corev1.Probe {
	return &corev1.Probe{
		InitialDelaySeconds: t.delay,
		PeriodSeconds:       t.period,
		TimeoutSeconds:      t.timeout,
		FailureThreshold:    t.failures,
	}
}
