package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

func TestPodSecurity(t *testing.T) {
	type want struct {
		pod   *corev1.PodSecurityContext
		main  *corev1.SecurityContext
		token *bool
	}
	runtimeDefault := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	unconfined := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	pod := &corev1.PodSecurityContext{FSGroup: new(int64(1000)), SeccompProfile: runtimeDefault}
	noEscalation := &corev1.SecurityContext{AllowPrivilegeEscalation: new(false)}
	main := func(sc *corev1.SecurityContext) corev1.PodSpec {
		return corev1.PodSpec{Containers: []corev1.Container{{Name: v1alpha1.MainContainer, SecurityContext: sc}}}
	}
	cases := map[string]struct {
		reason    string
		discovery v1alpha1.Discovery
		user      corev1.PodSpec
		want      want
	}{
		"Default": {
			reason:    "System calls are filtered, and rights are not gained",
			discovery: v1alpha1.DiscoveryKubernetes,
			want:      want{pod: pod, main: noEscalation},
		},
		"FSGroupRemoved": {
			reason:    "An empty context removes our group, and the filter stays",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{}},
			want:      want{pod: &corev1.PodSecurityContext{SeccompProfile: runtimeDefault}, main: noEscalation},
		},
		"Unconfined": {
			reason:    "A user's profile is kept",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{SeccompProfile: unconfined}},
			want:      want{pod: &corev1.PodSecurityContext{SeccompProfile: unconfined}, main: noEscalation},
		},
		"Escalation": {
			reason:    "A user may allow escalation",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      main(&corev1.SecurityContext{AllowPrivilegeEscalation: new(true)}),
			want:      want{pod: pod, main: &corev1.SecurityContext{AllowPrivilegeEscalation: new(true)}},
		},
		"Privileged": {
			reason:    "The API server refuses a privileged container that may not escalate",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      main(&corev1.SecurityContext{Privileged: new(true)}),
			want:      want{pod: pod, main: &corev1.SecurityContext{Privileged: new(true)}},
		},
		"SysAdmin": {
			reason:    "The API server refuses SYS_ADMIN without escalation",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      main(&corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}),
			want:      want{pod: pod, main: &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}},
		},
		"OtherContext": {
			reason:    "What a user says of something else is kept beside",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      main(&corev1.SecurityContext{RunAsUser: new(int64(7))}),
			want:      want{pod: pod, main: &corev1.SecurityContext{RunAsUser: new(int64(7)), AllowPrivilegeEscalation: new(false)}},
		},
		"NoDiscovery": {
			reason:    "A pod that asks the API server for nothing has no token",
			discovery: v1alpha1.DiscoveryEtcd,
			want:      want{pod: pod, main: noEscalation, token: new(false)},
		},
		"NoDiscoveryOtherAccount": {
			reason:    "An account that the user chose is for something",
			discovery: v1alpha1.DiscoveryEtcd,
			user:      corev1.PodSpec{ServiceAccountName: "mine"},
			want:      want{pod: pod, main: noEscalation},
		},
		"TokenRemoved": {
			reason:    "A user may take the token away",
			discovery: v1alpha1.DiscoveryKubernetes,
			user:      corev1.PodSpec{AutomountServiceAccountToken: new(false)},
			want:      want{pod: pod, main: noEscalation, token: new(false)},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := tc.user.DeepCopy()
			c := &graph.Component{Name: "w", Key: "w", Type: v1alpha1.TypeCustom, Template: &corev1.PodTemplateSpec{Spec: tc.user}}
			s := PodTemplate(&graph.Graph{Name: "g", Discovery: tc.discovery}, c).Spec
			got := want{pod: s.SecurityContext, main: s.Containers[0].SecurityContext, token: s.AutomountServiceAccountToken}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("\n%s (-want, +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(*before, c.Template.Spec); diff != "" {
				t.Errorf("the user's template was changed:\n%s", diff)
			}
		})
	}
}
