package controlplane

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a kubeconfig for the bearer of a token.
func writeKubeconfig(path, server, user, token string, ca []byte) error {
	const cluster = "graphplane"

	c := clientcmdapi.NewConfig()
	c.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	c.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	c.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user, Namespace: "default"}
	c.CurrentContext = cluster

	if err := clientcmd.WriteToFile(*c, path); err != nil {
		return fmt.Errorf("cannot write kubeconfig of %s: %w", user, err)
	}

	return nil
}

// loadConfig returns a client configuration that is not throttled by the
// client, so that a test measures the control plane and not itself.
func loadConfig(kubeconfig string) (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cannot load kubeconfig %s: %w", kubeconfig, err)
	}

	cfg.QPS = -1

	return cfg, nil
}
