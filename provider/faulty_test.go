package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/graphplane/graphplane/test/authority"
	"github.com/graphplane/graphplane/test/etcdtest"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestFaultyInput tries what only the controllers can find out, each with the
// message that the user reads in a condition.
func TestFaultyInput(t *testing.T) {
	t.Parallel()
	p := start(t, planeOptions{})
	etcd := etcdtest.Start(t, etcdtest.Options{Members: 1, RootPassword: "s3cr3t-root"})
	nats := natstest.Start(t, natstest.Options{Servers: 1})
	a := authority.New(t)
	one, two := a.Issue(t, authority.Options{}), a.Issue(t, authority.Options{})
	public, seed := userKey(t)
	account, err := nkeys.CreateAccount()
	must(t, err)
	signing, err := account.Seed()
	must(t, err)
	token, err := jwt.NewUserClaims(public).Encode(account)
	must(t, err)
	for name, data := range map[string]map[string]string{
		"half":     {"tls.crt": string(one.Cert)},
		"mixed":    {"tls.crt": string(one.Cert), "tls.key": string(two.Key)},
		"junk":     {"ca.crt": "no certificate", "tls.crt": "no", "tls.key": "no"},
		"wrong":    {"username": "root", "password": "not-it"},
		"root":     {"username": "root", "password": "s3cr3t-root"},
		"nameless": {"password": "s3cr3t"},
		"app":      {"username": natstest.AppUser, "password": natstest.Password(natstest.AppUser)},
		"nkey":     {"public": public, "seed": seed, "signing": string(signing)},
		"creds":    {"jwt-only": token, "headed": "-----BEGIN NATS USER JWT-----\n" + token + "\n------END NATS USER JWT------\n"},
		"empty":    {"other": "x"},
		"not-ours": {"anything": "x"},
	} {
		p.make(t, p.secret(name, data))
	}
	expand := strings.NewReplacer("$ETCD", etcd.URLs()[0], "$NATS", nats.URLs()[0])
	const (
		etcdRole   = `forProvider: {permissions: [{type: Read, prefix: x}]}`
		natsRights = `forProvider: {permissions: {publish: {allow: [a]}}}`
	)
	cases := map[string]struct {
		reason   string
		kind     string
		config   string
		resource string
		spec     string
		external string
		want     string
	}{
		"NoConfig":           {"A config has to exist.", "etcd", "", "Endpoint", ``, "", `ProviderConfig "noconfig" does not exist`},
		"NoSecret":           {"A Secret has to exist.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: nowhere}}}}`, "Endpoint", ``, "", `spec.credentials.basic.secretRef: Secret`},
		"NoUsername":         {"A Secret has to have its keys.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: nameless}}}}`, "Endpoint", ``, "", `no value under the key "username"`},
		"WrongPassword":      {"A wrong password is told.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: wrong}}}}`, "Endpoint", ``, "", "does not accept the user or the password"},
		"NoPassword":         {"A cluster with auth wants a user.", "etcd", `{endpoints: ["$ETCD"]}`, "Endpoint", ``, "", "it requires a user: set credentials.basic"},
		"HalfPair":           {"A certificate needs its key.", "etcd", `{endpoints: ["https://127.0.0.1:1"], tls: {certSecretRef: {name: half}}}`, "Endpoint", ``, "", "half a TLS pair"},
		"MixedPair":          {"And the key needs to be its own.", "etcd", `{endpoints: ["https://127.0.0.1:1"], tls: {certSecretRef: {name: mixed}}}`, "Endpoint", ``, "", "store a matching pair"},
		"JunkPair":           {"Both in PEM.", "etcd", `{endpoints: ["https://127.0.0.1:1"], tls: {certSecretRef: {name: junk}}}`, "Endpoint", ``, "", "store a matching pair"},
		"JunkCA":             {"So is a CA.", "etcd", `{endpoints: ["https://127.0.0.1:1"], tls: {caSecretRef: {name: junk, key: ca.crt}}}`, "Endpoint", ``, "", "holds no PEM certificate"},
		"NoTLSServed":        {"TLS to a plain-text server is told.", "etcd", `{endpoints: ["https://` + strings.TrimPrefix(etcd.URLs()[0], "http://") + `"]}`, "Endpoint", ``, "", "check that it serves TLS"},
		"NobodyThere":        {"A wrong port is told.", "etcd", `{endpoints: ["http://127.0.0.1:1"]}`, "Endpoint", ``, "", "nothing listens there"},
		"RequireTLS":         {"Plain text is refused where TLS is required.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "Endpoint", `forProvider: {requireTLS: true}`, "", "requireTLS is set but"},
		"TooOld":             {"An old version is told.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "Endpoint", `forProvider: {minVersion: "99.0"}`, "", "older than minVersion 99.0"},
		"MemberCount":        {"Too few members are told.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "Endpoint", `forProvider: {expectedMembers: 3}`, "", "expectedMembers is 3"},
		"OtherCluster":       {"Another cluster than the pinned one is told.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "Endpoint", ``, "abcdef", "it was restored or replaced"},
		"Policies":           {"Policies that make no sense are told.", "etcd", `{endpoints: ["$ETCD"]}`, "Endpoint", `managementPolicies: [Create]`, "", "managementPolicies"},
		"RootRole":           {"root is not managed.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "Role", etcdRole, "root", "root is etcd's own"},
		"RootUser":           {"Nor is its user.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "User", `{writeConnectionSecretToRef: {name: c1}, forProvider: {roles: [r]}}`, "root", "root is etcd's own"},
		"NoSuchRole":         {"A role that is missing is named.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "User", `{writeConnectionSecretToRef: {name: c2}, forProvider: {roles: [missing]}}`, "", `role "missing" does not exist`},
		"NoPasswordKey":      {"A password has to be in its Secret.", "etcd", `{endpoints: ["$ETCD"], credentials: {basic: {secretRef: {name: root}}}}`, "User", `forProvider: {roles: [r], passwordSecretRef: {name: empty, key: pw}}`, "", "spec.forProvider.passwordSecretRef"},
		"NKeyWithoutSeed":    {"A public key signs nothing.", "nats", `{servers: ["$NATS"], credentials: {nkeySecretRef: {name: nkey, key: public}}}`, "Endpoint", ``, "", "store the seed, which starts with SU, not the public key"},
		"SigningUserSeed":    {"A user's seed signs no user.", "nats", `{servers: ["$NATS"], signingKey: {secretRef: {name: nkey, key: seed}}}`, "Endpoint", ``, "", "store one that starts with SA"},
		"CredsWithoutSeed":   {"A credentials file has two parts.", "nats", `{servers: ["$NATS"], credentials: {credsSecretRef: {name: creds, key: headed}}}`, "Endpoint", ``, "", "has no user seed"},
		"CredsJunk":          {"And is such a file.", "nats", `{servers: ["$NATS"], credentials: {credsSecretRef: {name: junk, key: ca.crt}}}`, "Endpoint", ``, "", "does not hold a credentials file"},
		"NATSWrongPassword":  {"A wrong password is told.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: wrong}}}}`, "Endpoint", ``, "", "does not accept the credentials"},
		"NATSNobodyThere":    {"A wrong port is told.", "nats", `{servers: ["nats://127.0.0.1:1"]}`, "Endpoint", ``, "", "nothing listens there"},
		"NATSNoTLS":          {"TLS to a plain-text server is told.", "nats", `{servers: ["$NATS"], tls: {}, credentials: {basic: {secretRef: {name: app}}}}`, "Endpoint", ``, "", "it does not speak TLS"},
		"NATSRequireTLS":     {"Plain text is refused where TLS is required.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "Endpoint", `forProvider: {requireTLS: true}`, "", "requireTLS is set but"},
		"NATSNotTheSystem":   {"Credentials of another account see nothing.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}, systemCredentials: {basic: {secretRef: {name: app}}}}`, "Endpoint", ``, "", "check that systemCredentials belong to it"},
		"NoSigningKey":       {"Nobody mints without a key.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "User", `{writeConnectionSecretToRef: {name: c3}, ` + natsRights + `}`, "", "cannot be minted without the account's signing key"},
		"SigningKeyNotKnown": {"A key that the servers do not know makes a user that they refuse.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}, signingKey: {secretRef: {name: nkey, key: signing}}}`, "User", `{writeConnectionSecretToRef: {name: c4}, ` + natsRights + `}`, "", "The servers refuse the user"},
		"SecretNotOurs":      {"A Secret of someone else's is left alone.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}, signingKey: {secretRef: {name: nkey, key: signing}}}`, "User", `{writeConnectionSecretToRef: {name: not-ours}, ` + natsRights + `}`, "", `Secret "not-ours" exists and is not ours`},
		"ReplicasOverOne":    {"One server keeps one replica.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "Stream", `forProvider: {subjects: [ro.a], replicas: 3}`, "", "spec.forProvider.replicas"},
		"StreamName":         {"A name has no dots.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "Stream", `forProvider: {subjects: [sn.a]}`, "a.b", "cannot be the name of a stream"},
		"BucketName":         {"Nor does a bucket's.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "KeyValue", ``, "a b", "cannot be the name of a bucket"},
		"TooManyBytes":       {"There is no room for it.", "nats", `{servers: ["$NATS"], credentials: {basic: {secretRef: {name: app}}}}`, "ObjectStore", `forProvider: {maxBytes: 99000000000}`, "", "spec.forProvider.maxBytes"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			id := strings.ToLower(name)
			if tc.config != "" {
				p.make(t, object(t, tc.kind+"/ProviderConfig", p.namespace, id, expand.Replace(tc.config)))
			}
			u := object(t, tc.kind+"/"+tc.resource, p.namespace, id, tc.spec)
			must(t, unstructured.SetNestedStringMap(u.Object, map[string]string{"kind": "ProviderConfig", "name": id}, "spec", "providerConfigRef"))
			if tc.external != "" {
				u.SetAnnotations(map[string]string{"crossplane.io/external-name": tc.external})
			}
			p.make(t, u)
			until(t, p, client.Object(u), 20*time.Second, func(client.Object) string {
				if m := messages(u); !strings.Contains(m, tc.want) {
					return tc.reason + " want " + tc.want + " in: " + m
				}
				return ""
			})
		})
	}
}

// messages of the conditions that are not as they should be.
func messages(u *unstructured.Unstructured) string {
	out := []string{}
	cs, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range cs {
		if m, ok := c.(map[string]any); ok && m["status"] != "True" {
			s, _ := m["message"].(string)
			out = append(out, s)
		}
	}
	return strings.Join(out, " | ")
}
