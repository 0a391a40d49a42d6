package natstest

import (
	"fmt"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Keys of a system with an operator, a system account and an account for
// applications, which has a signing key.
type Keys struct {
	// App and System are the accounts.
	App, System Account

	operator string
}

// An Account by JWT.
type Account struct {
	// Public key of the account.
	Public string
	// Seed of the account itself, and of its signing key.
	Seed, SigningSeed string

	jwt string
}

func newKeys(t testing.TB, o Options) *Keys {
	t.Helper()
	op, err := nkeys.CreateOperator()
	fatal(t, err)
	k := &Keys{App: account(t, op, AppAccount, o), System: account(t, op, "SYS", Options{NoJetStream: true})}
	oc := jwt.NewOperatorClaims(public(t, op))
	oc.SystemAccount = k.System.Public
	k.operator, err = oc.Encode(op)
	fatal(t, err)
	return k
}

func account(t testing.TB, op nkeys.KeyPair, name string, o Options) Account {
	t.Helper()
	a, err := nkeys.CreateAccount()
	fatal(t, err)
	sk, err := nkeys.CreateAccount()
	fatal(t, err)
	c := jwt.NewAccountClaims(public(t, a))
	c.Name = name
	c.SigningKeys.Add(public(t, sk))
	if !o.NoJetStream {
		c.Limits.MemoryStorage, c.Limits.DiskStorage, c.Limits.Streams, c.Limits.Consumer = -1, -1, -1, -1
		if o.MaxStreams > 0 {
			c.Limits.Streams = int64(o.MaxStreams)
		}
	}
	out := Account{Public: public(t, a), Seed: seed(t, a), SigningSeed: seed(t, sk)}
	out.jwt, err = c.Encode(op)
	fatal(t, err)
	return out
}

func (k *Keys) config() string {
	return fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: { %s: %s, %s: %s }\n",
		k.operator, k.System.Public, k.App.Public, k.App.jwt, k.System.Public, k.System.jwt)
}

// Creds of a new user of an account that may do everything.
func (k *Keys) Creds(t testing.TB, a Account) string {
	t.Helper()
	u, err := nkeys.CreateUser()
	fatal(t, err)
	kp, err := nkeys.FromSeed([]byte(a.Seed))
	fatal(t, err)
	token, err := jwt.NewUserClaims(public(t, u)).Encode(kp)
	fatal(t, err)
	b, err := jwt.FormatUserConfig(token, []byte(seed(t, u)))
	fatal(t, err)
	return string(b)
}

// User option of a new user of an account that may do everything.
func (k *Keys) User(t testing.TB, a Account) nats.Option {
	t.Helper()
	return nats.UserCredentialBytes([]byte(k.Creds(t, a)))
}

func public(t testing.TB, k nkeys.KeyPair) string {
	t.Helper()
	p, err := k.PublicKey()
	fatal(t, err)
	return p
}

func seed(t testing.TB, k nkeys.KeyPair) string {
	t.Helper()
	s, err := k.Seed()
	fatal(t, err)
	return string(s)
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("cannot make keys: %v", err)
	}
}
