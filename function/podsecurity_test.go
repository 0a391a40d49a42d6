package function_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/graphplane/graphplane/function/grove"
)

// ofImages are the checks of the level restricted that depend on how an image is built: whether its processes run as root,
// and which capabilities they use. Graphplane cannot know, so it leaves both to podTemplate.
func ofImages() []string {
	return []string{"runAsNonRoot != true", "unrestricted capabilities"}
}

// ofFabrics are the checks of both levels that pods with a fabric do not pass: a network card writes to memory that the
// process has locked, for which it has the capability IPC_LOCK.
func ofFabrics() []string { return []string{"non-default capabilities", "unrestricted capabilities"} }

// fabric reports whether a pod gets interfaces of a fabric.
func fabric(p *corev1.PodTemplateSpec) bool {
	for name := range p.Spec.Containers[0].Resources.Limits {
		if name == "vpc.amazonaws.com/efa" {
			return true
		}
	}
	return false
}

// TestPodSecurity judges every pod of the golden files by the Pod Security Standards, with the API server's own checks:
// each passes the level baseline, and the level restricted but for what depends on images. Pods with a fabric have one
// capability more.
func TestPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(level api.Level, p *corev1.PodTemplateSpec) []string {
		v := api.LevelVersion{Level: level, Version: api.LatestVersion()}
		return policy.AggregateCheckResults(evaluator.EvaluatePod(v, &p.ObjectMeta, &p.Spec)).ForbiddenReasons
	}
	pods := 0
	for _, o := range goldenObjects(t) {
		for _, p := range podTemplates(t, o) {
			pods++
			for _, reason := range judge(api.LevelBaseline, &p) {
				if fabric(&p) && slices.Contains(ofFabrics(), reason) {
					continue
				}
				t.Errorf("%s %s is not baseline: %s", o.GetKind(), o.GetName(), reason)
			}
			for _, reason := range judge(api.LevelRestricted, &p) {
				if !slices.Contains(ofImages(), reason) && (!fabric(&p) || !slices.Contains(ofFabrics(), reason)) {
					t.Errorf("%s %s is not restricted: %s", o.GetKind(), o.GetName(), reason)
				}
			}
		}
	}
	if pods == 0 {
		t.Error("no pod was judged")
	}
}

// podTemplates are the pod templates of a workload, wherever its kind has them.
func podTemplates(t *testing.T, o unstructured.Unstructured) []corev1.PodTemplateSpec {
	t.Helper()
	var out []corev1.PodTemplateSpec
	for _, path := range [][]string{
		{"spec", "template"},
		{"spec", "leaderWorkerTemplate", "leaderTemplate"},
		{"spec", "leaderWorkerTemplate", "workerTemplate"},
	} {
		m, ok, err := unstructured.NestedMap(o.Object, path...)
		if err != nil || !ok {
			continue
		}
		p := corev1.PodTemplateSpec{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &p); err != nil {
			t.Fatal(err)
		}
		if len(p.Spec.Containers) > 0 {
			p.ObjectMeta = metav1.ObjectMeta{Labels: p.Labels, Annotations: p.Annotations}
			out = append(out, p)
		}
	}
	return append(out, cliques(t, o)...)
}

// cliques are the pod templates of a PodCliqueSet.
func cliques(t *testing.T, o unstructured.Unstructured) []corev1.PodTemplateSpec {
	t.Helper()
	if o.GetKind() != grove.KindSet {
		return nil
	}
	set := grove.PodCliqueSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &set); err != nil {
		t.Fatal(err)
	}
	var out []corev1.PodTemplateSpec
	for _, c := range set.Spec.Template.Cliques {
		out = append(out, corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: c.Labels, Annotations: c.Annotations}, Spec: c.Spec.PodSpec})
	}
	return out
}
