package compose

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Where the credentials file and the certificates of NATS are mounted.
const (
	natsVolume = "graphplane-nats"
	natsPath   = "/etc/graphplane/nats"
)

// Names of the resources that a graph has of its systems, by technology.
const (
	endpointResource = "endpoint."
	roleResource     = "role."
	userResource     = "user."
)

// UserResource is the name of the resource of a graph's own user in a system.
func UserResource(technology string) string { return userResource + technology }

// SystemResources are the names of what a graph has of a system, in the order in which they become ready.
func SystemResources(b *graph.Backing, technology string) []string {
	var out []string
	if b != nil && !b.Existing {
		out = append(out, endpointResource+technology)
	}
	if b != nil && b.Isolate && technology == graph.Etcd {
		out = append(out, roleResource+technology)
	}
	if b != nil && b.Isolate {
		out = append(out, userResource+technology)
	}
	return out
}

// Systems are the Endpoints of the etcd and NATS systems that the graph uses, and the graph's own users in them. Nothing of
// a system is deleted with a graph but what is the graph's alone: its user, its rights, and the keys that only it may
// write.
func Systems(g *graph.Graph) []Resource {
	var out []Resource
	if b := g.Etcd; b != nil {
		if !b.Existing {
			out = append(out, etcdEndpoint(g, b))
		}
		if b.Isolate {
			out = append(out, etcdRole(g, b), etcdUser(g, b))
		}
	}
	if b := g.NATS; b != nil {
		if !b.Existing {
			out = append(out, natsEndpoint(g, b))
		}
		if b.Isolate {
			out = append(out, natsUser(g, b))
		}
	}
	return out
}

// hold keeps a workload back until what it connects to can be used. It runs on when that fails later: restarts would not
// mend it.
func hold(g *graph.Graph, w Resource) Resource {
	for _, s := range []struct {
		technology string
		backing    *graph.Backing
	}{{graph.Etcd, g.Etcd}, {graph.NATS, g.NATS}} {
		w.After = append(w.After, SystemResources(s.backing, s.technology)...)
		if s.backing != nil && s.backing.Waits != "" && w.Wait == "" {
			w.Wait = "Waiting for Endpoint " + s.backing.Endpoint + ": " + s.backing.Waits
		}
	}
	return w
}

// managedSpec is what every managed resource has. One without a Secret publishes nothing.
func managedSpec(b *graph.Backing, secret string, policies ...xpv2.ManagementAction) xpv2.ManagedResourceSpec {
	s := xpv2.ManagedResourceSpec{
		ProviderConfigReference: &xpv2.ProviderConfigReference{Kind: b.Config.Kind, Name: b.Config.Name},
		ManagementPolicies:      policies,
	}
	if secret != "" {
		s.WriteConnectionSecretToReference = &xpv2.LocalSecretReference{Name: secret}
	}
	return s
}

// shared are the policies for what is not the graph's: all but Delete.
func shared() []xpv2.ManagementAction {
	return []xpv2.ManagementAction{
		xpv2.ManagementActionObserve, xpv2.ManagementActionCreate, xpv2.ManagementActionUpdate, xpv2.ManagementActionLateInitialize,
	}
}

// published is the Secret of an Endpoint. Pods with a user of their own have all they need in the user's.
func published(b *graph.Backing) string {
	if b.Isolate {
		return ""
	}
	return b.Access
}

// managed is a resource of a managed resource.
func managed(kind, technology string, o runtime.Object) Resource {
	return Resource{Name: kind + technology, Object: o, Ready: ready.Managed}
}

func systemMeta(g *graph.Graph, technology string) metav1.ObjectMeta {
	return objectMeta(g, names.System(g.Name, technology))
}

func etcdEndpoint(g *graph.Graph, b *graph.Backing) Resource {
	return managed(endpointResource, graph.Etcd, &etcdv1alpha1.Endpoint{
		TypeMeta:   typeMeta(etcdv1alpha1.SchemeGroupVersion.String(), etcdv1alpha1.EndpointKind),
		ObjectMeta: systemMeta(g, graph.Etcd),
		Spec:       etcdv1alpha1.EndpointSpec{ManagedResourceSpec: managedSpec(b, published(b), shared()...)},
	})
}

