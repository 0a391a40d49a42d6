package graph

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// Values that the XRD allows. A Graph must be valid whoever made its spec.
var (
	componentName = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$`)

	backends = []v1alpha1.Backend{v1alpha1.BackendVLLM, v1alpha1.BackendSGLang, v1alpha1.BackendTRTLLM}
	types    = []v1alpha1.ComponentType{
		v1alpha1.TypeFrontend, v1alpha1.TypeWorker, v1alpha1.TypePrefill, v1alpha1.TypeDecode,
		v1alpha1.TypePlanner, v1alpha1.TypeEPP, v1alpha1.TypeCustom,
	}
)

// names checks that every name that is built from the graph's fits, and that no two components share one.
func (r *resolver) names() {
	meta := field.NewPath("metadata", "name")
	if errs := validation.IsDNS1035Label(r.in.Name); len(errs) > 0 {
		r.Add(field.Invalid(meta, r.in.Name, "begins the names of Services: use at most 63 lower case letters, digits and hyphens, with a letter first"))
	}
	if ns := dynamoNamespace(&r.in); len(ns) > names.MaxLabel {
		r.Add(field.TooLong(meta, r.in.Name, max(0, len(r.in.Name)-(len(ns)-names.MaxLabel))))
	}
	limit := names.MaxLabel
	if r.ganged() {
		limit = names.MaxGang
	}
	seen := map[string]string{}
	for i, c := range r.in.Spec.Components {
		at := r.spec.Child("components").Index(i).Child("name")
		if !componentName.MatchString(c.Name) {
			r.Add(field.Invalid(at, c.Name, "must be letters, digits and hyphens, with a letter or digit first and last"))
		}
		limit := limit
		if ptr.Deref(c.NodeCount, 1) > 1 && r.orchestrated != v1alpha1.OrchestratorGrove {
			limit = min(limit, names.MaxGroup)
		}
		if n := len(names.Object(r.in.Name, c.Name)); n > limit {
			r.Add(field.Invalid(at, c.Name, fmt.Sprintf("with metadata.name it makes a name of %d characters, of %d that are allowed: shorten one of them", n, limit)))
		}
		if first, dup := seen[names.Key(c.Name)]; dup {
			r.Add(field.Invalid(at, c.Name, fmt.Sprintf("is the name of component %q too, without regard to case: rename one", first)))
		}
		seen[names.Key(c.Name)] = c.Name
	}
	if r.orchestrated != v1alpha1.OrchestratorGrove {
		r.groupNames(seen)
	}
}

// groupNames checks that no component has the name of another's LeaderWorkerSet, which is that of a Service too.
func (r *resolver) groupNames(components map[string]string) {
	for i, c := range r.in.Spec.Components {
		other, taken := components[names.Group(names.Key(c.Name))]
		if taken && ptr.Deref(c.NodeCount, 1) > 1 {
			r.Add(field.Invalid(r.spec.Child("components").Index(i).Child("name"), c.Name, fmt.Sprintf("with nodeCount it needs a Service of the name of component %q: rename one", other)))
		}
	}
}

// enums checks values that the XRD enumerates.
func (r *resolver) enums() {
	if !slices.Contains(backends, r.in.Spec.Backend) {
		r.Add(field.NotSupported(r.spec.Child("backend"), r.in.Spec.Backend, backends))
	}
	for i, c := range r.in.Spec.Components {
		if !slices.Contains(types, c.Type) {
			r.Add(field.NotSupported(r.spec.Child("components").Index(i).Child("type"), c.Type, types))
		}
	}
}

// ganged reports whether a gang scheduler places the pods, which needs part of their names.
func (r *resolver) ganged() bool {
	g := r.in.Spec.Gang
	return r.orchestrated == v1alpha1.OrchestratorGrove || (g != nil && g.Scheduler != "" && g.Scheduler != v1alpha1.SchedulerDefault)
}

// env checks spec.env. Values are never shown, they may be secret.
func (r *resolver) env() {
	for i, e := range r.in.Spec.Env {
		if e.Name == "" {
			r.Add(field.Required(r.spec.Child("env").Index(i).Child("name"), "an environment variable needs a name"))
		}
	}
}
