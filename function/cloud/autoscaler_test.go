package cloud

import "testing"

// status is as a cluster autoscaler of version 1.33 writes it, of all clouds at once.
const status = `
time: 2026-09-01 12:00:00.000000 +0000 UTC
autoscalerStatus: Running
clusterWide:
  health: {status: Healthy}
nodeGroups:
- name: eks-gpu-8ac1
  health: {status: Healthy, cloudProviderTarget: 0, minSize: 0, maxSize: 4}
  scaleUp:
    status: Backoff
    backoffInfo:
      errorCode: placeholder-cannot-be-fulfilled
      errorMessage: AWS cannot provision any more instances for this node group
- name: eks-other-1
  scaleUp: {status: InProgress}
- name: https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instanceGroups/gke-c-gpu-aa-grp
  scaleUp: {status: Backoff, backoffInfo: {errorCode: QUOTA_EXCEEDED, errorMessage: "Quota 'GPUS_ALL_REGIONS' exceeded"}}
- name: https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-b/instanceGroups/gke-c-gpu-bb-grp
  scaleUp: {status: NoActivity}
- name: aks-gpuab12-12345678-vmss
  scaleUp: {status: Backoff, backoffInfo: {errorCode: provisioning-state-failed, errorMessage: Azure failed to provision a node for this node group}}
`

func TestScaleUpOf(t *testing.T) {
	const url = "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instanceGroupManagers/"
	cases := map[string]struct {
		reason   string
		provider Provider
		id       string
		groups   []string
		document string
		want     ScaleUp
		failure  Failure
	}{
		"EKS":         {"Amazon's autoscaler does not say why", EKS, "gpu", []string{"eks-gpu-8ac1"}, status, ScaleUp{Failed: "The autoscaler gets no nodes: placeholder-cannot-be-fulfilled: AWS cannot provision any more instances for this node group"}, FailureCapacity},
		"InProgress":  {"A group that is on its way has not failed", EKS, "other", []string{"eks-other-1"}, status, ScaleUp{Asked: true}, FailureNone},
		"NotCreated":  {"A pool without groups has not failed", EKS, "gpu", nil, status, ScaleUp{}, FailureNone},
		"GKE":         {"A group has one name in two collections", GKE, "gpu", []string{url + "gke-c-gpu-aa-grp"}, status, ScaleUp{Failed: "The autoscaler gets no nodes: QUOTA_EXCEEDED: Quota 'GPUS_ALL_REGIONS' exceeded"}, FailureQuota},
		"OtherZone":   {"While one zone may have machines the pool may", GKE, "gpu", []string{url + "gke-c-gpu-aa-grp", url + "gke-c-gpu-bb-grp"}, status, ScaleUp{}, FailureNone},
		"AKS":         {"A scale set is known by the name of its pool", AKS, "gpuab12", nil, status, ScaleUp{Failed: "The autoscaler gets no nodes: provisioning-state-failed: Azure failed to provision a node for this node group"}, FailureCapacity},
		"AKSLonger":   {"And not by a part of it", AKS, "gpuab1", nil, status, ScaleUp{}, FailureNone},
		"NoDocument":  {"Without an autoscaler nothing is known", AKS, "gpuab12", nil, "", ScaleUp{}, FailureNone},
		"OldDocument": {"Nor of one before 1.30", AKS, "gpuab12", nil, "Cluster-autoscaler status at 2021-05-08:\nCluster-wide:\n  Health:      Healthy (ready=3)\n    x", ScaleUp{}, FailureNone},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ScaleUpOf(tc.provider, tc.id, tc.groups, ScaleUps(tc.document))
			if got != tc.want {
				t.Errorf("%s\nwant %+v, got %+v", tc.reason, tc.want, got)
			}
			if f, _ := Classify(tc.provider, got.Failed); f != tc.failure {
				t.Errorf("%s\nwant %q, got %q", tc.reason, tc.failure, f)
			}
		})
	}
}