func natsEndpoint(g *graph.Graph, b *graph.Backing) Resource {
	return managed(endpointResource, graph.NATS, &natsv1alpha1.Endpoint{
		TypeMeta:   typeMeta(natsv1alpha1.SchemeGroupVersion.String(), natsv1alpha1.EndpointKind),
		ObjectMeta: systemMeta(g, graph.NATS),
		Spec:       natsv1alpha1.EndpointSpec{ManagedResourceSpec: managedSpec(b, published(b), shared()...)},
	})
}

// etcdRole is what a graph may do in etcd. With it go the keys that only the graph may write: those of a process that was
// stopped hard live on until its lease ends, and others would send requests to it.
func etcdRole(g *graph.Graph, b *graph.Backing) Resource {
	return managed(roleResource, graph.Etcd, &etcdv1alpha1.Role{
		TypeMeta:   typeMeta(etcdv1alpha1.SchemeGroupVersion.String(), etcdv1alpha1.RoleKind),
		ObjectMeta: systemMeta(g, graph.Etcd),
		Spec: etcdv1alpha1.RoleSpec{
			ManagedResourceSpec: managedSpec(b, ""),
			ForProvider:         etcdv1alpha1.RoleParameters{Permissions: keys(g, b), KeysOnDelete: etcdv1alpha1.KeysDelete},
		},
	})
}

// etcdUser is the graph's own user, with a password that the provider makes.
func etcdUser(g *graph.Graph, b *graph.Backing) Resource {
	meta := systemMeta(g, graph.Etcd)
	return managed(userResource, graph.Etcd, &etcdv1alpha1.User{
		TypeMeta:   typeMeta(etcdv1alpha1.SchemeGroupVersion.String(), etcdv1alpha1.UserKind),
		ObjectMeta: meta,
		Spec: etcdv1alpha1.UserSpec{
			ManagedResourceSpec: managedSpec(b, b.Access),
			// The provider calls a Role by its namespace and its name.
			ForProvider: etcdv1alpha1.UserParameters{Roles: []string{g.Namespace + "." + meta.Name}},
		},
	})
}

// natsUser is the graph's own user, with a key and a JWT that the provider makes and renews.
func natsUser(g *graph.Graph, b *graph.Backing) Resource {
	return managed(userResource, graph.NATS, &natsv1alpha1.User{
		TypeMeta:   typeMeta(natsv1alpha1.SchemeGroupVersion.String(), natsv1alpha1.UserKind),
		ObjectMeta: systemMeta(g, graph.NATS),
		Spec: natsv1alpha1.UserSpec{
			ManagedResourceSpec: managedSpec(b, b.Access),
			ForProvider:         natsv1alpha1.UserParameters{Permissions: subjects(g, b)},
		},
	})
}

// systemEnv tells every process of the Dynamo runtime where its systems are and who it is there. The runtime takes a
// variable that is empty for one that is set, so it gets those only that the Secret has a value for.
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/config/environment_names.rs
func systemEnv(g *graph.Graph) []corev1.EnvVar {
	var out []corev1.EnvVar
	if g.Etcd != nil {
		out = append(out, etcdEnv(g.Etcd)...)
	}
	if g.NATS != nil {
		out = append(out, natsEnv(g.NATS)...)
	}
	if len(out) == 0 {
		return nil
	}
	// What the runtime takes unless told otherwise differs between its versions.
	request, event := v1alpha1.RequestPlaneTCP, v1alpha1.EventPlaneZMQ
	if g.RequestPlane != "" {
		request = g.RequestPlane
	}
	if g.EventPlane != "" {
		event = g.EventPlane
	}
	return append(out, variable("DYN_REQUEST_PLANE", string(request)), variable("DYN_EVENT_PLANE", string(event)))
}

