package graph

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// policy checks that a pod template asks for no more than the cluster's policy allows.
func (r *resolver) policy(c *Component, at *field.Path) {
	s, p := &c.Template.Spec, r.in.Cluster.Policy
	spec := at.Child("spec")

	if !p.AllowHostNamespaces {
		for _, f := range []struct {
			set  bool
			name string
		}{{s.HostNetwork, "hostNetwork"}, {s.HostPID, "hostPID"}, {s.HostIPC, "hostIPC"}} {
			if f.set {
				r.violates(spec.Child(f.name), "host namespaces", "policy.allowHostNamespaces")
			}
		}
	}
	for i, v := range s.Volumes {
		if v.HostPath != nil && !hostPathAllowed(v.HostPath.Path, p.AllowHostPaths) {
			r.violates(spec.Child("volumes").Index(i).Child("hostPath"), fmt.Sprintf("host path %q", v.HostPath.Path), "policy.allowHostPaths")
		}
	}
	r.accountPolicy(s, spec)
	if w := s.SecurityContext; w != nil && w.WindowsOptions != nil && ptr.Deref(w.WindowsOptions.HostProcess, false) && !p.AllowPrivileged {
		r.violates(spec.Child("securityContext", "windowsOptions", "hostProcess"), "host processes", "policy.allowPrivileged")
	}
	if s.SecurityContext != nil {
		r.seccompPolicy(s.SecurityContext.SeccompProfile, spec.Child("securityContext"))
	}
	for _, l := range containerLists(s, spec) {
		for i := range l.containers {
			r.containerPolicy(&l.containers[i], l.at.Index(i))
		}
	}
}

// accountPolicy checks the service account, by which a pod gets rights in the cluster.
func (r *resolver) accountPolicy(s *corev1.PodSpec, spec *field.Path) {
	for _, f := range []struct{ value, name string }{
		{s.ServiceAccountName, "serviceAccountName"},
		{s.DeprecatedServiceAccount, "serviceAccount"},
	} {
		own := f.value == "" || slices.Contains(r.accounts(), f.value)
		if !own && !slices.Contains(r.in.Cluster.Policy.AllowServiceAccounts, f.value) {
			r.violates(spec.Child(f.name), fmt.Sprintf("service account %q", f.value), "policy.allowServiceAccounts")
		}
	}
}

// accounts are the service accounts that the graph brings along.
func (r *resolver) accounts() []string {
	out := []string{names.ServiceAccount(r.in.Name)}
	for i := range r.in.Spec.Components {
		if t := r.in.Spec.Components[i].Type; hasAccount(t) {
			out = append(out, names.RoleAccount(r.in.Name, t))
		}
	}
	return out
}

// hasAccount reports whether components of a type run as an account of their own.
func hasAccount(t v1alpha1.ComponentType) bool {
	return t == v1alpha1.TypePlanner || t == v1alpha1.TypeEPP
}

func (r *resolver) containerPolicy(c *corev1.Container, at *field.Path) {
	p := r.in.Cluster.Policy
	for i, port := range c.Ports {
		if port.HostPort != 0 && !p.AllowHostNamespaces {
			r.violates(at.Child("ports").Index(i).Child("hostPort"), "host ports", "policy.allowHostNamespaces")
		}
	}
	sc := c.SecurityContext
	if sc == nil {
		return
	}
	at = at.Child("securityContext")
	if ptr.Deref(sc.Privileged, false) && !p.AllowPrivileged {
		r.violates(at.Child("privileged"), "privileged containers", "policy.allowPrivileged")
	}
	if ptr.Deref(sc.AllowPrivilegeEscalation, false) && !p.AllowPrivileged {
		r.violates(at.Child("allowPrivilegeEscalation"), "privilege escalation", "policy.allowPrivileged")
	}
	if ptr.Deref(sc.ProcMount, corev1.DefaultProcMount) != corev1.DefaultProcMount && !p.AllowPrivileged {
		r.violates(at.Child("procMount"), "an unmasked /proc", "policy.allowPrivileged")
	}
	if w := sc.WindowsOptions; w != nil && ptr.Deref(w.HostProcess, false) && !p.AllowPrivileged {
		r.violates(at.Child("windowsOptions", "hostProcess"), "host processes", "policy.allowPrivileged")
	}
	r.seccompPolicy(sc.SeccompProfile, at)
	if sc.Capabilities == nil {
		return
	}
	for i, k := range sc.Capabilities.Add {
		if !slices.Contains(p.AllowCapabilities, string(k)) {
			r.violates(at.Child("capabilities", "add").Index(i), fmt.Sprintf("capability %q", k), "policy.allowCapabilities")
		}
	}
}

// seccompPolicy checks that system calls stay filtered.
func (r *resolver) seccompPolicy(p *corev1.SeccompProfile, at *field.Path) {
	if p != nil && p.Type == corev1.SeccompProfileTypeUnconfined && !r.in.Cluster.Policy.AllowPrivileged {
		r.violates(at.Child("seccompProfile", "type"), "unfiltered system calls", "policy.allowPrivileged")
	}
}

func (r *resolver) violates(at *field.Path, what, knob string) {
	r.Violates(at, r.in.Cluster.Name, what, "remove it, or ask the platform team for "+knob)
}

// hostPathAllowed reports whether a path is one of the allowed or below it. The path is cleaned first, so that .. leads
// nowhere.
func hostPathAllowed(p string, allowed []string) bool {
	p = path.Clean("/" + p)
	return slices.ContainsFunc(allowed, func(a string) bool {
		a = path.Clean("/" + a)
		return p == a || strings.HasPrefix(p, strings.TrimSuffix(a, "/")+"/")
	})
}
