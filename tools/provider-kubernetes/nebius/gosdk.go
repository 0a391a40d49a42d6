// Package gosdk stands in for Nebius's SDK, which provider-kubernetes imports for one of its identity types and which not
// every module proxy serves. A control plane on loopback has no Nebius account, so credentials for one are refused.
package gosdk

import (
	"context"
	"errors"

	"github.com/nebius/gosdk/auth"
)

// An SDK is what provider-kubernetes gets tokens from.
type SDK struct{}

// An Option of New.
type Option struct{}

// Credentials of an account.
type Credentials struct{}

// WithCredentials names the credentials to use.
func WithCredentials(Credentials) Option { return Option{} }

// ServiceAccountReader returns the credentials of a service account.
func ServiceAccountReader(auth.PrivateKeyParser) Credentials { return Credentials{} }

// New always fails.
func New(context.Context, ...Option) (*SDK, error) {
	return nil, errors.New("this build of provider-kubernetes has no Nebius SDK: use another identity type")
}

// BearerToken always fails. There is no SDK to call it on, since New returns none.
func (*SDK) BearerToken(context.Context) (auth.BearerToken, error) {
	return auth.BearerToken{}, errors.New("this build of provider-kubernetes has no Nebius SDK: use another identity type")
}
