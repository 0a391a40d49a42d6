package controlplane

import (
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// A Cluster is an API server with a controller manager, a scheduler and nodes.
type Cluster struct {
	// Dir holds the cluster's state.
	Dir string

	// Kubeconfig of the administrator.
	Kubeconfig string

	// prefix of the names of its processes, to tell those of two clusters apart.
	prefix string

	log   *progress
	tools *toolbox
	super *supervisor

	// etcd is shared by all clusters. Each has its own keys.
	etcd   string
	server string
	ca     []byte

	config  *rest.Config
	client  kubernetes.Interface
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// Config returns the administrator's client configuration.
func (cl *Cluster) Config() *rest.Config {
	return rest.CopyConfig(cl.config)
}
