package ready

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/wire"
)

// A Failure is what keeps a pod from becoming ready, and does not pass by waiting alone. The zero value is none.
type Failure struct {
	// Reason is one of the reasons of v1alpha1.ConditionComponentsReady.
	Reason string

	// Message names the pod.
	Message string
}

// Reasons lists the reasons of failures, first what somebody has to mend, and of it first what keeps a pod from starting.
func Reasons() []string {
	return []string{
		v1alpha1.ReasonImagePullFailed, v1alpha1.ReasonContainerInvalid, v1alpha1.ReasonCrashLooping,
		v1alpha1.ReasonUnschedulable, v1alpha1.ReasonPodFailed, v1alpha1.ReasonInsufficientCapacity,
	}
}

// Before reports whether a failure is to be told before another.
func (f Failure) Before(o Failure) bool {
	return f.order(o) < 0
}

func (f Failure) order(o Failure) int {
	all := Reasons()
	return cmp.Or(cmp.Compare(slices.Index(all, f.Reason), slices.Index(all, o.Reason)), cmp.Compare(f.Message, o.Message))
}

// Pods returns the first failure among the pods of a component, in a fixed order. Pods of older templates are left out,
// since they are about to go, and so are those that are being deleted.
func Pods(pods []*structpb.Struct) Failure {
	var found []Failure
	for _, p := range newest(pods) {
		if f := pod(p); f.Reason != "" {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return Failure{}
	}
	return slices.MinFunc(found, Failure.order)
}

// newest returns the pods of the template that the youngest pod is of. Times of creation are whole seconds: where pods of
// several templates are the youngest, nobody can tell which is about to go, and all are looked at.
func newest(pods []*structpb.Struct) []*structpb.Struct {
	alive := slices.DeleteFunc(slices.Clone(pods), func(p *structpb.Struct) bool {
		return wire.String(p, "metadata", "deletionTimestamp") != ""
	})
	last, templates := "", map[string]bool{}
	for _, p := range alive {
		last = max(last, created(p))
	}
	for _, p := range alive {
		if created(p) == last {
			templates[template(p)] = true
		}
	}
	return slices.DeleteFunc(alive, func(p *structpb.Struct) bool { return !templates[template(p)] })
}

// template is what the controllers of workloads label the pods of one template with.
func template(p *structpb.Struct) string {
	l := wire.Get(p, "metadata", "labels").GetStructValue()
	return wire.String(l, "pod-template-hash") + wire.String(l, "leaderworkerset.sigs.k8s.io/template-revision-hash")
}

func created(p *structpb.Struct) string { return wire.String(p, "metadata", "creationTimestamp") }

func name(p *structpb.Struct) string { return wire.String(p, "metadata", "name") }

func pod(p *structpb.Struct) Failure {
	if wire.String(p, "status", "phase") == "Failed" {
		return Failure{v1alpha1.ReasonPodFailed, fmt.Sprintf("Pod %s failed: %s", name(p), cmp.Or(wire.String(p, "status", "reason"), "its containers ended"))}
	}
	if c := findCondition(p, "PodScheduled"); wire.String(c, "status") == "False" {
		if wire.String(c, "reason") != "Unschedulable" {
			return Failure{}
		}
		return unschedulable(name(p), wire.String(c, "message"))
	}
	for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, v := range wire.Get(p, "status", field).GetListValue().GetValues() {
			if f := container(name(p), v.GetStructValue()); f.Reason != "" {
				return f
			}
		}
	}
	return Failure{}
}

// container judges the status of a container. One that ended with an error before and runs again is still failing until
// it is ready: between two ends it always runs.
func container(pod string, s *structpb.Struct) Failure {
	name := wire.String(s, "name")
	switch reason := wire.String(s, "state", "waiting", "reason"); reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return Failure{v1alpha1.ReasonImagePullFailed, fmt.Sprintf("Pod %s cannot pull the image %q of container %s: %s", pod, wire.String(s, "image"), name, pullProblem(reason, wire.String(s, "state", "waiting", "message")))}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return Failure{v1alpha1.ReasonContainerInvalid, fmt.Sprintf("Container %s of pod %s cannot be started: %s", name, pod, cmp.Or(wire.String(s, "state", "waiting", "message"), reason))}
	}
	if wire.Get(s, "ready").GetBoolValue() {
		return Failure{}
	}
	last := wire.Get(s, "lastState", "terminated").GetStructValue()
	if t := wire.Get(s, "state", "terminated").GetStructValue(); t != nil {
		last = t
	}
	if wire.Int(last, "exitCode") == 0 && wire.String(s, "state", "waiting", "reason") != "CrashLoopBackOff" {
		return Failure{}
	}
	how := fmt.Sprintf("exit code %d", wire.Int(last, "exitCode"))
	if r := wire.String(last, "reason"); r != "" && r != "Error" {
		how += ", " + r
	}
	return Failure{v1alpha1.ReasonCrashLooping, fmt.Sprintf("Container %s of pod %s keeps ending, last with %s: see its log", name, pod, how)}
}

// pullProblem says why an image cannot be pulled, in words that stay the same between the tries: the kubelet's own change
// with each.
func pullProblem(reason, message string) string {
	m := strings.ToLower(message)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m, w) })
	}
	switch {
	case reason == "InvalidImageName":
		return "this is no name of an image"
	case has("unauthorized", "denied", "forbidden", "authentication required", "no basic auth"):
		return "the registry denies it, so check its name and the pull secrets"
	case has("not found", "manifest unknown", "not exist"):
		return "the registry does not have it, so check its name and tag"
	}
	return "check its name, its registry and the pull secrets"
}
