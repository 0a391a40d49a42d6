package graph

import (
	"testing"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

func TestOrchestrator(t *testing.T) {
	const (
		auto       = v1alpha1.OrchestratorAuto
		deployment = v1alpha1.OrchestratorDeployment
		lws        = v1alpha1.OrchestratorLeaderWorkerSet
		grove      = v1alpha1.OrchestratorGrove
	)
	cases := map[string]struct {
		reason  string
		wants   v1alpha1.Orchestrator
		before  v1alpha1.Orchestrator
		cluster []v1alpha1.Orchestrator
		nodes   int32
		// scheduler is empty for Kubernetes' own.
		scheduler v1alpha1.Scheduler
		want      v1alpha1.Orchestrator
		refused   bool
	}{
		"OneNode":               {reason: "One node needs nothing but Deployments", wants: auto, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 1, want: deployment},
		"Unset":                 {reason: "Without an API server there are no defaults", cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: deployment},
		"TwoNodes":              {reason: "Two nodes need LeaderWorkerSet", wants: auto, cluster: []v1alpha1.Orchestrator{lws}, nodes: 2, want: lws},
		"TwoNodesBesideGrove":   {reason: "The cluster names Grove first", wants: auto, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, want: grove},
		"TwoNodesBeforeGrove":   {reason: "The cluster names LeaderWorkerSet first", wants: auto, cluster: []v1alpha1.Orchestrator{lws, grove}, nodes: 2, want: lws},
		"TwoNodesGroveOnly":     {reason: "Grove is what there is", wants: auto, cluster: []v1alpha1.Orchestrator{grove}, nodes: 2, want: grove},
		"GroveCannot":           {reason: "A graph that leaves the choice is not refused for what Grove cannot do", wants: auto, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, scheduler: v1alpha1.SchedulerVolcano, want: lws},
		"TwoNodesOnDeployments": {reason: "A Deployment cannot", wants: deployment, cluster: []v1alpha1.Orchestrator{lws}, nodes: 2, refused: true},
		"CapabilityTaken":       {reason: "A cluster that lost LeaderWorkerSet refuses, and nothing that runs changes", wants: auto, before: lws, nodes: 2, refused: true},
		"Kept":                  {reason: "What was chosen stays when nothing needs it any more", wants: auto, before: lws, cluster: []v1alpha1.Orchestrator{grove}, nodes: 1, want: lws},
		"KeptDeployment":        {reason: "A cluster that gains an orchestrator changes no running graph", wants: auto, before: deployment, cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: deployment},
		"Named":                 {reason: "What a user names is taken", wants: lws, cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: lws},
		"NamedElsewhere":        {reason: "What a user names holds over what was chosen", wants: deployment, before: lws, nodes: 1, want: deployment},
		"Grove":                 {reason: "A user may name it for one node, too", wants: grove, cluster: []v1alpha1.Orchestrator{grove}, nodes: 1, want: grove},
		"GroveMissing":          {reason: "The cluster does not have it", wants: grove, cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, refused: true},
		"GroveKept":             {reason: "A cluster that gains LeaderWorkerSet changes no running graph", wants: auto, before: grove, cluster: []v1alpha1.Orchestrator{lws, grove}, nodes: 2, want: grove},
		"GroveKeptOnOneNode":    {reason: "Grove runs components of one node, too", wants: auto, before: grove, cluster: []v1alpha1.Orchestrator{grove}, nodes: 1, want: grove},
		"GroveTaken":            {reason: "A cluster that lost Grove refuses, and nothing that runs changes", wants: auto, before: grove, cluster: []v1alpha1.Orchestrator{lws}, nodes: 2, refused: true},
		"ToGrove":               {reason: "Grove would replace all that runs", wants: grove, before: lws, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, refused: true},
		"FromGrove":             {reason: "All that runs would be replaced", wants: lws, before: grove, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, refused: true},
		"GroveNamedFirst":       {reason: "A cluster that gains Grove changes no running graph", wants: auto, before: lws, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, want: lws},
		"FirstNodesOfARunning":  {reason: "A graph of Deployments does not come to Grove", wants: auto, before: deployment, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, want: lws},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g, refused := Resolve(Input{
				Name: "g", Namespace: "n", Orchestrator: tc.before,
				Cluster: Cluster{Name: "c", Capabilities: v1alpha1.Capabilities{
					Orchestrators: tc.cluster, Schedulers: []v1alpha1.Scheduler{v1alpha1.SchedulerVolcano},
				}},
				Spec: v1alpha1.InferenceGraphSpec{
					Backend: v1alpha1.BackendVLLM, Orchestrator: tc.wants, Gang: &v1alpha1.Gang{Scheduler: tc.scheduler}, Model: &v1alpha1.Model{Name: "m"},
					Components: []v1alpha1.Component{{Name: "w", Type: v1alpha1.TypeWorker, NodeCount: &tc.nodes, GPUs: new(int32(8))}},
				},
			})
			if (refused != nil) != tc.refused {
				t.Fatalf("%s: refused: %v", tc.reason, refused)
			}
			if refused == nil && g.Orchestrator != tc.want {
				t.Errorf("%s: got %s, want %s", tc.reason, g.Orchestrator, tc.want)
			}
		})
	}
}
