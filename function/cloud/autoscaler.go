package cloud

import (
	"strings"

	"sigs.k8s.io/yaml"
)

// Where the cluster autoscaler writes what becomes of the groups of nodes that it scales: as a document in the key status
// of a ConfigMap, and this one unless it is told otherwise. GKE and AKS run it with these.
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#how-can-i-check-what-is-going-on-in-ca-
const (
	AutoscalerNamespace = "kube-system"
	AutoscalerConfigMap = "cluster-autoscaler-status"
	AutoscalerKey       = "status"
)

// Backoffs are the groups of nodes that an autoscaler got no nodes for and leaves alone for a while, and what it says why.
// The document is its status, since version 1.30 YAML; of one that cannot be read nothing is known.
// https://github.com/kubernetes/autoscaler/blob/d610672804edab46a4931a26a9d11435cd698787/cluster-autoscaler/clusterstate/api/types.go
func Backoffs(document string) map[string]string {
	status := struct {
		NodeGroups []struct {
			Name    string `json:"name"`
			ScaleUp struct {
				Status      string `json:"status"`
				BackoffInfo struct {
					ErrorCode    string `json:"errorCode"`
					ErrorMessage string `json:"errorMessage"`
				} `json:"backoffInfo"`
			} `json:"scaleUp"`
		} `json:"nodeGroups"`
	}{}
	if err := yaml.Unmarshal([]byte(document), &status); err != nil {
		return nil
	}
	out := map[string]string{}
	for _, g := range status.NodeGroups {
		if g.ScaleUp.Status == "Backoff" {
			out[lastSegment(g.Name)] = "The autoscaler gets no nodes: " + g.ScaleUp.BackoffInfo.ErrorCode + ": " + g.ScaleUp.BackoffInfo.ErrorMessage
		}
	}
	return out
}

// BackedOff is why an autoscaler gets none of a pool's nodes, empty while there is a group of them that it may still ask.
// Groups are what the cloud tells of the pool: at EKS the names of Auto Scaling groups, at GKE the URLs of instance groups,
// one in each zone. AKS tells of none, and calls a scale set aks-POOL-NUMBER-vmss.
func BackedOff(p Provider, id string, groups []string, backoffs map[string]string) string {
	if p == AKS {
		for name, why := range backoffs {
			if strings.HasPrefix(name, "aks-"+id+"-") {
				return why
			}
		}
		return ""
	}
	first := ""
	for _, g := range groups {
		why, ok := backoffs[lastSegment(g)]
		if !ok {
			return ""
		}
		if first == "" {
			first = why
		}
	}
	return first
}

// lastSegment of a URL: the autoscaler names GKE's groups by URLs of another collection than GKE itself does.
func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
