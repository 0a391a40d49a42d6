package provider_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/graphplane/graphplane/test/apiserver"
)

// object of a kind such as etcd/Endpoint with a spec in YAML.
func object(t testing.TB, kind, namespace, name, spec string) *unstructured.Unstructured {
	t.Helper()
	group, kind, _ := strings.Cut(kind, "/")
	u := &unstructured.Unstructured{Object: map[string]any{}}
	s := map[string]any{}
	if err := yaml.Unmarshal([]byte(spec), &s); err != nil {
		t.Fatalf("cannot read %s: %v", spec, err)
	}
	u.Object["spec"] = s
	u.SetAPIVersion(group + ".graphplane.io/v1alpha1")
	u.SetKind(kind)
	u.SetName(name)
	if kind != "ClusterProviderConfig" {
		u.SetNamespace(namespace)
	}
	return u
}

// TestRefusedByAPIServer tries what the schema and its rules refuse, each with
// the message that the user reads.
func TestRefusedByAPIServer(t *testing.T) {
	if server == nil {
		t.Skip(apiserver.Missing)
	}
	c, err := client.New(server.Config, client.Options{Scheme: scheme(t)})
	must(t, err)
	cases := map[string]struct {
		reason string
		kind   string
		spec   string
		// edited spec; empty to create only.
		edited string
		want   string
	}{
		"EtcdScheme":              {"Another scheme is no etcd.", "etcd/ProviderConfig", `{endpoints: ["ftp://a:2379"]}`, "", "must start with http:// or https://"},
		"EtcdMixedSchemes":        {"Half of the members in plain text is a mistake.", "etcd/ProviderConfig", `{endpoints: ["http://a:2379", "https://b:2379"]}`, "", "must be all https:// or all http://"},
		"EtcdNoPort":              {"There is no default port.", "etcd/ProviderConfig", `{endpoints: ["http://a"]}`, "", "must be scheme://host:port"},
		"EtcdPath":                {"etcd has no paths.", "etcd/ProviderConfig", `{endpoints: ["http://a:2379/v3"]}`, "", "with nothing after the port"},
		"EtcdUserinfo":            {"A password in a URL would be in every status.", "etcd/ProviderConfig", `{endpoints: ["http://u:p@a:2379"]}`, "", "must not hold credentials"},
		"EtcdNoEndpoints":         {"A cluster has an address.", "etcd/ProviderConfig", `{endpoints: []}`, "", "should have at least 1 items"},
		"EtcdTLSWithoutHTTPS":     {"TLS settings that are not used mislead.", "etcd/ProviderConfig", `{endpoints: ["http://a:2379"], tls: {}}`, "", "tls needs https:// endpoints"},
		"EtcdForeignSecret":       {"A namespace reads its own Secrets.", "etcd/ProviderConfig", `{endpoints: ["http://a:2379"], credentials: {basic: {secretRef: {name: s, namespace: other}}}}`, "", "reads Secrets of its own namespace only"},
		"EtcdClusterNoNamespace":  {"A cluster-wide config has none.", "etcd/ClusterProviderConfig", `{endpoints: ["http://a:2379"], credentials: {basic: {secretRef: {name: s}}}}`, "", "set namespace in each of its secretRefs"},
		"EtcdInsecureAndCA":       {"One of the two is a mistake.", "etcd/ProviderConfig", `{endpoints: ["https://a:2379"], tls: {insecureSkipVerify: true, caSecretRef: {name: s, key: k}}}`, "", "insecureSkipVerify makes caSecretRef useless"},
		"EtcdCANoKey":             {"A CA is one key of a Secret.", "etcd/ProviderConfig", `{endpoints: ["https://a:2379"], tls: {caSecretRef: {name: s}}}`, "", "key: Required value"},
		"EtcdMinVersion":          {"A version is numbers.", "etcd/Endpoint", `{forProvider: {minVersion: latest}}`, "", "minVersion must be MAJOR.MINOR"},
		"EtcdExpectedMembers":     {"A cluster has members.", "etcd/Endpoint", `{forProvider: {expectedMembers: 0}}`, "", "should be greater than or equal to 1"},
		"EtcdConfigKind":          {"There are two kinds of config.", "etcd/Endpoint", `{providerConfigRef: {kind: Config, name: x}}`, "", "must be ProviderConfig or ClusterProviderConfig"},
		"EtcdPolicy":              {"Policies are a fixed set.", "etcd/Endpoint", `{managementPolicies: [Watch]}`, "", "Unsupported value"},
		"RoleNoPermissions":       {"A role without rights is a mistake.", "etcd/Role", `{forProvider: {permissions: []}}`, "", "should have at least 1 items"},
		"RoleEmptyPrefix":         {"An empty prefix is every key.", "etcd/Role", `{forProvider: {permissions: [{type: Read, prefix: ""}]}}`, "", "should be at least 1 chars long"},
		"RoleKeyAndPrefix":        {"A permission has one meaning.", "etcd/Role", `{forProvider: {permissions: [{type: Read, key: a, prefix: a}]}}`, "", "set exactly one of key, prefix and range"},
		"RoleNoKey":               {"A permission is on something.", "etcd/Role", `{forProvider: {permissions: [{type: Read}]}}`, "", "set exactly one of key, prefix and range"},
		"RoleRange":               {"A range runs forward.", "etcd/Role", `{forProvider: {permissions: [{type: Read, range: {from: b, to: a}}]}}`, "", "range.from must sort before range.to"},
		"RoleType":                {"Types are a fixed set.", "etcd/Role", `{forProvider: {permissions: [{type: Admin, key: a}]}}`, "", "Unsupported value"},
		"RoleSecret":              {"A field that does nothing is refused.", "etcd/Role", `{writeConnectionSecretToRef: {name: s}, forProvider: {permissions: [{type: Read, key: a}]}}`, "", "a Role has no connection details"},
		"UserNoRoles":             {"A user without roles may do nothing.", "etcd/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {roles: []}}`, "", "should have at least 1 items"},
		"UserRoot":                {"root is not handed out.", "etcd/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {roles: [root]}}`, "", "the role root must not be granted"},
		"UserNoSecret":            {"A generated password needs a place.", "etcd/User", `{forProvider: {roles: [r]}}`, "", "a generated password needs a place"},
		"NATSScheme":              {"Another scheme is no NATS.", "nats/ProviderConfig", `{servers: ["http://a:4222"]}`, "", "must start with nats:// or tls://"},
		"NATSUserinfo":            {"A password in a URL would be in every status.", "nats/ProviderConfig", `{servers: ["nats://u:p@a:4222"]}`, "", "must not hold credentials"},
		"NATSNoPort":              {"There is no default port.", "nats/ProviderConfig", `{servers: ["nats://a"]}`, "", "must be scheme://host:port"},
		"NATSTwoCredentials":      {"One signs in one way.", "nats/ProviderConfig", `{servers: ["nats://a:4222"], credentials: {tokenSecretRef: {name: s, key: k}, nkeySecretRef: {name: s, key: k}}}`, "", "set exactly one of basic"},
		"NATSNoCredentials":       {"Empty credentials are a mistake.", "nats/ProviderConfig", `{servers: ["nats://a:4222"], credentials: {}}`, "", "set exactly one of basic"},
		"NATSForeignSigningKey":   {"A namespace reads its own Secrets.", "nats/ProviderConfig", `{servers: ["nats://a:4222"], signingKey: {secretRef: {name: s, namespace: other, key: k}}}`, "", "reads Secrets of its own namespace only"},
		"NATSClusterNoNamespace":  {"A cluster-wide config has none.", "nats/ClusterProviderConfig", `{servers: ["nats://a:4222"], credentials: {credsSecretRef: {name: s, key: k}}}`, "", "set namespace in each of its secretRefs"},
		"NATSAccount":             {"An account is a public key.", "nats/ProviderConfig", `{servers: ["nats://a:4222"], signingKey: {account: APP, secretRef: {name: s, key: k}}}`, "", "account must be the public key of an account"},
		"StreamNoSubjects":        {"A stream stores subjects.", "nats/Stream", `{forProvider: {subjects: []}}`, "", "should have at least 1 items"},
		"StreamSubject":           {"A subject is tokens.", "nats/Stream", `{forProvider: {subjects: ["a..b"]}}`, "", "tokens separated by single dots"},
		"StreamOwnSubject":        {"NATS's own subjects are not stored.", "nats/Stream", `{forProvider: {subjects: ["$JS.>"]}}`, "", "NATS's own subjects"},
		"StreamReplicas":          {"Six replicas do not exist.", "nats/Stream", `{forProvider: {subjects: [a], replicas: 6}}`, "", "should be less than or equal to 5"},
		"StreamMaxAge":            {"An age is a duration.", "nats/Stream", `{forProvider: {subjects: [a], maxAge: tomorrow}}`, "", "must be a duration such as 30s"},
		"StreamNegativeAge":       {"An age is not negative.", "nats/Stream", `{forProvider: {subjects: [a], maxAge: "-1h"}}`, "", "not negative"},
		"StreamEndlessAge":        {"What cannot be read must not reach the controller.", "nats/Stream", `{forProvider: {subjects: [a], maxAge: "99999999999h"}}`, "", "forProvider.maxAge"},
		"StreamMaxBytes":          {"Zero bytes is no stream.", "nats/Stream", `{forProvider: {subjects: [a], maxBytes: 0}}`, "", "maxBytes must be -1"},
		"StreamRollup":            {"The two exclude each other.", "nats/Stream", `{forProvider: {subjects: [a], denyPurge: true, allowRollup: true}}`, "", "allowRollup needs purges"},
		"StreamSecret":            {"A field that does nothing is refused.", "nats/Stream", `{writeConnectionSecretToRef: {name: s}, forProvider: {subjects: [a]}}`, "", "has no connection details"},
		"StreamStorageChange":     {"Messages cannot be moved.", "nats/Stream", `{forProvider: {subjects: [a], storage: File}}`, `{forProvider: {subjects: [a], storage: Memory}}`, "storage cannot be changed"},
		"StreamStorageSet":        {"Nor set later.", "nats/Stream", `{forProvider: {subjects: [a]}}`, `{forProvider: {subjects: [a], storage: Memory}}`, "storage cannot be set or unset later"},
		"StreamRetentionChange":   {"NATS refuses it.", "nats/Stream", `{forProvider: {subjects: [a], retention: Limits}}`, `{forProvider: {subjects: [a], retention: WorkQueue}}`, "retention cannot be changed"},
		"StreamDenyDelete":        {"It is a promise.", "nats/Stream", `{forProvider: {subjects: [a], denyDelete: true}}`, `{forProvider: {subjects: [a], denyDelete: false}}`, "denyDelete cannot be taken back"},
		"KeyValueStorageChange":   {"Values cannot be moved.", "nats/KeyValue", `{forProvider: {storage: File}}`, `{forProvider: {storage: Memory}}`, "storage cannot be changed"},
		"KeyValueHistory":         {"NATS keeps 64.", "nats/KeyValue", `{forProvider: {history: 65}}`, "", "should be less than or equal to 64"},
		"ObjectStoreTTL":          {"A TTL is a duration.", "nats/ObjectStore", `{forProvider: {ttl: 5}}`, "", "must be of type string"},
		"UserEmptyPermissions":    {"A user may do something.", "nats/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {permissions: {}}}`, "", "permissions are empty"},
		"UserValidFor":            {"A minute is the least.", "nats/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {validFor: 10s, permissions: {publish: {allow: [a]}}}}`, "", "validFor must be at least 1m"},
		"UserRenewBefore":         {"It would be renewed all the time.", "nats/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {validFor: 1h, renewBefore: 2h, permissions: {publish: {allow: [a]}}}}`, "", "renewBefore must be shorter than validFor"},
		"UserCIDR":                {"A network is a CIDR.", "nats/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {limits: {sourceNetworks: [here]}, permissions: {publish: {allow: [a]}}}}`, "", "must be in CIDR notation"},
		"UserConnectionType":      {"Types are a fixed set.", "nats/User", `{writeConnectionSecretToRef: {name: s}, forProvider: {limits: {connectionTypes: [SMTP]}, permissions: {publish: {allow: [a]}}}}`, "", "Unsupported value"},
		"UserWithoutSecretOfNATS": {"A minted user lives in a Secret.", "nats/User", `{forProvider: {permissions: {publish: {allow: [a]}}}}`, "", "a minted user lives in its connection Secret"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			u := object(t, tc.kind, "default", strings.ToLower(name), tc.spec)
			err := c.Create(t.Context(), u)
			if tc.edited != "" {
				must(t, err)
				defer func() { must(t, c.Delete(t.Context(), u)) }()
				u.Object["spec"] = object(t, tc.kind, "", "", tc.edited).Object["spec"]
				err = c.Update(t.Context(), u)
			}
			if err == nil {
				t.Fatalf("%s\nit is accepted", tc.reason)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s\nwant %q in: %v", tc.reason, tc.want, err)
			}
		})
	}
}
