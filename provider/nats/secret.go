package nats

import (
	"strings"

	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// Details of a connection to the system. Every key is always there, if with no
// value: keys are never taken out of a Secret again, so one that was left out
// would keep what it said before.
func Details(c *Config, a *Auth) managed.ConnectionDetails {
	if a == nil {
		a = &Auth{}
	}
	d := managed.ConnectionDetails{
		xpv2.CredentialsSecretEndpointKey:   []byte(c.Servers[0]),
		access.KeyEndpoints:                 []byte(strings.Join(c.Servers, ",")),
		xpv2.CredentialsSecretUserKey:       []byte(a.Username),
		xpv2.CredentialsSecretPasswordKey:   []byte(a.Password),
		xpv2.CredentialsSecretTokenKey:      []byte(a.Token),
		access.KeyNKey:                      []byte(a.NKey),
		access.KeyCreds:                     []byte(a.Creds),
		access.KeyJWT:                       {},
		xpv2.CredentialsSecretCAKey:         {},
		access.KeyServerName:                {},
		xpv2.CredentialsSecretClientCertKey: {},
		xpv2.CredentialsSecretClientKeyKey:  {},
	}
	if c.TLS == nil {
		return d
	}
	d[xpv2.CredentialsSecretCAKey] = append([]byte{}, c.TLS.CA...)
	d[access.KeyServerName] = []byte(c.TLS.ServerName)
	if c.Publish.Certificate {
		d[xpv2.CredentialsSecretClientCertKey] = append([]byte{}, c.TLS.Cert...)
		d[xpv2.CredentialsSecretClientKeyKey] = append([]byte{}, c.TLS.Key...)
	}
	return d
}

// endpointDetails hold our own credentials only where the config publishes them.
func endpointDetails(c *Config) managed.ConnectionDetails {
	if c.Publish.Credentials {
		return Details(c, c.Auth)
	}
	return Details(c, nil)
}
