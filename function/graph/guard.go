package graph

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// A Guard keeps the replicas of prefill in proportion to those of decode. Only prefill follows: were each side bounded by
// the other, neither could begin to grow or to shrink where both bounds meet.
type Guard struct {
	// Min and Max of prefill to decode. Zero for none.
	Min, Max Ratio

	// Fixed is how many replicas of prefill nobody scales.
	Fixed int64

	// Prefill are the components that are bounded, Decode those that bound them, by index.
	Prefill, Decode []int

	// weights are how the components of Prefill share the bounds.
	weights []int64
}

// A Ratio is of replicas of prefill to replicas of decode.
type Ratio struct {
	Prefill, Decode int64
}

// Bounds are the least and the most replicas that the nth component of Prefill may have beside a number of replicas of
// decode. Where no whole number lies between both, the least counts.
func (g *Guard) Bounds(n int, decode int64) (least, most int64) {
	all := int64(0)
	for _, w := range g.weights {
		all += w
	}
	share := g.weights[n]
	most = math.MaxInt32
	if g.Min.Decode > 0 {
		least = ceil(max(0, ceil(decode*g.Min.Prefill, g.Min.Decode)-g.Fixed)*share, all)
	}
	if g.Max.Decode > 0 {
		most = max(0, decode*g.Max.Prefill/g.Max.Decode-g.Fixed) * share / all
	}
	return least, max(least, most)
}

func ceil(a, b int64) int64 {
	return (a + b - 1) / b
}

// guard resolves spec.scalingGuard, nil for none. It comes after the planner is known.
func (r *resolver) guard(components []Component) *Guard {
	in := r.in.Spec.ScalingGuard
	if in == nil {
		return nil
	}
	at := r.spec.Child("scalingGuard")
	ratio := at.Child("prefillToDecode")
	out := &Guard{Min: r.ratio(in.PrefillToDecode.Min, ratio.Child("min")), Max: r.ratio(in.PrefillToDecode.Max, ratio.Child("max"))}
	switch {
	case in.PrefillToDecode == v1alpha1.RatioBounds{}:
		r.Add(field.Required(ratio, "needs min, max or both, as 1:4: set one"))
	case out.Min.Prefill*out.Max.Decode > out.Max.Prefill*out.Min.Decode && in.PrefillToDecode.Max != "":
		r.Add(field.Invalid(ratio.Child("min"), string(in.PrefillToDecode.Min), "cannot be more than max: lower min or raise max"))
	}
	scales := false
	for i := range components {
		c := &components[i]
		switch c.Type {
		case v1alpha1.TypePrefill:
			r.follower(out, components, i)
		case v1alpha1.TypeDecode:
			out.Decode = append(out.Decode, i)
			scales = scales || c.Scaling != nil
		case v1alpha1.TypeFrontend, v1alpha1.TypeWorker, v1alpha1.TypePlanner, v1alpha1.TypeEPP, v1alpha1.TypeCustom:
		}
	}
	if len(out.Prefill) == 0 || !scales {
		r.Add(field.Forbidden(at, "needs scaling on a component of type prefill and on one of type decode: add it, or remove scalingGuard"))
		return nil
	}
	r.attainable(out, components)
	return out
}

// follower adds a component of type prefill to a guard.
func (r *resolver) follower(g *Guard, components []Component, i int) {
	c := &components[i]
	switch {
	case c.Scaling == nil:
		g.Fixed += int64(*c.Replicas)
	case c.Clique != "" && len(c.Scaling.Metrics) > 0:
		r.Unsupported(r.spec.Child("scalingGuard"), "Grove makes the autoscaler of "+c.Name+" and its bounds cannot be moved: scale it by triggers or slo, use orchestrator LeaderWorkerSet, or remove scalingGuard")
	case c.Scaling.Planner:
		g.Prefill, g.weights = append(g.Prefill, i), append(g.weights, 1)
	case c.Scaling.Max > 0:
		g.Prefill, g.weights = append(g.Prefill, i), append(g.weights, int64(c.Scaling.Max))
	case r.in.Spec.Components[i].Scaling.External:
		r.Add(field.Forbidden(r.spec.Child("components").Index(i).Child("scaling", "external"), "spec.scalingGuard cannot bound what scales "+c.Name+", which nobody tells us of: scale it by metrics, triggers or slo, or remove scalingGuard"))
	}
}

// ratio reads a ratio, zero for none.
func (r *resolver) ratio(in v1alpha1.Ratio, at *field.Path) Ratio {
	if in == "" {
		return Ratio{}
	}
	p, d, _ := strings.Cut(string(in), ":")
	prefill, err := strconv.ParseUint(p, 10, 10)
	decode, derr := strconv.ParseUint(d, 10, 10)
	if err != nil || derr != nil || prefill == 0 || decode == 0 {
		r.Add(field.Invalid(at, string(in), "must be two numbers from 1 to 999 with a colon between them, of prefill and of decode, as 1:4"))
		return Ratio{}
	}
	return Ratio{Prefill: int64(prefill), Decode: int64(decode)}
}

// attainable checks that prefill can follow decode as far as that may go, so that no bound of a component is ever at odds
// with the guard. How far somebody else scales decode is not known.
func (r *resolver) attainable(g *Guard, components []Component) {
	least, most := int64(0), int64(0)
	for _, i := range g.Decode {
		c := &components[i]
		switch {
		case c.Scaling == nil:
			least, most = least+int64(*c.Replicas), most+int64(*c.Replicas)
		case c.Scaling.Max == 0:
			return
		default:
			least, most = least+int64(c.Scaling.Min), most+int64(c.Scaling.Max)
		}
	}
	for n, i := range g.Prefill {
		c, at := &components[i], r.spec.Child("components").Index(i).Child("scaling")
		if c.Scaling.Max == 0 {
			continue
		}
		if needs, _ := g.Bounds(n, most); needs > int64(c.Scaling.Max) {
			r.Add(field.Invalid(at.Child("max"), c.Scaling.Max, fmt.Sprintf("spec.scalingGuard needs %d replicas of %s when decode has its %d: raise max, lower max of decode, or lower scalingGuard.prefillToDecode.min", needs, c.Name, most)))
		}
		if _, allows := g.Bounds(n, least); max(1, allows) < int64(c.Scaling.Min) {
			r.Add(field.Invalid(at.Child("min"), c.Scaling.Min, fmt.Sprintf("spec.scalingGuard allows %d replicas of %s when decode has its %d: lower min, raise min of decode, or raise scalingGuard.prefillToDecode.max", allows, c.Name, least)))
		}
	}
}
