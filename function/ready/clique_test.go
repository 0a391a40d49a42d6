package ready

import (
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestClique(t *testing.T) {
	const (
		template = `{annotations: {graphplane.io/revision: b}}`
		meta     = `metadata: {generation: 2, annotations: {graphplane.io/revision: b}, labels: {grove.io/pod-template-hash: h2}}`
		rolled   = `observedGeneration: 2, currentPodTemplateHash: h2, replicas: 2, updatedReplicas: 2`
	)
	cases := map[string]struct {
		reason   string
		made     string
		replicas *int32
		want     string
	}{
		"Rolled":     {reason: "All pods are of the template and ready", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {` + rolled + `, readyReplicas: 2}}`, replicas: new(int32(2))},
		"Scaled":     {reason: "Somebody else owns the number", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {` + rolled + `, readyReplicas: 2}}`},
		"NotMade":    {reason: "Grove has still to make it", want: "Waiting for Grove to make it"},
		"Other":      {reason: "It has another number than it should", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {` + rolled + `, readyReplicas: 2}}`, replicas: new(int32(3)), want: "Waiting to be scaled from 2 to 3 replicas"},
		"NotSeen":    {reason: "Its controller has to see its latest template", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {observedGeneration: 1, currentPodTemplateHash: h2, replicas: 2, updatedReplicas: 2, readyReplicas: 2}}`, want: "Waiting for Grove to see the latest change"},
		"NotGiven":   {reason: "Grove has to give it the set's latest template", made: `{kind: PodClique, metadata: {annotations: {graphplane.io/revision: a}, labels: {grove.io/pod-template-hash: h1}}, spec: {replicas: 2}, status: {observedGeneration: 1, currentPodTemplateHash: h1, replicas: 2, updatedReplicas: 2, readyReplicas: 2}}`, want: "Waiting for Grove to see the latest change"},
		"OldPods":    {reason: "What it has is of another template than its label says", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {observedGeneration: 2, currentPodTemplateHash: h1, replicas: 2, updatedReplicas: 2, readyReplicas: 2}}`, want: "Waiting for 1 of 2 replicas to be updated"},
		"Rolling":    {reason: "One is still to be replaced", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {observedGeneration: 2, currentPodTemplateHash: h1, replicas: 2, updatedReplicas: 1, readyReplicas: 2}}`, want: "Waiting for 1 of 2 replicas to be updated"},
		"ScaledDown": {reason: "One too many runs", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 1}, status: {` + rolled + `, readyReplicas: 2}}`, want: "Waiting for 1 old replicas to stop"},
		"Starting":   {reason: "One is still to be ready", made: `{kind: PodClique, ` + meta + `, spec: {replicas: 2}, status: {` + rolled + `, readyReplicas: 1}}`, want: "Waiting for 1 of 2 replicas to be available"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var made *structpb.Struct
			if tc.made != "" {
				made = object(t, tc.made)
			}
			got := Clique(object(t, template), made, tc.replicas)
			if got.Message != tc.want || got.Ready != (tc.want == "") {
				t.Errorf("%s: got %v, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestScalingGroup(t *testing.T) {
	const (
		set  = `{metadata: {generation: 3}, status: {observedGeneration: 3, currentGenerationHash: h2}}`
		all  = `replicas: 2, updatedReplicas: 2, availableReplicas: 2`
		seen = `observedGeneration: 1, currentPodCliqueSetGenerationHash: h2`
	)
	cases := map[string]struct {
		reason   string
		set      string
		made     string
		replicas *int32
		want     string
	}{
		"Rolled":     {reason: "All replicas are of the set's template and available", set: set, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {` + seen + `, ` + all + `}}`, replicas: new(int32(2))},
		"NotMade":    {reason: "Grove has still to make it", set: set, want: "Waiting for Grove to make it"},
		"SetNotSeen": {reason: "What the group has may be of the template before", set: `{metadata: {generation: 4}, status: {observedGeneration: 3, currentGenerationHash: h2}}`, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {` + seen + `, ` + all + `}}`, want: "Waiting for Grove to see the latest change"},
		"OldHash":    {reason: "Its replicas are of an older template", set: set, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {observedGeneration: 1, currentPodCliqueSetGenerationHash: h1, ` + all + `}}`, want: "Waiting for 1 of 2 replicas to be updated"},
		"Rolling":    {reason: "One replica is still to be replaced", set: set, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {` + seen + `, replicas: 2, updatedReplicas: 1, availableReplicas: 2}}`, want: "Waiting for 1 of 2 replicas to be updated"},
		"Starting":   {reason: "One replica lacks a node", set: set, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {` + seen + `, replicas: 2, updatedReplicas: 2, availableReplicas: 1}}`, want: "Waiting for 1 of 2 replicas to be ready on all of their nodes"},
		"Other":      {reason: "It has another number than it should", set: set, made: `{kind: PodCliqueScalingGroup, spec: {replicas: 2}, status: {` + seen + `, ` + all + `}}`, replicas: new(int32(1)), want: "Waiting to be scaled from 2 to 1 replicas"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var made *structpb.Struct
			if tc.made != "" {
				made = object(t, tc.made)
			}
			got := ScalingGroup(object(t, tc.set), made, tc.replicas)
			if got.Message != tc.want || got.Ready != (tc.want == "") {
				t.Errorf("%s: got %v, want %q", tc.reason, got, tc.want)
			}
		})
	}
}
