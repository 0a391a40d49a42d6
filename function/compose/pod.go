package compose

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
)

const (
	// gracePeriod is how long a process may finish its requests, in seconds.
	gracePeriod = 60

	// fsGroup is the group of the user that the runtime images run as, so that it can write to volumes.
	fsGroup = 1000

	// sharedMemoryVolume is the volume of /dev/shm.
	sharedMemoryVolume = "shared-memory"
)

// PodTemplate is the pod of a component: what its type needs, with what the user wrote merged over it.
func PodTemplate(g *graph.Graph, c *graph.Component) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{Spec: podSpec(g, c)}
	t.Labels = podLabels(g, c)
	maps.Copy(t.Labels, c.Template.Labels)
	t.Annotations = podAnnotations(g, c)

	main := mainContainer(g, c)
	if user, ok := c.Main(); ok {
		main = mergeContainer(main, user)
	}
	harden(&main)
	libraryPath(g, c, &main)
	t.Spec = mergePod(t.Spec, c.Template.Spec)
	settle(g, c, &t)
	confine(&t.Spec)
	t.Spec.AutomountServiceAccountToken = token(g, c)
	t.Spec.Containers = append([]corev1.Container{main}, withFrontend(g, c, others(c.Template.Spec.Containers))...)
	place(g, &t)
	bind(g, c, &t)
	return t
}

// podAnnotations are the user's, over what the component's type needs.
func podAnnotations(g *graph.Graph, c *graph.Component) map[string]string {
	if c.Type != v1alpha1.TypeEPP {
		return c.Template.Annotations
	}
	out := pickerAnnotations(g)
	maps.Copy(out, c.Template.Annotations)
	return out
}

func podSpec(g *graph.Graph, c *graph.Component) corev1.PodSpec {
	s := corev1.PodSpec{
		ServiceAccountName:            c.Account(g.Name),
		TerminationGracePeriodSeconds: new(int64(gracePeriod)),
		SecurityContext:               &corev1.PodSecurityContext{FSGroup: new(int64(fsGroup))},
		Volumes:                       append(volumes(g, c), systemVolumes(g)...),
	}
	if c.Type == v1alpha1.TypeEPP {
		pickerPod(&s, g)
	}
	for _, n := range g.Cluster.Defaults.ImagePullSecrets {
		s.ImagePullSecrets = append(s.ImagePullSecrets, corev1.LocalObjectReference{Name: n})
	}
	return s
}

// podLabels are ours, which selectors use, and those that the Dynamo runtime and its tools read.
func podLabels(g *graph.Graph, c *graph.Component) map[string]string {
	l := componentMeta(g, c, "").Labels
	l[names.DynamoGraph] = g.Name
	l[names.DynamoComponent] = c.Name
	l[names.DynamoNamespace] = c.DynamoNamespace
	l[names.DynamoType] = string(c.Type)
	l[names.DynamoMetrics] = "true"
	if c.Type == v1alpha1.TypePrefill || c.Type == v1alpha1.TypeDecode {
		l[names.DynamoSubType] = string(c.Type)
	}
	if c.Worker() {
		l[names.DynamoClass] = "worker"
		if g.Model != nil {
			l[names.DynamoModelHash] = names.ModelHash(g.Model.Name)
		}
	}
	discoveryLabels(g, l)
	return l
}

// volumes are those of the component's mounts, each claim once, and of its shared memory.
func volumes(g *graph.Graph, c *graph.Component) []corev1.Volume {
	var out []corev1.Volume
	for _, m := range c.Mounts {
		if slices.ContainsFunc(out, func(v corev1.Volume) bool { return v.Name == m.Volume }) {
			continue
		}
		out = append(out, mountVolume(m))
	}
	if c.SharedMemory != nil {
		out = append(out, corev1.Volume{Name: sharedMemoryVolume, VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: c.SharedMemory},
		}})
	}
	return append(out, mpiVolumes(g, c)...)
}

// mountVolume is the volume of a mount.
func mountVolume(m graph.Mount) corev1.Volume {
	v := corev1.Volume{Name: m.Volume}
	if m.Image != nil {
		v.Image = m.Image
		return v
	}
	v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: m.Claim}
	return v
}

func volumeMounts(c *graph.Component) []corev1.VolumeMount {
	var out []corev1.VolumeMount
	for _, m := range c.Mounts {
		out = append(out, corev1.VolumeMount{Name: m.Volume, MountPath: m.Path, ReadOnly: m.Image != nil})
	}
	if c.SharedMemory != nil {
		out = append(out, corev1.VolumeMount{Name: sharedMemoryVolume, MountPath: graph.SharedMemoryPath})
	}
	return append(out, mpiMounts(c)...)
}

func others(containers []corev1.Container) []corev1.Container {
	return slices.DeleteFunc(slices.Clone(containers), func(c corev1.Container) bool { return c.Name == v1alpha1.MainContainer })
}
