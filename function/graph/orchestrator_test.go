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
		want    v1alpha1.Orchestrator
		refused bool
	}{
		"OneNode":               {reason: "One node needs nothing but Deployments", wants: auto, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 1, want: deployment},
		"Unset":                 {reason: "Without an API server there are no defaults", cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: deployment},
		"TwoNodes":              {reason: "Two nodes need LeaderWorkerSet", wants: auto, cluster: []v1alpha1.Orchestrator{lws}, nodes: 2, want: lws},
		"TwoNodesBesideGrove":   {reason: "Grove is not composed yet, so it is not chosen", wants: auto, cluster: []v1alpha1.Orchestrator{grove, lws}, nodes: 2, want: lws},
		"TwoNodesGroveOnly":     {reason: "Grove is not composed yet", wants: auto, cluster: []v1alpha1.Orchestrator{grove}, nodes: 2, refused: true},
		"TwoNodesOnDeployments": {reason: "A Deployment cannot", wants: deployment, cluster: []v1alpha1.Orchestrator{lws}, nodes: 2, refused: true},
		"CapabilityTaken":       {reason: "A cluster that lost LeaderWorkerSet refuses, and nothing that runs changes", wants: auto, before: lws, nodes: 2, refused: true},
		"Kept":                  {reason: "What was chosen stays when nothing needs it any more", wants: auto, before: lws, cluster: []v1alpha1.Orchestrator{grove}, nodes: 1, want: lws},
		"KeptDeployment":        {reason: "A cluster that gains an orchestrator changes no running graph", wants: auto, before: deployment, cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: deployment},
		"Named":                 {reason: "What a user names is taken", wants: lws, cluster: []v1alpha1.Orchestrator{lws}, nodes: 1, want: lws},
		"NamedElsewhere":        {reason: "What a user names holds over what was chosen", wants: deployment, before: lws, nodes: 1, want: deployment},
		"Grove":                 {reason: "Grove is not composed yet", wants: grove, cluster: []v1alpha1.Orchestrator{grove}, nodes: 1, refused: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g, refused := Resolve(Input{
				Name: "g", Namespace: "n", Orchestrator: tc.before,
				Cluster: Cluster{Name: "c", Capabilities: v1alpha1.Capabilities{Orchestrators: tc.cluster}},
				Spec: v1alpha1.InferenceGraphSpec{
					Backend: v1alpha1.BackendVLLM, Orchestrator: tc.wants, Model: &v1alpha1.Model{Name: "m"},
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
