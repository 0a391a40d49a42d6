package controlplane

import (
	"fmt"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// natsKeys are an operator, its system account and an account for graphs, which
// has a signing key.
type natsKeys struct {
	operator    nkeys.KeyPair
	app, system natsAccount

	// jwt of the operator.
	jwt string
}

// A natsAccount is an account and the key that signs its users.
type natsAccount struct {
	public  string
	signing nkeys.KeyPair
	jwt     string
}

func newNATSKeys() (*natsKeys, error) {
	op, err := nkeys.CreateOperator()
	if err != nil {
		return nil, fmt.Errorf("cannot make operator key: %w", err)
	}

	k := &natsKeys{operator: op}

	unlimited := jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
	}
	if k.app, err = k.account("graphs", unlimited); err != nil {
		return nil, err
	}

	// The system account may not have JetStream.
	if k.system, err = k.account("system", jwt.JetStreamLimits{}); err != nil {
		return nil, err
	}

	public, err := op.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("cannot read operator key: %w", err)
	}

	claims := jwt.NewOperatorClaims(public)
	claims.SystemAccount = k.system.public

	if k.jwt, err = claims.Encode(op); err != nil {
		return nil, fmt.Errorf("cannot sign operator: %w", err)
	}

	return k, nil
}

func (k *natsKeys) account(name string, limits jwt.JetStreamLimits) (natsAccount, error) {
	identity, public, err := accountKey()
	if err != nil {
		return natsAccount{}, err
	}

	signing, signer, err := accountKey()
	if err != nil {
		return natsAccount{}, err
	}

	// What it proves is in the JWT.
	identity.Wipe()

	claims := jwt.NewAccountClaims(public)
	claims.Name = name
	claims.SigningKeys.Add(signer)
	claims.Limits.JetStreamLimits = limits

	token, err := claims.Encode(k.operator)
	if err != nil {
		return natsAccount{}, fmt.Errorf("cannot sign account %s: %w", name, err)
	}

	return natsAccount{public: public, signing: signing, jwt: token}, nil
}

func accountKey() (key nkeys.KeyPair, public string, err error) {
	if key, err = nkeys.CreateAccount(); err != nil {
		return nil, "", fmt.Errorf("cannot make account key: %w", err)
	}

	if public, err = key.PublicKey(); err != nil {
		return nil, "", fmt.Errorf("cannot read account key: %w", err)
	}

	return key, public, nil
}

// creds returns the credentials file of a new user that may do everything in the
// account.
func (a natsAccount) creds(name string) ([]byte, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return nil, fmt.Errorf("cannot make user key: %w", err)
	}

	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("cannot read user key: %w", err)
	}

	claims := jwt.NewUserClaims(public)
	claims.Name = name
	claims.IssuerAccount = a.public

	token, err := claims.Encode(a.signing)
	if err != nil {
		return nil, fmt.Errorf("cannot sign user %s: %w", name, err)
	}

	seed, err := key.Seed()
	if err != nil {
		return nil, fmt.Errorf("cannot read user key: %w", err)
	}

	out, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		return nil, fmt.Errorf("cannot write credentials of %s: %w", name, err)
	}

	return out, nil
}
