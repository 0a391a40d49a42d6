package function

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/wire"
)

// growCliques plays Grove: it makes cliques and scaling groups with the replicas of their templates, gives cliques their
// latest template, and rolls all out. Replicas of what exists stay.
func (s *simulation) growCliques() {
	for _, set := range s.observed {
		if wire.String(set, "kind") != grove.KindSet {
			continue
		}
		hash := wire.Digest(wire.Get(set, "spec", "template").GetStructValue())
		grouped := map[string]bool{}
		for _, v := range wire.Get(set, "spec", "template", "podCliqueScalingGroups").GetListValue().GetValues() {
			group := v.GetStructValue()
			for _, c := range wire.Get(group, "cliqueNames").GetListValue().GetValues() {
				grouped[c.GetStringValue()] = true
			}
			s.grow(set, grove.KindScalingGroup, grove.ComponentScalingGroup, wire.String(group, "name"), hash, wire.Int(group, "replicas"))
		}
		for _, v := range wire.Get(set, "spec", "template", "cliques").GetListValue().GetValues() {
			clique := v.GetStructValue()
			if name := wire.String(clique, "name"); !grouped[name] {
				o := s.grow(set, grove.KindClique, grove.ComponentClique, name, hash, wire.Int(clique, "spec", "replicas"))
				revision := wire.String(clique, "annotations", v1alpha1.AnnotationRevision)
				set := map[string]any{v1alpha1.AnnotationRevision: revision}
				setValue(s.t, o, set, "metadata", "annotations")
				setValue(s.t, o, revision, "metadata", "labels", grove.LabelTemplate)
				setValue(s.t, o, revision, "status", "currentPodTemplateHash")
			}
		}
		setValue(s.t, set, map[string]any{"observedGeneration": float64(wire.Int(set, "metadata", "generation")), "currentGenerationHash": hash}, "status")
	}
}

// grow makes one child, if there is none, and rolls it out.
func (s *simulation) grow(set *structpb.Struct, kind, component, name, hash string, replicas int64) *structpb.Struct {
	name = wire.String(set, "metadata", "name") + "-0-" + name
	k := key(grove.APIVersion, kind, name)
	o := s.exist[k]
	if o == nil {
		o = object(s.t, "{apiVersion: "+grove.APIVersion+", kind: "+kind+", metadata: {name: "+name+"}}")
		setValue(s.t, o, wire.String(set, "metadata", "namespace"), "metadata", "namespace")
		setValue(s.t, o, map[string]any{grove.LabelSet: wire.String(set, "metadata", "name"), grove.LabelComponent: component}, "metadata", "labels")
		setValue(s.t, o, replicas, "spec", "replicas")
		s.exist[k] = o
	}
	n := wire.Int(o, "spec", "replicas")
	setValue(s.t, o, map[string]any{
		"observedGeneration": 1, "replicas": n, "updatedReplicas": n, "readyReplicas": n, "availableReplicas": n,
		"currentPodCliqueSetGenerationHash": hash, "selector": grove.LabelSet + "=" + wire.String(set, "metadata", "name"),
	}, "status")
	return o
}

func setValue(tb testing.TB, o *structpb.Struct, value any, path ...string) {
	tb.Helper()
	if n, ok := value.(int64); ok {
		value = float64(n)
	}
	set(tb, o, value, path...)
}

// grown is a graph of the examples that Grove has rolled out.
func grown(t *testing.T) *simulation {
	t.Helper()
	s := running(t, examples(t)["grove/vllm.yaml"])
	s.fresh = true
	return s
}

func (s *simulation) child(kind, name string) *structpb.Struct {
	s.t.Helper()
	o := s.exist[key(grove.APIVersion, kind, name)]
	if o == nil {
		s.t.Fatalf("there is no %s %s", kind, name)
	}
	return o
}

// says is the message of each component in the status, by name.
func says(rsp *fnv1.RunFunctionResponse) map[string]string {
	out := map[string]string{}
	for _, v := range wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components").GetListValue().GetValues() {
		out[wire.String(v.GetStructValue(), "name")] = wire.String(v.GetStructValue(), "message")
	}
	return out
}

