package controlplane

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestReport(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	healthy := map[string]any{
		"type": "RuntimeHealthy", "status": "True", "reason": "HealthyPackageRevision",
		"lastTransitionTime": "2026-01-02T03:04:05Z",
	}
	other := map[string]any{"type": "RevisionHealthy", "status": "True"}

	type want struct {
		changed bool
		status  map[string]any
	}

	cases := map[string]struct {
		reason   string
		resource string
		was      map[string]any
		status   runtimeStatus
		want     want
	}{
		"New": {
			reason:   "A function gets its endpoint, its Secret and its health, and keeps other conditions.",
			resource: "functionrevisions",
			was:      map[string]any{"conditions": []any{other}},
			status:   runtimeStatus{endpoint: "127.0.0.1:1", tlsSecret: "s", healthy: true},
			want: want{changed: true, status: map[string]any{
				"endpoint": "127.0.0.1:1", "tlsServerSecretName": "s", "conditions": []any{other, healthy},
			}},
		},
		"Unchanged": {
			reason:   "What is known already is not written again.",
			resource: "functionrevisions",
			was: map[string]any{
				"endpoint": "127.0.0.1:1", "tlsServerSecretName": "s",
				"conditions": []any{map[string]any{
					"type": "RuntimeHealthy", "status": "True", "reason": "HealthyPackageRevision",
					"lastTransitionTime": "2020-01-01T00:00:00Z",
				}},
			},
			status: runtimeStatus{endpoint: "127.0.0.1:1", tlsSecret: "s", healthy: true},
			want: want{status: map[string]any{
				"endpoint": "127.0.0.1:1", "tlsServerSecretName": "s",
				"conditions": []any{map[string]any{
					"type": "RuntimeHealthy", "status": "True", "reason": "HealthyPackageRevision",
					"lastTransitionTime": "2020-01-01T00:00:00Z",
				}},
			}},
		},
		"Unhealthy": {
			reason:   "A provider has no endpoint, and its failure is said.",
			resource: "providerrevisions",
			was:      map[string]any{"conditions": []any{healthy}},
			status:   runtimeStatus{endpoint: "127.0.0.1:1", tlsSecret: "s", message: "It died"},
			want: want{changed: true, status: map[string]any{
				"tlsServerSecretName": "s",
				"conditions": []any{map[string]any{
					"type": "RuntimeHealthy", "status": "False", "reason": "UnhealthyPackageRevision",
					"message": "It died", "lastTransitionTime": "2026-01-02T03:04:05Z",
				}},
			}},
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := revision{
				Unstructured: &unstructured.Unstructured{Object: map[string]any{"status": tc.was}},
				resource:     schema.GroupVersionResource{Resource: tc.resource},
			}

			got := want{changed: r.report(tc.status, now), status: r.Object["status"].(map[string]any)}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("%s report: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestWorkloadBacksOff(t *testing.T) {
	now := time.Now()
	w := &workload{}

	var pauses []time.Duration

	for range 10 {
		w.started = now
		w.ended(now)
		pauses = append(pauses, w.notUntil.Sub(now))
	}

	if pauses[0] > 100*time.Millisecond {
		t.Errorf("want a killed process to start again at once, got a pause of %s", pauses[0])
	}

	if pauses[9] != longestPause {
		t.Errorf("want a pause of %s after many failures, got %s", longestPause, pauses[9])
	}

	w.started = now.Add(-time.Hour)
	w.ended(now)

	if p := w.notUntil.Sub(now); p != pauses[0] {
		t.Errorf("want failures forgotten after a long run, got a pause of %s", p)
	}
}

func TestImageUser(t *testing.T) {
	cases := map[string]struct {
		reason string
		user   string
		want   uint32
		failed bool
	}{
		"None":  {reason: "Crossplane runs an image without a user as 2000.", user: "", want: 2000},
		"User":  {reason: "A number is taken as it is.", user: "65532", want: 65532},
		"Group": {reason: "The group is left out.", user: "65532:65533", want: 65532},
		"Name":  {reason: "A name would need the image's passwd file.", user: "nobody", failed: true},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := imageUser(tc.user)
			if (err != nil) != tc.failed {
				t.Errorf("%s imageUser: error %v", tc.reason, err)
			}

			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s imageUser: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
