package ready

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, y string) *structpb.Struct {
	t.Helper()
	if y == "" {
		return nil
	}
	j, err := yaml.YAMLToJSON([]byte(y))
	if err != nil {
		t.Fatal(err)
	}
	s := &structpb.Struct{}
	if err := s.UnmarshalJSON(j); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestChecks(t *testing.T) {
	cases := map[string]struct {
		reason   string
		check    Check
		observed string
		want     Verdict
	}{
		"NotThere": {
			reason: "What does not exist is not ready",
			check:  Deployment,
			want:   Verdict{Message: "Waiting to be created"},
		},
		"NotSeen": {
			reason:   "A status of an older generation says nothing",
			check:    Deployment,
			observed: `{metadata: {generation: 2}, spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1}}`,
			want:     Verdict{Message: "Waiting for the controller to see the latest change"},
		},
		"OldPodsSatisfyTheCount": {
			reason:   "Available replicas of an older template do not count: https://github.com/ai-dynamo/dynamo/issues/3567",
			check:    Deployment,
			observed: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 3, updatedReplicas: 1, availableReplicas: 2}}`,
			want:     Verdict{Message: "Waiting for 1 of 2 replicas to be updated"},
		},
		"Surplus": {
			reason:   "A replica of an older template is still there",
			check:    Deployment,
			observed: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 3, updatedReplicas: 2, availableReplicas: 3}}`,
			want:     Verdict{Message: "Waiting for 1 old replicas to stop"},
		},
		"NotAvailable": {
			reason:   "A replica is not available yet",
			check:    Deployment,
			observed: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 1}}`,
			want:     Verdict{Message: "Waiting for 1 of 2 replicas to be available"},
		},
		"RolledOut": {
			reason:   "Every replica is of the current template and available",
			check:    Deployment,
			observed: `{metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2}}`,
			want:     Verdict{Ready: true},
		},
		"NilReplicas": {
			reason:   "No number means one",
			check:    Deployment,
			observed: `{metadata: {generation: 1}, spec: {}, status: {observedGeneration: 1}}`,
			want:     Verdict{Message: "Waiting for 1 of 1 replicas to be updated"},
		},
		"Zero": {
			reason:   "None wanted, none there",
			check:    Deployment,
			observed: `{metadata: {generation: 1}, spec: {replicas: 0}, status: {observedGeneration: 1}}`,
			want:     Verdict{Ready: true},
		},
		"ClaimPending": {
			reason:   "A claim that waits for its first consumer is as ready as it gets",
			check:    Claim,
			observed: `{status: {phase: Pending}}`,
			want:     Verdict{Ready: true},
		},
		"ClaimLost": {
			reason:   "A claim without its volume is not ready",
			check:    Claim,
			observed: `{status: {phase: Lost}}`,
			want:     Verdict{Message: "The volume of the claim is lost"},
		},
		"JobRuns": {
			reason:   "A Job that runs has not done its work",
			check:    Job,
			observed: `{status: {active: 1}}`,
			want:     Verdict{Message: "Waiting for it to complete"},
		},
		"JobFailed": {
			reason:   "A Job that has given up says why",
			check:    Job,
			observed: `{status: {conditions: [{type: Failed, status: "True", message: BackoffLimitExceeded}]}}`,
			want:     Verdict{Message: "It failed: BackoffLimitExceeded"},
		},
		"JobComplete": {
			reason:   "A Job is ready when it is complete",
			check:    Job,
			observed: `{status: {conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}]}}`,
			want:     Verdict{Ready: true},
		},
		"PoolNobodyLooksAt": {
			reason:   "A pool without a route has no Gateway that could refuse it",
			check:    InferencePool,
			observed: `{status: {}}`,
			want:     Verdict{Ready: true},
		},
		"PoolWithoutPicker": {
			reason:   "A Gateway that does not find the endpoint picker sends no requests",
			check:    InferencePool,
			observed: `{status: {parents: [{conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", message: no such Service}]}]}}`,
			want:     Verdict{Message: "no such Service"},
		},
		"PoolAccepted": {
			reason:   "A Gateway takes the pool",
			check:    InferencePool,
			observed: `{status: {parents: [{conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "True"}]}]}}`,
			want:     Verdict{Ready: true},
		},
		"NotEstablished": {
			reason:   "A kind that is not served is not ready",
			check:    Established,
			observed: `{status: {conditions: [{type: NamesAccepted, status: "True"}]}}`,
			want:     Verdict{Message: "Waiting for the API server to serve the kind"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.check(object(t, tc.observed))); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
