package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
)

// A workload is what runs the pods of a component.
type workload struct {
	component string

	// pods of one replica: 1 but for a group of several nodes.
	pods int64
	// gpus of one replica.
	gpus int64
}

// workload reads what an object runs. It reports false for what runs nothing.
func (s *survey) workload(o opened) (workload, bool) {
	out := workload{pods: 1}
	switch o.inner.GetKind() {
	case "Deployment":
	case lws.Kind:
		out.pods = integer(o.inner, 1, "spec", "leaderWorkerTemplate", "size")
	default:
		return out, false
	}
	key := describe(o).Component
	out.component = key
	if c := s.component(key); c != nil {
		out.component, out.gpus = c.Name, out.pods*c.NodeGPUs()
	}
	return out, true
}

// component of a key, nil for one that the graph has no more.
func (s *survey) component(key string) *graph.Component {
	if s.result.Graph == nil {
		return nil
	}
	all := s.result.Graph.Components
	if i := slices.IndexFunc(all, func(c graph.Component) bool { return c.Key == key }); i >= 0 {
		return &all[i]
	}
	return nil
}

// some replicas in words.
func (w workload) some(n int64) string { return w.words(n, "") }

// words for some replicas, with one of another kind before what they are.
func (w workload) words(n int64, adjective string) string {
	if w.pods == 1 {
		return count(n, adjective+"pod")
	}
	return count(n, adjective+"group") + " of " + count(w.pods, "node")
}

// replicas of a workload as it is, and 1 for one that says nothing of them.
func replicas(o *unstructured.Unstructured) int64 { return integer(o, 1, "spec", "replicas") }

func integer(o *unstructured.Unstructured, otherwise int64, path ...string) int64 {
	v, ok, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
	if n, isNumber := number(v).(float64); ok && isNumber {
		return int64(n)
	}
	return otherwise
}

// changed says what a change of a workload does: whether its pods roll, and how many there are then.
func (w workload) changed(before, after opened, fields []Change) (Action, []string) {
	action, effects := ActionChange, []string(nil)
	if slices.ContainsFunc(fields, ofPods) {
		action, effects = ActionRoll, append(effects, w.rolls(after.inner, replicas(before.there)))
	}
	if slices.ContainsFunc(fields, func(c Change) bool { return c.Path == "spec.replicas" }) {
		effects = append(effects, w.scales(after.inner, replicas(before.there)))
	}
	return action, effects
}

// ofPods reports whether a change is of what pods are made from.
func ofPods(c Change) bool {
	for _, template := range []string{"spec.template", "spec.leaderWorkerTemplate", "spec.networkConfig"} {
		if rest, ok := strings.CutPrefix(c.Path, template); ok && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

// rolls says how replicas are replaced.
func (w workload) rolls(o *unstructured.Unstructured, n int64) string {
	strategy, _, _ := unstructured.NestedString(o.Object, "spec", "strategy", "type")
	switch {
	case n == 0:
		return fmt.Sprintf("changes the pods of %s, of which there are none", w.component)
	case strategy == "Recreate":
		return fmt.Sprintf("stops all of %s of %s before new ones start", w.some(n), w.component)
	}
	fewer, more := w.pace(o, int(n))
	what, pace := fmt.Sprintf("rolls %s of %s", w.some(n), w.component), []string(nil)
	if w.pods > 1 {
		what = fmt.Sprintf("restarts %s of %s", w.some(n), w.component)
	}
	switch {
	case fewer > 0:
		pace = append(pace, fmt.Sprintf("at most %d fewer", min(int64(fewer), n)))
	default:
		pace = append(pace, "none fewer")
	}
	if more > 0 {
		pace = append(pace, fmt.Sprintf("up to %d more", more))
	}
	what += ", " + strings.Join(pace, " and ") + " at a time"
	if more > 0 && w.gpus > 0 {
		what += fmt.Sprintf(", which needs %s free", count(int64(more)*w.gpus, "GPU"))
	}
	return what
}

// pace is how many of n replicas may be missing, and be there besides, while they roll.
func (w workload) pace(o *unstructured.Unstructured, n int) (fewer, more int) {
	path, fewest, most := []string{"spec", "strategy", "rollingUpdate"}, "25%", "25%"
	if o.GetKind() == lws.Kind {
		path, fewest, most = []string{"spec", "rolloutStrategy", "rollingUpdateConfiguration"}, "1", "0"
	}
	rolling, _, _ := unstructured.NestedMap(o.Object, path...)
	read := func(name, otherwise string, up bool) int {
		v := intstr.Parse(otherwise)
		if set, ok := rolling[name]; ok {
			v = intstr.Parse(fmt.Sprint(set))
		}
		scaled, err := intstr.GetScaledValueFromIntOrPercent(&v, n, up)
		if err != nil {
			return 0
		}
		return scaled
	}
	fewer, more = read("maxUnavailable", fewest, false), read("maxSurge", most, true)
	if fewer == 0 && more == 0 {
		// As the controllers have it, which otherwise could do nothing.
		fewer = 1
	}
	return fewer, more
}

// scales says what becomes of the number of replicas.
func (w workload) scales(o *unstructured.Unstructured, n int64) string {
	if _, set, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "replicas"); !set {
		return fmt.Sprintf("leaves the number of replicas of %s, now %d, to what scales it", w.component, n)
	}
	switch want := replicas(o); cmp.Compare(want, n) {
	case 1:
		return fmt.Sprintf("starts %s of %s, %d in all", w.words(want-n, "more "), w.component, want)
	case -1:
		return fmt.Sprintf("stops %s of %s, %d stay", w.some(n-want), w.component, want)
	}
	return fmt.Sprintf("takes the number of replicas of %s over, which stays %d", w.component, n)
}

// count says how many of a noun there are.
func count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
