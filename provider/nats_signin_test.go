package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/test/natstest"
)

// TestNATSSignIn tries the ways to sign in that other tests do not, and uses
// what is published.
func TestNATSSignIn(t *testing.T) {
	t.Parallel()
	public, seed := userKey(t)
	_, unknown := userKey(t)
	cases := map[string]struct {
		reason      string
		options     natstest.Options
		credentials string
		// key that the credential is published under, and how it is used.
		key  string
		want string
		use  func(data map[string][]byte) nats.Option
	}{
		"Token": {
			reason: "All users of a system without accounts have one token.", options: natstest.Options{Servers: 1, Token: "s3cr3t-t0ken"},
			credentials: `{tokenSecretRef: {name: signin, key: token}}`, key: "token", want: "s3cr3t-t0ken",
			use: func(data map[string][]byte) nats.Option { return nats.Token(string(data["token"])) },
		},
		"NKey": {
			reason: "A seed signs what the server asks, and is not sent.", options: natstest.Options{Servers: 1, NKey: public},
			credentials: `{nkeySecretRef: {name: signin, key: nkey}}`, key: "nkey", want: seed,
			use: func(data map[string][]byte) nats.Option {
				kp, err := nkeys.FromSeed(data["nkey"])
				must(t, err)
				return nats.Nkey(public, kp.Sign)
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, planeOptions{})
			s := natstest.Start(t, tc.options)
			p.make(t, p.secret("signin", map[string]string{"token": "s3cr3t-t0ken", "nkey": seed}),
				object(t, "nats/ProviderConfig", p.namespace, "default", `{servers: ["`+strings.Join(s.URLs(), `", "`)+`"], credentials: `+tc.credentials+`}`))
			e := natsEndpoint(p)
			p.make(t, e)
			until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=True/Available", "Healthy=Unknown/NoSystemAccount"))
			conn := &corev1.Secret{ObjectMeta: p.meta("nats-conn")}
			until(t, p, conn, 5*time.Second, func(conn *corev1.Secret) string {
				if string(conn.Data[tc.key]) != tc.want {
					return tc.reason + " It is not published under " + tc.key
				}
				return ""
			})
			c, err := s.Dial(t, tc.use(conn.Data))
			must(t, err)
			c.Close()

			rotate(t, p, "signin", map[string]string{"token": "wr0ng-t0ken", "nkey": unknown})
			until(t, p, e, 15*time.Second, is[*v1alpha1.Endpoint]("Ready=False/Unauthenticated", "Synced=True"))
		})
	}
}

// userKey is a new NKey of a user.
func userKey(t *testing.T) (public, seed string) {
	t.Helper()
	user, err := nkeys.CreateUser()
	must(t, err)
	public, err = user.PublicKey()
	must(t, err)
	b, err := user.Seed()
	must(t, err)
	return public, string(b)
}
