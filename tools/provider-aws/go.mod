module github.com/graphplane/graphplane/tools/provider-aws

go 1.26.0

// Nothing is built of it: the development control plane serves the definitions below its package/crds.
require github.com/upbound/provider-aws/v2 v2.5.0 // indirect
