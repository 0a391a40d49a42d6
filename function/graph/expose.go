package graph

import (
	"cmp"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// Expose is how the frontend of a graph is reached from outside.
type Expose struct {
	// Type is Ingress, HTTPRoute, VirtualService or InferencePool.
	Type v1alpha1.ExposeType

	// Service of the frontend, empty for an InferencePool.
	Service string

	Host          string
	TLSSecretName string

	// ClassName of an Ingress, empty for the cluster's.
	ClassName string

	// Gateway of every other type, with its namespace.
	Gateway v1alpha1.GatewayReference

	Annotations, Labels map[string]string
}

// expose resolves spec.expose.
func (r *resolver) expose(components []Component) *Expose {
	e, at := r.in.Spec.Expose, r.spec.Child("expose")
	if e == nil || e.Type == v1alpha1.ExposeNone {
		return nil
	}
	out := &Expose{
		Type: e.Type, Service: r.target(e.Type, components, at), Host: r.host(e, at.Child("host")),
		TLSSecretName: cmp.Or(e.TLSSecretName, r.in.Cluster.Defaults.TLSSecretName),
		Annotations:   e.Annotations, Labels: e.Labels,
	}
	r.caBundle()
	capabilities := r.in.Cluster.Capabilities
	switch e.Type {
	case v1alpha1.ExposeIngress:
		out.ClassName = cmp.Or(e.ClassName, r.in.Cluster.Defaults.IngressClassName)
		if e.GatewayRef != nil {
			r.Add(field.Forbidden(at.Child("gatewayRef"), "an Ingress has no Gateway: remove it, or set type to HTTPRoute or VirtualService"))
		}
	case v1alpha1.ExposeHTTPRoute, v1alpha1.ExposeVirtualService, v1alpha1.ExposeInferencePool:
		if e.Type != v1alpha1.ExposeVirtualService && !capabilities.GatewayAPI {
			r.incapable(at.Child("type"), "gatewayAPI", "install the Gateway API there, or use Ingress")
		}
		if e.Type == v1alpha1.ExposeVirtualService && !capabilities.Istio {
			r.incapable(at.Child("type"), "istio", "install Istio there, or use Ingress")
		}
		out.Gateway = r.gateway(e, at)
		if e.ClassName != "" {
			r.Add(field.Forbidden(at.Child("className"), "only an Ingress has a class: remove it, or set type to Ingress"))
		}
	default:
		r.Add(field.NotSupported(at.Child("type"), e.Type, []v1alpha1.ExposeType{
			v1alpha1.ExposeNone, v1alpha1.ExposeIngress, v1alpha1.ExposeHTTPRoute, v1alpha1.ExposeVirtualService,
			v1alpha1.ExposeInferencePool,
		}))
	}
	r.keys(e.Annotations, at.Child("annotations"))
	r.labels(e.Labels, at.Child("labels"))
	return out
}

// target is the Service that a route leads to, empty for one to a pool of workers.
func (r *resolver) target(t v1alpha1.ExposeType, components []Component, at *field.Path) string {
	if t != v1alpha1.ExposeInferencePool {
		return r.frontend(components, at)
	}
	if !slices.ContainsFunc(components, func(c Component) bool { return c.Type == v1alpha1.TypeEPP }) {
		r.Add(field.Forbidden(at.Child("type"), "there is no component of type epp to pick workers: add one, or use Ingress, HTTPRoute or VirtualService"))
	}
	return ""
}

// frontend is the Service that a route leads to.
func (r *resolver) frontend(components []Component, at *field.Path) string {
	var found []string
	for i := range components {
		if components[i].Type == v1alpha1.TypeFrontend {
			found = append(found, components[i].Object)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		r.Add(field.Forbidden(at, "there is no component of type frontend to expose: add one, or remove expose"))
	default:
		r.Add(field.Forbidden(at, fmt.Sprintf("a route leads to one component of type frontend, and there are %d: keep one, or remove expose and write your own routes", len(found))))
	}
	return ""
}

func (r *resolver) host(e *v1alpha1.Expose, at *field.Path) string {
	host, suffix := e.Host, r.in.Cluster.Defaults.HostSuffix
	if host == "" && suffix == "" {
		r.Add(field.Required(at, "set it, or set spec.defaults.hostSuffix of "+r.clusterName()))
		return ""
	}
	if host == "" {
		host = r.in.Name + "." + suffix
	}
	if len(validation.IsDNS1123Subdomain(host)) > 0 {
		r.Add(field.Invalid(at, host, "must be a host name of lower case letters, digits, hyphens and dots, as qwen.example.com"))
	}
	return host
}

func (r *resolver) gateway(e *v1alpha1.Expose, at *field.Path) v1alpha1.GatewayReference {
	g := cmp.Or(e.GatewayRef, r.in.Cluster.Defaults.GatewayRef)
	if g == nil {
		r.Add(field.Required(at.Child("gatewayRef"), "name a Gateway, or set spec.defaults.gatewayRef of "+r.clusterName()))
	}
	out := ptr.Deref(g, v1alpha1.GatewayReference{})
	out.Namespace = cmp.Or(out.Namespace, r.in.Namespace)
	return out
}

// caBundle checks what clients are to trust, and that it is nothing secret.
func (r *resolver) caBundle() {
	at := field.NewPath("spec", "defaults", "caBundle")
	rest := []byte(r.in.Cluster.Defaults.CABundle)
	for len(rest) > 0 {
		block, next := pem.Decode(rest)
		if block == nil {
			if strings.TrimSpace(string(rest)) != "" {
				r.Add(field.Forbidden(at, "of "+r.clusterName()+" must be PEM certificates"))
			}
			return
		}
		if block.Type != "CERTIFICATE" {
			r.Add(field.Forbidden(at, "of "+r.clusterName()+" must hold certificates only, and everybody who reads a graph's connection Secret sees it: remove what else is in it"))
			return
		}
		rest = next
	}
}