// etcdEnv are the variables of the etcd client. It takes certificates themselves, not their paths, and takes them only
// where there is no user:
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/transports/etcd.rs
func etcdEnv(b *graph.Backing) []corev1.EnvVar {
	out := []corev1.EnvVar{secretVar("ETCD_ENDPOINTS", b.Access, access.KeyEndpoints)}
	if b.Isolate || b.Auth == graph.AuthBasic {
		out = append(
			out,
			secretVar("ETCD_AUTH_USERNAME", b.Access, xpv2.CredentialsSecretUserKey),
			secretVar("ETCD_AUTH_PASSWORD", b.Access, xpv2.CredentialsSecretPasswordKey),
		)
	}
	if b.CA {
		out = append(out, secretVar("ETCD_AUTH_CA", b.Access, xpv2.CredentialsSecretCAKey))
	}
	if b.ClientCert {
		out = append(
			out,
			secretVar("ETCD_AUTH_CLIENT_CERT", b.Access, xpv2.CredentialsSecretClientCertKey),
			secretVar("ETCD_AUTH_CLIENT_KEY", b.Access, xpv2.CredentialsSecretClientKeyKey),
		)
	}
	return out
}

// natsEnv are the variables of the NATS client. It refuses certificates with an address that is not tls://, and a client
// certificate without one to verify servers by.
func natsEnv(b *graph.Backing) []corev1.EnvVar {
	out := []corev1.EnvVar{secretVar("NATS_SERVER", b.Access, access.KeyEndpoints)}
	switch natsAuth(b) {
	case graph.AuthBasic:
		out = append(
			out,
			secretVar("NATS_AUTH_USERNAME", b.Access, xpv2.CredentialsSecretUserKey),
			secretVar("NATS_AUTH_PASSWORD", b.Access, xpv2.CredentialsSecretPasswordKey),
		)
	case graph.AuthToken:
		out = append(out, secretVar("NATS_AUTH_TOKEN", b.Access, xpv2.CredentialsSecretTokenKey))
	case graph.AuthNKey:
		out = append(out, secretVar("NATS_AUTH_NKEY", b.Access, access.KeyNKey))
	case graph.AuthCreds:
		out = append(out, variable("NATS_AUTH_CREDENTIALS_FILE", natsPath+"/"+access.KeyCreds))
	case graph.AuthNone:
	}
	for _, f := range natsTLS(b) {
		out = append(out, variable(f.variable, natsPath+"/"+f.key))
	}
	return out
}

func natsAuth(b *graph.Backing) graph.Auth {
	if b.Isolate {
		return graph.AuthCreds
	}
	return b.Auth
}

// A file of a Secret, and the variable that says where it is.
type file struct{ variable, key string }

func natsTLS(b *graph.Backing) []file {
	if !b.TLS || !b.CA {
		return nil
	}
	out := []file{{"NATS_TLS_CA_CERT_PATH", xpv2.CredentialsSecretCAKey}}
	if b.ClientCert {
		out = append(
			out,
			file{"NATS_TLS_CLIENT_CERT_PATH", xpv2.CredentialsSecretClientCertKey},
			file{"NATS_TLS_CLIENT_KEY_PATH", xpv2.CredentialsSecretClientKeyKey},
		)
	}
	return out
}

// natsFiles are the keys of the Secret that processes read as files.
func natsFiles(g *graph.Graph) []corev1.KeyToPath {
	if g.NATS == nil {
		return nil
	}
	var out []corev1.KeyToPath
	if natsAuth(g.NATS) == graph.AuthCreds {
		out = append(out, corev1.KeyToPath{Key: access.KeyCreds, Path: access.KeyCreds})
	}
	for _, f := range natsTLS(g.NATS) {
		out = append(out, corev1.KeyToPath{Key: f.key, Path: f.key})
	}
	return out
}

// systemVolumes are the files that processes sign in by. The kubelet renews them.
func systemVolumes(g *graph.Graph) []corev1.Volume {
	items := natsFiles(g)
	if len(items) == 0 {
		return nil
	}
	return []corev1.Volume{{Name: natsVolume, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: g.NATS.Access, Items: items},
	}}}
}

func systemMounts(g *graph.Graph) []corev1.VolumeMount {
	if len(natsFiles(g)) == 0 {
		return nil
	}
	return []corev1.VolumeMount{{Name: natsVolume, MountPath: natsPath, ReadOnly: true}}
}

func secretVar(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}
