package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/manifest"
)

const small = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small, namespace: team-a}
spec:
  backend: vllm
  networkPolicy: None
  components:
  - {name: frontend, type: frontend, minAvailable: 1}
`

const retaining = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small, namespace: team-a}
spec:
  backend: vllm
  networkPolicy: None
  claims: [{name: data, size: 1Gi}]
  components:
  - {name: frontend, type: frontend, minAvailable: 1, mounts: [{claim: data, mountPath: /data}]}
`

const onProd = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small, namespace: team-a}
spec:
  clusterRef: {name: prod}
  backend: vllm
  networkPolicy: None
  components:
  - {name: frontend, type: frontend, minAvailable: 1}
`

// fallback is the UID of the graph small in team-a when nobody knows it.
const fallback = "5f901cf5-8908-5b0c-bf1a-68e1d11e29ac"

func TestRender(t *testing.T) {
	type args struct {
		composite string
		required  string
		observed  string
	}
	type want struct {
		// composed and removed are composition resource names and object names.
		composed []string
		removed  []string
		// owner is the UID of the composite resource.
		owner   string
		refusal string
	}

	all := []string{
		"deployment.frontend small-frontend",
		"poddisruptionbudget.frontend " + derivedName("small-", fallback, "poddisruptionbudget.frontend"),
		"role.discovery small-discovery",
		"rolebinding.discovery small-discovery",
		"secret.connection small-connection",
		"service.frontend small-frontend",
		"serviceaccount.discovery small-discovery",
	}

	cases := map[string]struct {
		reason string
		args   args
		want   want
	}{
		"NothingExists": {
			reason: "Without observed objects all that the finished graph holds is composed, owned by a UID made up as Crossplane's own render makes it up.",
			args:   args{composite: small},
			want:   want{composed: all, owner: fallback},
		},
		"KnownByItsController": {
			reason: "An observed object that the graph controls tells its UID, which names are derived from, and keeps the name it has. What comes after objects that are not observed waits, and what is late.",
			args: args{composite: small, observed: `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: small-another
  namespace: team-a
  annotations: {crossplane.io/composition-resource-name: poddisruptionbudget.frontend}
  ownerReferences: [{apiVersion: graphplane.io/v1alpha1, kind: InferenceGraph, name: small, uid: live, controller: true}]
`},
			want: want{owner: "live", composed: []string{
				all[0], "poddisruptionbudget.frontend small-another", all[2], all[6],
			}},
		},
		"KnownByItself": {
			reason: "The observed graph itself tells its UID and the cluster it used: a cluster that it used once must be there.",
			args: args{composite: small, observed: `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: small, namespace: team-a, uid: live}
