package compose

import (
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// mergePod merges a user's pod over ours. Volumes merge by name, containers are the caller's, every other field that
// the user set replaces ours.
func mergePod(ours, user corev1.PodSpec) corev1.PodSpec {
	out := overlay(ours, user)
	out.Volumes = mergeBy(ours.Volumes, user.Volumes, func(v corev1.Volume) string { return v.Name })
	out.ImagePullSecrets = mergeBy(ours.ImagePullSecrets, user.ImagePullSecrets, func(r corev1.LocalObjectReference) string { return r.Name })
	return out
}

// mergeContainer merges a user's main container over ours. Environment and mounts merge by name and path, resources by
// resource, ports by number, every other field that the user set replaces ours. A user's command takes our arguments
// away with our command: nothing is added to a command that the user wrote.
func mergeContainer(ours, user corev1.Container) corev1.Container {
	if user.Command != nil && user.Args == nil {
		ours.Args = nil
	}
	out := overlay(ours, user)
	out.Env = mergeEnv(ours.Env, user.Env)
	out.VolumeMounts = mergeBy(ours.VolumeMounts, user.VolumeMounts, func(m corev1.VolumeMount) string { return m.MountPath })
	out.Ports = mergePorts(ours.Ports, user.Ports)
	out.Resources.Limits = mergeResources(ours.Resources.Limits, user.Resources.Limits)
	out.Resources.Requests = mergeResources(ours.Resources.Requests, user.Resources.Requests)
	out.Resources.Claims = user.Resources.Claims
	return out
}

// mergePorts merges by number. A user's port takes our port of the same name away, since the name of a port says what
// it is for and probes refer to it by name.
func mergePorts(ours, user []corev1.ContainerPort) []corev1.ContainerPort {
	ours = slices.DeleteFunc(slices.Clone(ours), func(o corev1.ContainerPort) bool {
		return slices.ContainsFunc(user, func(u corev1.ContainerPort) bool { return u.Name == o.Name || u.ContainerPort == o.ContainerPort })
	})
	return append(ours, user...)
}

func mergeResources(ours, user corev1.ResourceList) corev1.ResourceList {
	if len(user) == 0 {
		return ours
	}
	out := ours.DeepCopy()
	if out == nil {
		out = corev1.ResourceList{}
	}
	maps.Copy(out, user)
	return out
}

// mergeBy replaces items of the same key, and appends the others.
func mergeBy[T any](ours, user []T, key func(T) string) []T {
	if len(user) == 0 {
		return ours
	}
	out := slices.Clone(ours)
	for _, u := range user {
		i := slices.IndexFunc(out, func(o T) bool { return key(o) == key(u) })
		if i < 0 {
			out = append(out, u)
			continue
		}
		out[i] = u
	}
	return out
}

// overlay replaces every field of ours that the user set. A list or struct that the user wrote out empty removes ours:
// livenessProbe: {} means no liveness probe.
func overlay[T any](ours, user T) T {
	o, u := reflect.ValueOf(&ours).Elem(), reflect.ValueOf(user)
	for i := range u.NumField() {
		f := u.Field(i)
		switch {
		case f.IsZero():
		case written(f):
			o.Field(i).SetZero()
		default:
			o.Field(i).Set(f)
		}
	}
	return ours
}

// written reports whether a field is there, but empty.
func written(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.Slice, reflect.Map:
		return f.Len() == 0
	case reflect.Pointer:
		return f.Elem().Kind() == reflect.Struct && f.Elem().IsZero()
	default:
		return false
	}
}
