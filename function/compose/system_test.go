package compose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// told is what pods are told: variables by name, each with its value or the key it is from, and files by path.
func told(g *graph.Graph) map[string]string {
	out := map[string]string{}
	for _, e := range systemEnv(g) {
		out[e.Name] = e.Value
		if e.ValueFrom != nil {
			out[e.Name] = e.ValueFrom.SecretKeyRef.Name + "/" + e.ValueFrom.SecretKeyRef.Key
		}
	}
	for _, v := range systemVolumes(g) {
		for _, i := range v.Secret.Items {
			out["file "+natsPath+"/"+i.Path] = v.Secret.SecretName + "/" + i.Key
		}
	}
	return out
}

// The runtime takes an empty variable for one that is set, and refuses certificates that do not fit the address.
func TestTold(t *testing.T) {
	planes := func(m map[string]string) map[string]string {
		m["DYN_REQUEST_PLANE"], m["DYN_EVENT_PLANE"] = "tcp", "zmq"
		return m
	}
	cases := map[string]struct {
		reason     string
		etcd, nats *graph.Backing
		want       map[string]string
	}{
		"Nothing": {reason: "A graph without systems is told of none", want: map[string]string{}},
		"PlainEtcd": {
			reason: "An etcd without users gets no user",
			etcd:   &graph.Backing{Access: "s"},
			want:   planes(map[string]string{"ETCD_ENDPOINTS": "s/endpoints"}),
		},
		"EtcdUser": {
			reason: "A user comes with its password",
			etcd:   &graph.Backing{Access: "s", System: graph.System{Auth: graph.AuthBasic}},
			want:   planes(map[string]string{"ETCD_ENDPOINTS": "s/endpoints", "ETCD_AUTH_USERNAME": "s/username", "ETCD_AUTH_PASSWORD": "s/password"}),
		},
		"EtcdCertificates": {
			reason: "Certificates are values to the etcd client, not paths",
			etcd:   &graph.Backing{Access: "s", System: graph.System{TLS: true, CA: true, ClientCert: true}},
			want:   planes(map[string]string{"ETCD_ENDPOINTS": "s/endpoints", "ETCD_AUTH_CA": "s/clusterCA", "ETCD_AUTH_CLIENT_CERT": "s/clientCert", "ETCD_AUTH_CLIENT_KEY": "s/clientKey"}),
		},
		"EtcdIsolated": {
			reason: "The graph's own user comes before that of the provider config",
			etcd:   &graph.Backing{Access: "own", Isolate: true, System: graph.System{Auth: graph.AuthBasic}},
			want:   planes(map[string]string{"ETCD_ENDPOINTS": "own/endpoints", "ETCD_AUTH_USERNAME": "own/username", "ETCD_AUTH_PASSWORD": "own/password"}),
		},
		"PlainNATS": {
			reason: "A NATS without users gets no user, and no certificates without TLS",
			nats:   &graph.Backing{Access: "s", System: graph.System{CA: true}},
			want:   planes(map[string]string{"NATS_SERVER": "s/endpoints"}),
		},
		"NATSToken": {
			reason: "A token is a variable",
			nats:   &graph.Backing{Access: "s", System: graph.System{Auth: graph.AuthToken}},
			want:   planes(map[string]string{"NATS_SERVER": "s/endpoints", "NATS_AUTH_TOKEN": "s/token"}),
		},
		"NATSKey": {
			reason: "A seed is a variable",
			nats:   &graph.Backing{Access: "s", System: graph.System{Auth: graph.AuthNKey}},
			want:   planes(map[string]string{"NATS_SERVER": "s/endpoints", "NATS_AUTH_NKEY": "s/nkey"}),
		},
		"NATSBasic": {
			reason: "A user comes with its password",
			nats:   &graph.Backing{Access: "s", System: graph.System{Auth: graph.AuthBasic}},
			want:   planes(map[string]string{"NATS_SERVER": "s/endpoints", "NATS_AUTH_USERNAME": "s/username", "NATS_AUTH_PASSWORD": "s/password"}),
		},
		"NATSIsolated": {
			reason: "The graph's own user is a file, and so are certificates",
			nats:   &graph.Backing{Access: "own", Isolate: true, System: graph.System{Auth: graph.AuthToken, TLS: true, CA: true, ClientCert: true}},
			want: planes(map[string]string{
				"NATS_SERVER": "own/endpoints", "NATS_AUTH_CREDENTIALS_FILE": natsPath + "/creds", "file " + natsPath + "/creds": "own/creds",
				"NATS_TLS_CA_CERT_PATH": natsPath + "/clusterCA", "file " + natsPath + "/clusterCA": "own/clusterCA",
				"NATS_TLS_CLIENT_CERT_PATH": natsPath + "/clientCert", "file " + natsPath + "/clientCert": "own/clientCert",
				"NATS_TLS_CLIENT_KEY_PATH": natsPath + "/clientKey", "file " + natsPath + "/clientKey": "own/clientKey",
			}),
		},
		"NATSClientCertificateAlone": {
			reason: "The runtime refuses a client certificate without one to verify servers by",
			nats:   &graph.Backing{Access: "s", System: graph.System{TLS: true, ClientCert: true}},
			want:   planes(map[string]string{"NATS_SERVER": "s/endpoints"}),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, told(&graph.Graph{Etcd: tc.etcd, NATS: tc.nats})); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// Every process may be one of the runtime's, so every main container is told. Nothing that is secret is a value.
func TestEveryPodIsTold(t *testing.T) {
	g := &graph.Graph{
		Name: "g", Discovery: v1alpha1.DiscoveryEtcd, EventPlane: v1alpha1.EventPlaneNATS,
		Etcd: &graph.Backing{Access: "e", Isolate: true}, NATS: &graph.Backing{Access: "n", Isolate: true},
	}
	for _, kind := range []v1alpha1.ComponentType{v1alpha1.TypeFrontend, v1alpha1.TypeDecode, v1alpha1.TypeCustom} {
		c := &graph.Component{Name: "c", Key: "c", Type: kind, Template: &corev1.PodTemplateSpec{}}
		p := PodTemplate(g, c)
		got := map[string]bool{}
		for _, e := range p.Spec.Containers[0].Env {
			got[e.Name] = e.ValueFrom != nil
		}
		for _, name := range []string{"ETCD_ENDPOINTS", "ETCD_AUTH_PASSWORD", "NATS_SERVER"} {
			if !got[name] {
				t.Errorf("%s: %s is not from a Secret", kind, name)
			}
		}
		if _, told := got["DYN_DISCOVERY_BACKEND"]; told {
			t.Errorf("%s is told to use another discovery than etcd", kind)
		}
	}
}
