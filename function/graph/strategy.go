package graph

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// strategyRules refuse what the API server would refuse of a Deployment, one object after another, with half of the graph
// applied.
func (r *resolver) strategyRules(s *appsv1.DeploymentStrategy, at *field.Path) {
	if s == nil {
		return
	}
	rolling := at.Child("rollingUpdate")
	switch s.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if s.RollingUpdate != nil {
			r.Add(field.Forbidden(rolling, "is for type RollingUpdate: remove it, or set strategy.type to RollingUpdate"))
		}
		return
	case appsv1.RollingUpdateDeploymentStrategyType, "":
	default:
		r.Add(field.NotSupported(at.Child("type"), s.Type, []appsv1.DeploymentStrategyType{appsv1.RollingUpdateDeploymentStrategyType, appsv1.RecreateDeploymentStrategyType}))
		return
	}
	if s.RollingUpdate == nil {
		return
	}
	fewer := r.pace(s.RollingUpdate.MaxUnavailable, rolling.Child("maxUnavailable"))
	more := r.pace(s.RollingUpdate.MaxSurge, rolling.Child("maxSurge"))
	if fewer > 100 && s.RollingUpdate.MaxUnavailable.Type == intstr.String {
		r.Add(field.Invalid(rolling.Child("maxUnavailable"), s.RollingUpdate.MaxUnavailable.String(), "must be at most 100%: lower it"))
	}
	if fewer == 0 && more == 0 {
		r.Add(field.Invalid(rolling.Child("maxUnavailable"), "0", "cannot be 0 when maxSurge is 0 too, since no pod could be replaced: raise one of them"))
	}
}

// pace is a number of pods or a percentage of them. One that is not given is not 0.
func (r *resolver) pace(v *intstr.IntOrString, at *field.Path) int {
	if v == nil {
		return 1
	}
	// Of a hundred pods, so that a percentage is its own number.
	n, err := intstr.GetScaledValueFromIntOrPercent(v, 100, true)
	if err != nil || n < 0 {
		r.Add(field.Invalid(at, v.String(), "must be a number of pods, as 1, or a percentage of them, as 25%"))
		return 1
	}
	return n
}
