package nats

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
)

// An Identity is a user's key and what an account has signed for it.
type Identity struct {
	// Public key and Seed of the user.
	Public, Seed string
	// JWT that the account has signed.
	JWT string
	// Claims in the JWT.
	Claims *jwt.UserClaims
}

// NewSeed of a user that did not exist before.
func NewSeed() (string, error) {
	kp, err := nkeys.CreateUser()
	if err != nil {
		return "", errors.New("cannot create a user key")
	}
	defer kp.Wipe()
	s, err := kp.Seed()
	if err != nil {
		return "", errors.New("cannot create a user key")
	}
	return string(s), nil
}

// Mint a JWT for the user of a seed, valid from now on.
func Mint(c *Config, seed, name string, p v1alpha1.UserParameters, now time.Time) (*Identity, error) {
	public, err := publicOf(seed, nkeys.PrefixByteUser)
	if err != nil {
		return nil, errors.New("cannot use the user key")
	}
	kp, err := nkeys.FromSeed([]byte(c.SigningSeed))
	if err != nil {
		return nil, errors.New("cannot use the signing key")
	}
	defer kp.Wipe()
	claims := Claims(c, public, name, p)
	claims.Expires = now.Add(p.ValidFor.Value()).Unix()
	token, err := claims.Encode(kp)
	if err != nil {
		return nil, errors.New("cannot sign the user")
	}
	return &Identity{Public: public, Seed: seed, JWT: token, Claims: claims}, nil
}

// Claims that a user's spec asks for.
func Claims(c *Config, public, name string, p v1alpha1.UserParameters) *jwt.UserClaims {
	u := jwt.NewUserClaims(public)
	u.Name = name
	if signer, err := publicOf(c.SigningSeed, nkeys.PrefixByteAccount); err == nil && signer != c.Account {
		u.IssuerAccount = c.Account
	}
	u.Pub, u.Sub = subjects(p.Permissions.Publish), subjects(p.Permissions.Subscribe)
	if r := p.Permissions.AllowResponses; r != nil {
		u.Resp = &jwt.ResponsePermission{MaxMsgs: max(1, int(r.MaxMessages)), Expires: r.Expires.Value()}
	}
	if l := p.Limits; l != nil {
		set(&u.Subs, l.Subscriptions)
		set(&u.Limits.Payload, l.Payload)
		set(&u.Data, l.Data)
		u.Src = append(u.Src, l.SourceNetworks...)
		u.AllowedConnectionTypes = append(u.AllowedConnectionTypes, l.ConnectionTypes...)
	}
	return u
}

// subjects as NATS takes them. To NATS an empty list allows everything; to us it
// allows nothing.
func subjects(s v1alpha1.Subjects) jwt.Permission {
	out := jwt.Permission{}
	out.Allow.Add(s.Allow...)
	out.Deny.Add(s.Deny...)
	if len(s.Allow) == 0 {
		out.Deny = jwt.StringList{">"}
	}
	return out
}

// Read an identity from what a Secret holds; nil if that is not one.
func Read(seed, token string) *Identity {
	public, err := publicOf(seed, nkeys.PrefixByteUser)
	if err != nil {
		return nil
	}
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil || claims.Subject != public {
		return nil
	}
	return &Identity{Public: public, Seed: seed, JWT: token, Claims: claims}
}

// Stale tells why an identity has to be minted again; empty if it does not.
func Stale(i *Identity, c *Config, name string, p v1alpha1.UserParameters, now time.Time) string {
	signer, err := publicOf(c.SigningSeed, nkeys.PrefixByteAccount)
	if err != nil || i.Claims.Issuer != signer {
		return "it was signed with another key"
	}
	want := Claims(c, i.Public, name, p)
	if i.Claims.IssuerAccount != want.IssuerAccount || i.Claims.Name != want.Name || !same(i.Claims.User, want.User) {
		return "its rights have changed"
	}
	end := time.Unix(i.Claims.Expires, 0)
	if end.Sub(now) <= renewBefore(p) {
		return "it expires soon"
	}
	if end.Sub(now) > p.ValidFor.Value()+time.Minute {
		return "it is valid for too long"
	}
	return ""
}

func renewBefore(p v1alpha1.UserParameters) time.Duration {
	if p.RenewBefore != nil {
		return p.RenewBefore.Value()
	}
	return p.ValidFor.Value() / 3
}

// same rights, however the library has filled them in.
func same(a, b jwt.User) bool {
	a.Type, a.Version, b.Type, b.Version = "", 0, "", 0
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// Creds file of the identity.
func (i *Identity) Creds() (string, error) {
	b, err := jwt.FormatUserConfig(i.JWT, []byte(i.Seed))
	if err != nil {
		return "", errors.New("cannot write the credentials file")
	}
	return string(b), nil
}
