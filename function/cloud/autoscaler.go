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

// A ScaleUp is what becomes of nodes that an autoscaler has asked a cloud for.
type ScaleUp struct {
	// Failed is why it gets none and leaves their group alone for a while, empty when it does not.
	Failed string

	// Asked says that it waits for nodes that it has asked for.
	Asked bool
}

// ScaleUps are those of an autoscaler, by its groups of nodes. The document is its status, since version 1.30 YAML; of one
// that cannot be read nothing is known.
// https://github.com/kubernetes/autoscaler/blob/d610672804edab46a4931a26a9d11435cd698787/cluster-autoscaler/clusterstate/api/types.go
func ScaleUps(document string) map[string]ScaleUp {
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
	out := map[string]ScaleUp{}
	for _, g := range status.NodeGroups {
		up := ScaleUp{Asked: g.ScaleUp.Status == "InProgress"}
		if g.ScaleUp.Status == "Backoff" {
			up.Failed = "The autoscaler gets no nodes: " + g.ScaleUp.BackoffInfo.ErrorCode + ": " + g.ScaleUp.BackoffInfo.ErrorMessage
		}
		out[lastSegment(g.Name)] = up
	}
	return out
}

// ScaleUpOf a pool by those of its groups. It has not failed while there is a group that may still be asked. Groups are what
// the cloud tells of the pool: at EKS the names of Auto Scaling groups, at GKE the URLs of instance groups, one in each zone.
// AKS tells of none, and calls a scale set aks-POOL-NUMBER-vmss.
func ScaleUpOf(p Provider, id string, groups []string, ups map[string]ScaleUp) ScaleUp {
	if p == AKS {
		for name, up := range ups {
			if strings.HasPrefix(name, "aks-"+id+"-") {
				return up
			}
		}
		return ScaleUp{}
	}
	var out ScaleUp
	for i, g := range groups {
		up := ups[lastSegment(g)]
		if i == 0 || up.Failed == "" {
			out.Failed = up.Failed
		}
		out.Asked = out.Asked || up.Asked
	}
	return out
}

// lastSegment of a URL: the autoscaler names GKE's groups by URLs of another collection than GKE itself does.
func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
