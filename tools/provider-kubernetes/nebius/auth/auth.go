// Package auth holds the types by which provider-kubernetes and the SDK speak of credentials.
package auth

// A BearerToken authenticates a request.
type BearerToken struct {
	Token string
}

// A PrivateKeyParser reads the key of a service account.
type PrivateKeyParser struct{}

// NewPrivateKeyParser takes a key and whose it is.
func NewPrivateKeyParser(_ []byte, _, _ string) PrivateKeyParser { return PrivateKeyParser{} }
