package graph

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// spec reads an InferenceGraphSpec.
func spec(tb testing.TB, y string) v1alpha1.InferenceGraphSpec {
	tb.Helper()
	s := v1alpha1.InferenceGraphSpec{}
	if err := yaml.UnmarshalStrict([]byte(y), &s); err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestImage(t *testing.T) {
	const worker = `components: [{name: w, type: worker}]
model: {name: m}
`
	cases := map[string]struct {
		reason string
		spec   string
		in     Input
		want   string
	}{
		"BuiltIn": {
			reason: "Without any word on it, the backend's image of the built-in version",
			spec:   "backend: sglang\n" + worker,
			want:   "nvcr.io/nvidia/ai-dynamo/sglang-runtime:" + DefaultRuntimeVersion,
		},
		"Input": {
			reason: "The Composition's version is below the cluster's and the graph's",
			spec:   "backend: trtllm\n" + worker,
			in:     Input{RuntimeVersion: "1.1.0"},
			want:   "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:1.1.0",
		},
		"Cluster": {
			reason: "The cluster's version is below the graph's",
			spec:   "backend: vllm\n" + worker,
			in:     Input{RuntimeVersion: "1.1.0", Cluster: Cluster{Defaults: v1alpha1.Defaults{RuntimeVersion: "1.2.0"}}},
			want:   "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.2.0",
		},
		"Graph": {
			reason: "The graph has the last word",
			spec:   "backend: vllm\nruntime: {version: 2.0.0}\n" + worker,
			in:     Input{Cluster: Cluster{Defaults: v1alpha1.Defaults{RuntimeVersion: "1.2.0"}}},
			want:   "nvcr.io/nvidia/ai-dynamo/vllm-runtime:2.0.0",
		},
		"Mirror": {
			reason: "A platform's image is taken as it is",
			spec:   "backend: vllm\n" + worker,
			in:     Input{Cluster: Cluster{Defaults: v1alpha1.Defaults{Images: map[string]string{"vllm": "mirror:5000/vllm@sha256:abc"}}}},
			want:   "mirror:5000/vllm@sha256:abc",
		},
		"MirrorOtherVersion": {
			reason: "The graph's version replaces tag and digest of a platform's image, not the port of its registry",
			spec:   "backend: vllm\nruntime: {version: 2.0.0}\n" + worker,
			in:     Input{Cluster: Cluster{Defaults: v1alpha1.Defaults{Images: map[string]string{"vllm": "mirror:5000/vllm@sha256:abc"}}}},
			want:   "mirror:5000/vllm:2.0.0",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.in.Name, tc.in.Namespace, tc.in.Spec = "g", "n", spec(t, tc.spec)
			g, refused := Resolve(tc.in)
			if refused != nil {
				t.Fatal(refused)
			}
			if diff := cmp.Diff(tc.want, g.Components[0].Image); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	g, refused := Resolve(Input{Name: "g", Namespace: "team.a", Spec: spec(t, `
backend: vllm
model: {name: org/m, cache: {claim: weights, mountPath: /models}, tokenSecretRef: {name: hf}}
claims: [{name: weights, size: 1Gi}, {name: shared}]
components:
- {name: Front, type: frontend}
- {name: w, type: worker, gpus: 2, globalNamespace: true, mounts: [{claim: shared, mountPath: /data}]}
- {name: d, type: decode, replicas: 0, sharedMemory: 0}
- {name: c, type: custom, sharedMemory: 1Gi, podTemplate: {spec: {containers: [{name: main, image: i}]}}}
`)})
	if refused != nil {
		t.Fatal(refused)
	}
	type brief struct {
		Object, Namespace, Shm string
		Replicas, GPUs         int32
		Mounts                 []Mount
	}
	weights := Mount{Volume: "weights", Claim: "g-weights", Path: "/models"}
	want := []brief{
		{Object: "g-front", Namespace: "team-a-g", Replicas: 1, Mounts: []Mount{weights}},
		{Object: "g-w", Namespace: "dynamo", Replicas: 1, GPUs: 2, Shm: "8Gi", Mounts: []Mount{weights, {Volume: "shared", Claim: "shared", Path: "/data"}}},
		{Object: "g-d", Namespace: "team-a-g", Mounts: []Mount{weights}},
		{Object: "g-c", Namespace: "team-a-g", Replicas: 1, Shm: "1Gi"},
	}
	var got []brief
	for _, c := range g.Components {
		b := brief{Object: c.Object, Namespace: c.DynamoNamespace, Replicas: *c.Replicas, GPUs: c.GPUs, Mounts: c.Mounts}
		if c.SharedMemory != nil {
			b.Shm = c.SharedMemory.String()
		}
		got = append(got, b)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("components: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Claim{{Name: "weights", Object: "g-weights", Size: resource.MustParse("1Gi"), AccessMode: corev1.ReadWriteOnce, Retain: true}}, g.Claims); diff != "" {
		t.Errorf("claims: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff("HF_TOKEN", g.Model.Token.Key); diff != "" {
		t.Errorf("token: -want, +got:\n%s", diff)
	}
}

// A message lists every problem in one order, and is short though there are many.
func TestRefusal(t *testing.T) {
	s := spec(t, `
backend: vllm
model: {name: m}
components:
- {name: b, type: worker, mounts: [{claim: x, mountPath: /x}]}
- {name: a, type: frontend, gpus: 1, podTemplate: {spec: {hostPID: true}}}
`)
	_, refused := Resolve(Input{Name: "g", Namespace: "n", Spec: s})
	if refused == nil || refused.Reason != v1alpha1.ReasonInvalidSpec {
		t.Fatalf("want an invalid spec, got %v", refused)
	}
	order := []string{"spec.components[0].mounts[0].claim", "spec.components[1].gpus", "spec.components[1].podTemplate.spec.hostPID"}
	at := -1
	for _, f := range order {
		i := strings.Index(refused.Error(), f)
		if i <= at {
			t.Errorf("want %s next in %q", f, refused)
		}
		at = i
	}

	for range 20 {
		s.Components = append(s.Components, s.Components[0])
	}
	_, refused = Resolve(Input{Name: "g", Namespace: "n", Spec: s})
	if !strings.HasSuffix(refused.Error(), " more") || strings.Count(refused.Error(), ";") != maxShown {
		t.Errorf("want %d problems and a count of the others, got %q", maxShown, refused)
	}
}

func TestHostPath(t *testing.T) {
	cases := map[string]struct {
		path    string
		allowed []string
		want    bool
	}{
		"Itself":     {path: "/data", allowed: []string{"/data"}, want: true},
		"Below":      {path: "/data/a", allowed: []string{"/data/"}, want: true},
		"Beside":     {path: "/database", allowed: []string{"/data"}},
		"Up":         {path: "/data/../etc", allowed: []string{"/data"}},
		"Root":       {path: "/etc", allowed: []string{"/"}, want: true},
		"NotCleaned": {path: "//data//a", allowed: []string{"/data"}, want: true},
		"None":       {path: "/data"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := hostPathAllowed(tc.path, tc.allowed); got != tc.want {
				t.Errorf("want %t, got %t", tc.want, got)
			}
		})
	}
}

// FuzzResolve asserts that whatever a spec says, it is resolved or refused with a message, and always in the same way.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{
		`{}`,
		`{"backend":"vllm","model":{"name":"m"},"components":[{"name":"a","type":"worker","gpus":8}]}`,
		`{"backend":"sglang","claims":[{"name":"c","size":"1Gi"}],"components":[{"name":"a","type":"frontend","mounts":[{"claim":"c","mountPath":"/c"}]}]}`,
		`{"backend":"trtllm","components":[{"name":"a","type":"custom","podTemplate":{"spec":{"hostNetwork":true,"containers":[{"name":"main","image":"i","securityContext":{"privileged":true}}]}}}]}`,
		`{"backend":"vllm","nodePools":[{"name":"p"}],"restart":{"id":"1"},"components":[{"name":"A","type":"epp","scaling":{"external":true},"replicas":-1}]}`,
	} {
		f.Add([]byte(s), "graph", "namespace")
	}
	f.Fuzz(func(t *testing.T, in []byte, name, namespace string) {
		s := v1alpha1.InferenceGraphSpec{}
		if json.Unmarshal(in, &s) != nil {
			t.Skip("no spec")
		}
		g, refused := Resolve(Input{Name: name, Namespace: namespace, Spec: s})
		if (refused != nil) != (refused != nil && refused.Error() != "") {
			t.Error("a refusal without a message")
		}
		if refused == nil && len(g.Components) != len(s.Components) {
			t.Errorf("%d components of %d", len(g.Components), len(s.Components))
		}
		_, again := Resolve(Input{Name: name, Namespace: namespace, Spec: s})
		if (refused == nil) != (again == nil) || (refused != nil && refused.Error() != again.Error()) {
			t.Errorf("first %v, then %v", refused, again)
		}
	})
}
