module github.com/graphplane/graphplane/tools/provider-azure

go 1.26.0

// Nothing is built of it: the development control plane serves the definitions below its package/crds.
require github.com/upbound/provider-azure/v2 v2.6.0 // indirect
