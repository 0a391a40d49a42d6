package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// reader of a config in a namespace, where a Secret "s" holds data.
func reader(namespace string, data map[string]string) Reader {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s"}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return Reader{Client: fake.NewClientBuilder().WithObjects(client.Object(s)).Build(), Namespace: namespace}
}

func TestReaderName(t *testing.T) {
	type args struct {
		config string
		ref    v1alpha1.SecretReference
	}
	type want struct {
		name types.NamespacedName
		err  string
	}
	cases := map[string]struct {
		reason string
		args   args
		want   want
	}{
		"Own": {
			reason: "A ProviderConfig reads Secrets of its own namespace.",
			args:   args{config: "ns", ref: v1alpha1.SecretReference{Name: "s"}},
			want:   want{name: types.NamespacedName{Namespace: "ns", Name: "s"}},
		},
		"OwnNamed": {
			reason: "It may say so.",
			args:   args{config: "ns", ref: v1alpha1.SecretReference{Name: "s", Namespace: new("ns")}},
			want:   want{name: types.NamespacedName{Namespace: "ns", Name: "s"}},
		},
		"Foreign": {
			reason: "It reads none of another, whose Secrets its author may not be able to read.",
			args:   args{config: "ns", ref: v1alpha1.SecretReference{Name: "s", Namespace: new("other")}},
			want:   want{err: `f.namespace: a ProviderConfig reads Secrets of its own namespace "ns" only: move the Secret or use a ClusterProviderConfig`},
		},
		"Cluster": {
			reason: "A ClusterProviderConfig names the namespace.",
			args:   args{ref: v1alpha1.SecretReference{Name: "s", Namespace: new("other")}},
			want:   want{name: types.NamespacedName{Namespace: "other", Name: "s"}},
		},
		"ClusterWithout": {
			reason: "It has none of its own.",
			args:   args{ref: v1alpha1.SecretReference{Name: "s"}},
			want:   want{err: `f.namespace: a ClusterProviderConfig has no namespace of its own: set the namespace of Secret "s"`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Reader{Namespace: tc.args.config}.Name("f", tc.args.ref)
			if diff := cmp.Diff(tc.want.err, message(err)); diff != "" {
				t.Fatalf("\n%s\nName(...): -want error, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want.name, got); err == nil && diff != "" {
				t.Errorf("\n%s\nName(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestReaderValue(t *testing.T) {
	type want struct {
		value, err string
	}
	cases := map[string]struct {
		reason string
		args   map[string]string
		ref    string
		want   want
	}{
		"Value":  {reason: "A value is read.", args: map[string]string{"k": "v"}, ref: "s", want: want{value: "v"}},
		"Blanks": {reason: "An editor's newline is no part of it.", args: map[string]string{"k": " v\n"}, ref: "s", want: want{value: "v"}},
		"Empty": {
			reason: "Nothing but blanks is no value.", args: map[string]string{"k": " \n"}, ref: "s",
			want: want{err: `f: Secret "ns/s" has no value under the key "k": add it or change the reference`},
		},
		"OtherKey": {
			reason: "The key is named, the value of another is not.", args: map[string]string{"x": "s3cr3t"}, ref: "s",
			want: want{err: `f: Secret "ns/s" has no value under the key "k": add it or change the reference`},
		},
		"Missing": {
			reason: "A Secret that is missing is named.", ref: "t",
			want: want{err: `f: Secret "ns/t" does not exist: create it or change the reference`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := reader("ns", tc.args).Value(t.Context(), "f", v1alpha1.SecretReference{Name: tc.ref}, "k")
			if diff := cmp.Diff(tc.want, want{value: got, err: message(err)}, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("\n%s\nValue(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestReaderBasic(t *testing.T) {
	type want struct {
		user, password, err string
	}
	cases := map[string]struct {
		reason string
		args   map[string]string
		want   want
	}{
		"Both": {
			reason: "A password is taken as it is, a name is not.",
			args:   map[string]string{"username": "u\n", "password": " p "},
			want:   want{user: "u", password: " p "},
		},
		"NoPassword": {
			reason: "A user has a password.", args: map[string]string{"username": "u"},
			want: want{err: `f.secretRef: Secret "ns/s" has no value under the key "password": add it`},
		},
		"NoUser": {
			reason: "A password has a user.", args: map[string]string{"password": "p"},
			want: want{err: `f.secretRef: Secret "ns/s" has no value under the key "username": add it or change the reference`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			user, password, err := reader("ns", tc.args).Basic(t.Context(), "f", v1alpha1.Basic{SecretRef: v1alpha1.SecretReference{Name: "s"}})
			if diff := cmp.Diff(tc.want, want{user, password, message(err)}, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("\n%s\nBasic(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestReaderNames(t *testing.T) {
	refs := TLSRefs(&v1alpha1.TLS{
		CASecretRef:   &v1alpha1.SecretKeyReference{SecretReference: v1alpha1.SecretReference{Name: "ca"}},
		CertSecretRef: &v1alpha1.SecretReference{Name: "cert", Namespace: new("other")},
	})
	got := Reader{Namespace: "ns"}.Names(refs...)
	if diff := cmp.Diff([]types.NamespacedName{{Namespace: "ns", Name: "ca"}}, got); diff != "" {
		t.Errorf("Names(...): want what is not allowed left out, -want, +got:\n%s", diff)
	}
	if got := TLSRefs(nil); len(got) > 0 {
		t.Errorf("TLSRefs(nil): %v, want none", got)
	}
}

// message of an error; empty without one.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