status: {clusterRef: {name: local}}
`},
			want: want{refusal: `InferenceCluster "local" does not exist`},
		},
		"NoLongerDesired": {
			reason: "What is observed of the graph and no longer desired is to be deleted, what belongs to others is not.",
			args: args{composite: small, observed: `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: small-old
  namespace: team-a
  annotations: {crossplane.io/composition-resource-name: deployment.old}
  ownerReferences: [{apiVersion: graphplane.io/v1alpha1, kind: InferenceGraph, name: small, uid: live, controller: true}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: other-old
  namespace: team-a
  annotations: {crossplane.io/composition-resource-name: deployment.old}
  ownerReferences: [{apiVersion: graphplane.io/v1alpha1, kind: InferenceGraph, name: other, uid: other, controller: true}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: small-old
  namespace: team-b
  annotations: {crossplane.io/composition-resource-name: deployment.old}
`},
			want: want{owner: "live", removed: []string{"deployment.old small-old"}, composed: []string{all[0], all[2], all[6]}},
		},
		"TakenByAnother": {
			reason: "A name that another graph's object has is a conflict.",
			args: args{composite: small, observed: `
apiVersion: v1
kind: ServiceAccount
metadata:
  name: small-discovery
  namespace: team-a
  annotations: {crossplane.io/composition-resource-name: serviceaccount.discovery}
  ownerReferences: [{apiVersion: graphplane.io/v1alpha1, kind: InferenceGraph, name: small, uid: live, controller: true}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: small-frontend
  namespace: team-a
  ownerReferences: [{apiVersion: graphplane.io/v1alpha1, kind: InferenceGraph, name: other, uid: other, controller: true}]
`},
			want: want{refusal: `Deployment "small-frontend" exists and belongs to InferenceGraph "other"`},
		},
		"TakenByNobody": {
			reason: "A name that somebody else's object has is a conflict, though nobody controls it.",
			args: args{composite: small, observed: `
apiVersion: v1
kind: Service
metadata: {name: small-frontend, namespace: team-a}
`},
			want: want{refusal: `Service "small-frontend" exists and was not created by this InferenceGraph`},
		},
		"MissingCluster": {
			reason: "A graph that names a cluster needs it.",
			args:   args{composite: onProd},
			want:   want{refusal: `InferenceCluster "prod" does not exist`},
		},
		"GivenCluster": {
			reason: "A cluster is found by its name.",
			args: args{composite: onProd, required: `
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: other}
---
apiVersion: graphplane.io/v1alpha1
kind: InferenceCluster
metadata: {name: prod}
`},
			want: want{composed: all, owner: fallback},
		},
		"RetainedClaim": {
			reason: "A claim that outlived a graph is adopted by a graph of the same name.",
			args: args{composite: retaining, observed: `
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: small-data
  namespace: team-a
  labels: {graphplane.io/retain: "true", graphplane.io/graph: small}
  annotations: {crossplane.io/composition-resource-name: claim.data}
  ownerReferences: [{apiVersion: v1, kind: Namespace, name: team-a, uid: ns}]
`},
			want: want{composed: []string{"claim.data small-data", all[0], all[2], all[6]}, owner: fallback},
		},
	}

	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := want{}
			res, err := r.Render(t.Context(), Request{
				Composite: &parse(t, tc.args.composite)[0],
				Required:  parse(t, tc.args.required),
				Observed:  parse(t, tc.args.observed),
			})
			if refusal := (&Refusal{}); errors.As(err, &refusal) {
				if tc.want.refusal == "" || !strings.Contains(refusal.Message, tc.want.refusal) {
					t.Fatalf("%s\nwant refusal %q, got %q", tc.reason, tc.want.refusal, refusal.Message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range res.Composed {
				got.composed = append(got.composed, line(o))
				refs := o.GetOwnerReferences()
				got.owner = string(refs[len(refs)-1].UID)
			}
			for _, o := range res.Removed {
				got.removed = append(got.removed, line(o))
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestNamespaceUID(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason   string
		required string
		want     string
	}{
		"MadeUp": {reason: "Without its Namespace a retained claim renders with a UID that is documented.", want: NamespaceUID},
		"Given":  {reason: "With its Namespace a retained claim is owned by it.", required: `{apiVersion: v1, kind: Namespace, metadata: {name: team-a, uid: ns}}`, want: "ns"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			res, err := r.Render(t.Context(), Request{Composite: &parse(t, retaining)[0], Required: parse(t, tc.required)})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(res.Composed[0].GetOwnerReferences()[0].UID); got != tc.want {
				t.Errorf("%s\nwant %q, got %q", tc.reason, tc.want, got)
			}
		})
	}
}

func TestDerivedName(t *testing.T) {
	cases := map[string]struct {
		reason string
		prefix string
		want   string
	}{
		"Short":    {reason: "A prefix that fits is kept.", prefix: "small-", want: "small-9b6ace7c01cf"},
		"NoHyphen": {reason: "A hyphen stands before the digest.", prefix: "small", want: "small-9b6ace7c01cf"},
		"Long":     {reason: "A long prefix is cut to 63 characters in all.", prefix: strings.Repeat("a", 60) + "-", want: strings.Repeat("a", 50) + "-9b6ace7c01cf"},
		"CutAtHyphen": {
			reason: "A prefix that is cut behind a hyphen needs no other.",
			prefix: strings.Repeat("a", 50) + "-bbbbbbbbb-", want: strings.Repeat("a", 50) + "-9b6ace7c01cf",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, derivedName(tc.prefix, "uid", "name")); diff != "" {
				t.Errorf("%s\n(-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func line(o unstructured.Unstructured) string {
	return o.GetAnnotations()["crossplane.io/composition-resource-name"] + " " + o.GetName()
}

func parse(t *testing.T, s string) []unstructured.Unstructured {
	t.Helper()
	out, err := manifest.Read(bytes.NewBufferString(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
