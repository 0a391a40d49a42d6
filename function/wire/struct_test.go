package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestStruct(t *testing.T) {
	cases := map[string]struct {
		reason string
		object any
		want   string
	}{
		"ZeroesAreNotOurs": {
			reason: "Nothing that nobody set is sent, or it would be owned: no status, no creationTimestamp, no empty struct",
			object: &appsv1.Deployment{
				TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
				ObjectMeta: metav1.ObjectMeta{Name: "a"},
				Spec:       appsv1.DeploymentSpec{Replicas: new(int32(0))},
				Status:     appsv1.DeploymentStatus{Replicas: 3},
			},
			want: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"replicas":0}}`,
		},
		"PointersAreMeant": {
			reason: "What a pointer asks for is sent, though it is empty",
			object: &corev1.PodSpec{
				SecurityContext: &corev1.PodSecurityContext{},
				Volumes:         []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				Affinity: &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
					NamespaceSelector: &metav1.LabelSelector{}, TopologyKey: "zone",
				}}}},
			},
			want: `{"securityContext":{},"volumes":[{"name":"v","emptyDir":{}}],"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"namespaceSelector":{},"topologyKey":"zone"}]}},"containers":null}`,
		},
		"EmptyRules": {
			reason: "An empty item of a list is an item: it admits everything",
			object: &networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{}}},
			want:   `{"ingress":[{}]}`,
		},
		"SpecialTypes": {
			reason: "Quantities, ports and times have a form of their own",
			object: &struct {
				Q  resource.Quantity            `json:"q"`
				QP *resource.Quantity           `json:"qp,omitempty"`
				I  intstr.IntOrString           `json:"i"`
				S  *intstr.IntOrString          `json:"s"`
				T  metav1.Time                  `json:"t"`
				Z  metav1.Time                  `json:"z"`
				D  metav1.Duration              `json:"d"`
				B  []byte                       `json:"b"`
				R  corev1.ResourceList          `json:"r"`
				P  extv1.JSONSchemaPropsOrArray `json:"p"`
			}{
				Q: resource.MustParse("1.5Gi"), QP: new(resource.MustParse("8Gi")), I: intstr.FromInt32(80), S: new(intstr.FromString("http")),
				T: metav1.NewTime(time.Unix(0, 0).UTC()), D: metav1.Duration{Duration: time.Minute}, B: []byte("a"),
				R: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("8")},
				P: extv1.JSONSchemaPropsOrArray{Schema: &extv1.JSONSchemaProps{Type: "string"}},
			},
			want: `{"q":"1536Mi","qp":"8Gi","i":80,"s":"http","t":"1970-01-01T00:00:00Z","d":"1m0s","b":"YQ==","r":{"nvidia.com/gpu":"8"},"p":{"type":"string"}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := &structpb.Struct{}
			if err := want.UnmarshalJSON([]byte(tc.want)); err != nil {
				t.Fatal(err)
			}
			dropNulls(want)
			got, err := (&Encoder{}).Struct(tc.object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestStructFails(t *testing.T) {
	cases := map[string]struct {
		reason string
		object any
	}{
		"NoObject": {reason: "Only objects can be composed", object: "text"},
		"Nil":      {reason: "A nil pointer is no object", object: (*corev1.Pod)(nil)},
		"Channel":  {reason: "JSON has no channels", object: struct{ C chan int }{C: make(chan int)}},
		"Keys":     {reason: "JSON has only text for keys", object: struct{ M map[int]string }{M: map[int]string{1: "a"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := (&Encoder{}).Struct(tc.object); err == nil {
				t.Errorf("\n%s\nwant an error, got %v", tc.reason, got)
			}
		})
	}
}

// dropNulls removes what an older type's JSON spells out as null, which is sent as nothing.
func dropNulls(s *structpb.Struct) {
	for k, v := range s.GetFields() {
		if _, null := v.GetKind().(*structpb.Value_NullValue); null {
			delete(s.GetFields(), k)
		}
	}
}

// FuzzStruct compares encodings of pod templates with encoding/json: both must read back as the same template. Fields
// that one of them leaves out are zero in both.
func FuzzStruct(f *testing.F) {
	for _, s := range []string{
		`{}`,
		`{"metadata":{"labels":{"a":"b"},"creationTimestamp":"2026-01-01T00:00:00Z"}}`,
		`{"spec":{"containers":[{"name":"main","resources":{"limits":{"cpu":"1"}},"livenessProbe":{"httpGet":{"port":"http"}},"env":[{"name":"A"}]}]}}`,
		`{"spec":{"volumes":[{"name":"v","emptyDir":{}}],"securityContext":{},"terminationGracePeriodSeconds":0,"hostNetwork":true}}`,
		`{"spec":{"tolerations":[{"tolerationSeconds":-1}],"topologySpreadConstraints":[{"maxSkew":1,"labelSelector":{}}]}}`,
	} {
		f.Add([]byte(s))
	}
	e := &Encoder{}
	f.Fuzz(func(t *testing.T, in []byte) {
		template := corev1.PodTemplateSpec{}
		if json.Unmarshal(in, &template) != nil {
			t.Skip("no template")
		}
		s, err := e.Struct(&template)
		if err != nil {
			t.Fatalf("cannot encode: %v", err)
		}
		got, want := corev1.PodTemplateSpec{}, corev1.PodTemplateSpec{}
		b, err := s.MarshalJSON()
		if err != nil {
			// Protobuf takes no invalid UTF-8, which JSON mends.
			t.Skip("not text")
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("cannot read back: %v", err)
		}
		b, err = json.Marshal(&template)
		if err != nil {
			t.Skip("not JSON")
		}
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(normal(t, want), normal(t, got)); diff != "" {
			t.Errorf("-encoding/json, +ours:\n%s", diff)
		}
	})
}

// normal is a template as JSON would write it: whole numbers beyond 53 bits are the same to both.
func normal(t *testing.T, p corev1.PodTemplateSpec) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
