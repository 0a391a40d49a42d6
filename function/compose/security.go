package compose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// confine filters the system calls of a pod by the container runtime's own profile, unless the user names another. A
// user who writes securityContext: {} removes our file system group, not the filter.
func confine(s *corev1.PodSpec) {
	sc := ptr.Deref(s.SecurityContext, corev1.PodSecurityContext{})
	if sc.SeccompProfile == nil {
		sc.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	s.SecurityContext = &sc
}

// harden keeps the processes of a container from gaining more rights than it starts with, unless the user says otherwise.
// The API server takes that for a contradiction in a container that is privileged or has SYS_ADMIN.
func harden(k *corev1.Container) {
	sc := ptr.Deref(k.SecurityContext, corev1.SecurityContext{})
	if sc.AllowPrivilegeEscalation != nil || ptr.Deref(sc.Privileged, false) || sysAdmin(sc.Capabilities) {
		return
	}
	sc.AllowPrivilegeEscalation = new(false)
	k.SecurityContext = &sc
}

func sysAdmin(c *corev1.Capabilities) bool {
	return c != nil && slices.ContainsFunc(c.Add, func(k corev1.Capability) bool {
		return k == "SYS_ADMIN" || k == "CAP_SYS_ADMIN" || k == "ALL"
	})
}

// token says whether a pod gets a token for the API server: nil for Kubernetes' default, which is that it does. Every
// process of the Dynamo runtime needs one for discovery through Kubernetes, those of custom components too. Without such
// discovery only a pod that runs as an account of its own, or as one that the user chose, has something to do there.
func token(g *graph.Graph, c *graph.Component) *bool {
	s := c.Template.Spec
	switch {
	case s.AutomountServiceAccountToken != nil:
		return s.AutomountServiceAccountToken
	case g.Discovery == v1alpha1.DiscoveryKubernetes, c.HasAccount(),
		s.ServiceAccountName != "", s.DeprecatedServiceAccount != "":
		return nil
	}
	return new(false)
}