// A graph is not ready, and not refused, before Grove has made anything, and each component is told of by what counts it.
func TestGroveStatus(t *testing.T) {
	s := simulate(t, examples(t)["grove/vllm.yaml"], append(clusters(t), object(t, namespace))...)
	for range 3 {
		s.apply()
	}
	rsp := s.apply()
	for name, msg := range says(rsp) {
		if msg != "Waiting for Grove to make it" {
			t.Errorf("before Grove has made it, %s says %q", name, msg)
		}
	}
	s = grown(t)
	rsp = s.apply()
	if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("rolled out: %s", got)
	}
	var got []string
	for _, v := range wire.Get(rsp.GetDesired().GetComposite().GetResource(), "status", "components").GetListValue().GetValues() {
		c := v.GetStructValue()
		if wire.Int(c, "ready") != wire.Int(c, "available") || wire.Int(c, "ready") == 0 {
			t.Errorf("counts of %s: %v", wire.String(c, "name"), c)
		}
		got = append(got, wire.String(c, "kind")+" "+wire.String(c, "object"))
	}
	want := []string{"PodClique llama-grove-0-frontend", "PodCliqueScalingGroup llama-grove-0-prefill", "PodCliqueScalingGroup llama-grove-0-decode"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

// An edit is rolled out when Grove says so of every clique and scaling group, and no earlier: not while the PodCliqueSet is
// to be applied, nor before Grove has seen it, nor while a child still has old pods.
func TestGroveIsNotReadyEarly(t *testing.T) {
	s := grown(t)
	waits := func(after, component, want string) {
		t.Helper()
		if got := says(s.apply())[component]; got != want {
			t.Errorf("%s, %s says %q, want %q", after, component, got, want)
		}
	}
	set(t, s.xr, []any{map[string]any{"name": "A", "value": "b"}}, "spec", "env")
	waits("when edited", "frontend", "Waiting for the latest change to be applied")
	waits("once applied", "frontend", "Waiting for Grove to see the latest change")
	waits("once applied", "decode", "Waiting for Grove to see the latest change")
	set := s.observed[compose.CliqueSetResource]
	setValue(t, set, map[string]any{"observedGeneration": wire.Int(set, "metadata", "generation"), "currentGenerationHash": "new"}, "status")
	waits("once seen", "decode", "Waiting for 1 of 2 replicas to be updated")

	s.growCliques()
	frontend := s.child(grove.KindClique, "llama-grove-0-frontend")
	setValue(t, frontend, "old", "status", "currentPodTemplateHash")
	waits("while an old pod runs", "frontend", "Waiting for 1 of 2 replicas to be updated")
	s.growCliques()
	setValue(t, frontend, 1, "status", "readyReplicas")
	waits("while a pod starts", "frontend", "Waiting for 1 of 2 replicas to be available")
	s.growCliques()
	setValue(t, s.child(grove.KindScalingGroup, "llama-grove-0-decode"), 1, "status", "availableReplicas")
	waits("while a replica starts", "decode", "Waiting for 1 of 2 replicas to be ready on all of their nodes")
	s.growCliques()
	waits("when all is rolled out", "decode", "")
}

// Grove leaves the replicas of what exists alone, so an autoscaler sets them, and goes when they are as they should be. Pods
// do not roll for it.
func TestGroveReplicas(t *testing.T) {
	s := grown(t)
	before := wire.Get(s.observed[compose.CliqueSetResource], "spec").GetStructValue()
	edit(t, s, "decode", 3, "replicas")
	rsp := s.apply()
	pin := rsp.GetDesired().GetResources()["autoscaler.decode"].GetResource()
	want := object(t, `{maxReplicas: 3, minReplicas: 3, scaleTargetRef: {apiVersion: grove.io/v1alpha1, kind: PodCliqueScalingGroup, name: llama-grove-0-decode}}`)
	if diff := cmp.Diff(want.AsMap(), wire.Get(pin, "spec").GetStructValue().AsMap()); diff != "" {
		t.Errorf("autoscaler (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.AsMap(), wire.Get(s.observed[compose.CliqueSetResource], "spec").GetStructValue().AsMap()); diff != "" {
		t.Errorf("the PodCliqueSet changes (-before, +after):\n%s", diff)
	}
	if got := says(rsp)["decode"]; got != "Waiting to be scaled from 2 to 3 replicas" {
		t.Errorf("decode says %q", got)
	}
	setValue(t, s.child(grove.KindScalingGroup, "llama-grove-0-decode"), 3, "spec", "replicas")
	rsp = s.apply()
	if _, stays := rsp.GetDesired().GetResources()["autoscaler.decode"]; stays {
		t.Error("the autoscaler stays")
	}
	s.growCliques()
	if got := conditionOf(s.apply(), v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
		t.Errorf("scaled: %s", got)
	}
}

// What an autoscaler of Grove does is not undone, and how a component is scaled changes no pods.
func TestGroveScaled(t *testing.T) {
	s := grown(t)
	setValue(t, s.child(grove.KindClique, "llama-grove-0-frontend"), 5, "spec", "replicas")
	s.growCliques()
	for range 3 {
		rsp := s.apply()
		if got := conditionOf(rsp, v1alpha1.ConditionComponentsReady); got != "TRUE/"+v1alpha1.ReasonRolledOut {
			t.Errorf("scaled by Grove: %s", got)
		}
		if _, pinned := rsp.GetDesired().GetResources()["autoscaler.frontend"]; pinned {
			t.Error("an autoscaler takes back what Grove's does")
		}
	}
	clique := func() *structpb.Struct {
		for _, m := range s.cliques("frontend") {
			return m
		}
		return nil
	}
	revision := wire.String(clique(), "annotations", v1alpha1.AnnotationRevision)
	edit(t, s, "frontend", 9, "scaling", "max")
	s.apply()
	if got := wire.Int(clique(), "spec", "autoScalingConfig", "maxReplicas"); got != 9 {
		t.Errorf("the autoscaler's most is %d", got)
	}
	if got := wire.String(clique(), "annotations", v1alpha1.AnnotationRevision); got != revision {
		t.Error("pods roll for it")
	}
}

// KEDA scales what Grove made, and a Grove that does not tell KEDA the pods is told of.
func TestGroveScaledByKEDA(t *testing.T) {
	xr := examples(t)["grove/vllm.yaml"]
	exist := append(clusters(t), object(t, namespace))
	for _, c := range exist {
		if wire.String(c, "metadata", "name") == "grove" {
			set(t, c, true, "spec", "capabilities", "keda")
		}
	}
	s := simulate(t, xr, exist...)
	for _, field := range []string{"replicas", "minAvailable"} {
		for _, v := range wire.Get(s.xr, "spec", "components").GetListValue().GetValues() {
			delete(v.GetStructValue().GetFields(), field)
		}
	}
	edit(t, s, "decode", map[string]any{"max": 3, "triggers": []any{map[string]any{"type": "cron", "metadata": map[string]any{"desiredReplicas": "2"}}}}, "scaling")
	for range 4 {
		s.apply()
		s.rollOut()
	}
	rsp := s.apply()
	want := object(t, `{apiVersion: grove.io/v1alpha1, kind: PodCliqueScalingGroup, name: llama-grove-0-decode}`)
	got := wire.Get(rsp.GetDesired().GetResources()["scaledobject.decode"].GetResource(), "spec", "scaleTargetRef").GetStructValue()
	if diff := cmp.Diff(want.AsMap(), got.AsMap()); diff != "" {
		t.Errorf("target (-want, +got):\n%s", diff)
	}
	if got := says(rsp)["decode"]; got != "" {
		t.Errorf("decode says %q", got)
	}
	delete(wire.Get(s.child(grove.KindScalingGroup, "llama-grove-0-decode"), "status").GetStructValue().GetFields(), "selector")
	if got := says(s.apply())["decode"]; got != "This version of Grove does not tell KEDA the pods that it scales: update Grove, or scale by metrics" {
		t.Errorf("without a selector decode says %q", got)
	}
}

// cliques of the PodCliqueSet whose names begin so.
func (s *simulation) cliques(prefix string) []*structpb.Struct {
	var out []*structpb.Struct
	for _, v := range wire.Get(s.observed[compose.CliqueSetResource], "spec", "template", "cliques").GetListValue().GetValues() {
		if m := v.GetStructValue(); strings.HasPrefix(wire.String(m, "name"), prefix) {
			out = append(out, m)
		}
	}
	return out
}

// edit a field of a component of the composite resource.
func edit(t *testing.T, s *simulation, component string, value any, path ...string) {
	t.Helper()
	for _, v := range wire.Get(s.xr, "spec", "components").GetListValue().GetValues() {
		if c := v.GetStructValue(); wire.String(c, "name") == component {
			set(t, c, value, path...)
		}
	}
}

// A restart goes from component to component though one object runs them all.
func TestGroveRestarts(t *testing.T) {
	s := grown(t)
	set(t, s.xr, map[string]any{"id": "r1", "order": []any{"decode", "frontend", "prefill"}}, "spec", "restart")
	restarted := func() []string {
		var out []string
		for _, m := range s.cliques("") {
			if wire.String(m, "annotations", v1alpha1.AnnotationRestart) == "r1" {
				out = append(out, wire.String(m, "name"))
			}
		}
		slices.Sort(out)
		return out
	}
	for _, want := range [][]string{
		{"decode-ldr", "decode-wkr"},
		{"decode-ldr", "decode-wkr", "frontend"},
		{"decode-ldr", "decode-wkr", "frontend", "prefill-ldr", "prefill-wkr"},
	} {
		for range 3 {
			s.apply()
			if diff := cmp.Diff(want, restarted()); diff != "" {
				t.Fatalf("restarted (-want, +got):\n%s", diff)
			}
		}
		s.growCliques()
	}
	if phase, inProgress := restartStatus(s.apply()); phase != v1alpha1.RestartCompleted || len(inProgress) > 0 {
		t.Errorf("phase %q, in progress %v", phase, inProgress)
	}
}

// What Grove cannot change of a graph that runs is refused, and nothing changes.
func TestGroveCannotChange(t *testing.T) {
	cases := map[string]struct {
		reason string
		edit   func(t *testing.T, s *simulation)
		want   string
	}{
		"Components": {
			reason: "The set of cliques is fixed",
			edit: func(_ *testing.T, s *simulation) {
				l := wire.Get(s.xr, "spec", "components").GetListValue()
				l.Values = l.GetValues()[:2]
			},
			want: "spec.components: Forbidden: Grove cannot add, remove or rename components of a graph that runs, whose cliques are decode-ldr, decode-wkr, frontend, prefill-ldr, prefill-wkr: set it back, or create another graph",
		},
		"Nodes": {
			reason: "The least pods of a clique are fixed",
			edit:   func(t *testing.T, s *simulation) { t.Helper(); edit(t, s, "decode", 4, "nodeCount") },
			want:   "spec.components: Forbidden: Grove cannot change the nodeCount of a component that runs, as of clique decode-wkr: set it back, or create another graph",
		},
		"Scheduler": {
			reason: "The scheduler is fixed",
			edit:   func(t *testing.T, s *simulation) { t.Helper(); set(t, s.xr, "default", "spec", "gang", "scheduler") },
			want:   "spec.gang.scheduler: Forbidden: Grove cannot change the scheduler of a graph that runs: set it back, or create another graph",
		},
		"Topology": {
			reason: "The domain is fixed",
			edit: func(t *testing.T, s *simulation) {
				t.Helper()
				set(t, s.xr, "zone", "spec", "gang", "topology", "domain")
			},
			want: "spec.gang.topology: Forbidden: Grove cannot change into which domain it packs a graph that runs: set it back, or create another graph",
		},
		"Orchestrator": {
			reason: "All that runs would be replaced",
			edit:   func(t *testing.T, s *simulation) { t.Helper(); set(t, s.xr, "LeaderWorkerSet", "spec", "orchestrator") },
			want:   "the graph was made with Grove, and another would replace all that runs: set it to Grove or Auto, or create another graph",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := grown(t)
			tc.edit(t, s)
			_, rsp := s.call(s.request())
			if got := fatal(rsp); !strings.Contains(got, tc.want) {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// Grove takes the first template whose name ends a PodClique's for its own, so that none may come before one that ends in
// its name.
func TestGroveTellsCliquesApart(t *testing.T) {
	xr := examples(t)["grove/sglang.yaml"]
	prefill := wire.Get(xr, "spec", "components").GetListValue().GetValues()[1].GetStructValue()
	set(t, prefill, "e", "name")
	s := running(t, xr)
	var names []string
	for _, m := range s.cliques("") {
		names = append(names, wire.String(m, "name"))
	}
	for i, n := range names {
		for _, later := range names[i+1:] {
			if strings.HasSuffix(later, n) {
				t.Errorf("%s comes before %s in %v", n, later, names)
			}
		}
	}
}

// Pods of a component that Grove runs say why they fail, though one object runs more components than would fit a request.
func TestGroveFailuresAreVisible(t *testing.T) {
	s := grown(t)
	setValue(t, s.child(grove.KindClique, "llama-grove-0-frontend"), 0, "status", "readyReplicas")
	s.pod("frontend", "llama-grove-0-frontend-0-x", crashLoops)
	s.fn.now = start
	s.note(s.apply(), start())
	s.fn.now = func() time.Time { return start().Add(2 * grace) }
	if got := says(s.apply())["frontend"]; !strings.Contains(got, "keeps ending, last with exit code 1") {
		t.Errorf("frontend says %q", got)
	}
}
