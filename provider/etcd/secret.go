package etcd

import (
	"strings"

	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// Details of a connection to the cluster. Every key is always there, if with no
// value: keys are never taken out of a Secret again, so one that was left out
// would keep what it said before.
func Details(c *Config) managed.ConnectionDetails {
	d := managed.ConnectionDetails{
		xpv2.CredentialsSecretEndpointKey:   []byte(c.Endpoints[0]),
		access.KeyEndpoints:                 []byte(strings.Join(c.Endpoints, ",")),
		xpv2.CredentialsSecretCAKey:         c.TLS.CA,
		access.KeyServerName:                []byte(c.TLS.ServerName),
		xpv2.CredentialsSecretUserKey:       nil,
		xpv2.CredentialsSecretPasswordKey:   nil,
		xpv2.CredentialsSecretClientCertKey: nil,
		xpv2.CredentialsSecretClientKeyKey:  nil,
	}
	if c.Publish.Credentials {
		d[xpv2.CredentialsSecretUserKey] = []byte(c.Username)
		d[xpv2.CredentialsSecretPasswordKey] = []byte(c.Password)
	}
	if c.Publish.Certificate {
		d[xpv2.CredentialsSecretClientCertKey] = c.TLS.Cert
		d[xpv2.CredentialsSecretClientKeyKey] = c.TLS.Key
	}
	for k, v := range d {
		if v == nil {
			d[k] = []byte{}
		}
	}
	return d
}
