package simulator

import (
	"strings"
	"testing"
)

const aksCluster = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c"

func eksAsked(changes params) params {
	return changes.over(params{
		"region": "us-west-2", "clusterName": "c", "nodeRoleArn": "arn", "subnetIds": []any{"subnet-a"},
		"amiType": "AL2023_x86_64_NVIDIA", "scalingConfig": map[string]any{"minSize": 0.0, "maxSize": 2.0, "desiredSize": 0.0},
	})
}

func eksTemplate(d params) params {
	return eksAsked(params{"launchTemplate": map[string]any{"id": "lt-1", "version": "1"}, "template": map[string]any(d)})
}

func gkeAsked(machineType string, node, changes params) params {
	return changes.over(params{
		"location": "us-central1-a", "cluster": "c", "autoscaling": map[string]any{"totalMinNodeCount": 0.0, "totalMaxNodeCount": 2.0},
		"nodeConfig": map[string]any(node.over(params{"machineType": machineType})),
	})
}

func aksAsked(changes params) params {
	return changes.over(params{
		"kubernetesClusterId": aksCluster, "vmSize": "Standard_ND96isr_H100_v5", "autoScalingEnabled": true, "minCount": 0.0, "maxCount": 2.0,
	})
}

// TestRefused shows what the clouds refuse of a pool. What is under "template" is the group's launch template.
func TestRefused(t *testing.T) {
	none := map[string]any{"consumeReservationType": "NO_RESERVATION"}
	efa := func(card, device float64, kind string) any {
		return map[string]any{"networkCardIndex": card, "deviceIndex": device, "interfaceType": kind}
	}

	cases := map[string]struct {
		api   poolAPI
		name  string
		asked params
		want  string
	}{
		"EKSFine":           {eks{}, "p", eksAsked(params{"instanceTypes": []any{"p5.48xlarge"}}), ""},
		"EKSNoScaling":      {eks{}, "p", eksAsked(params{"scalingConfig": map[string]any{"minSize": 3.0}}), "Minimum capacity 3 can't be greater than desired size 0"},
		"EKSMaxZero":        {eks{}, "p", eksAsked(params{"scalingConfig": map[string]any{"maxSize": 0.0}}), "to be at least (1)"},
		"EKSLongName":       {eks{}, strings.Repeat("x", 64), eksAsked(nil), "63 characters"},
		"EKSBlock":          {eks{}, "p", eksAsked(params{"capacityType": "CAPACITY_BLOCK"}), "requires a custom launch template"},
		"EKSNoTemplate":     {eks{}, "p", eksAsked(params{"launchTemplate": map[string]any{"id": "lt-9", "version": "1"}}), "lt-9 could not be found"},
		"EKSNoVersion":      {eks{}, "p", eksAsked(params{"launchTemplate": map[string]any{"id": "lt-1", "version": "7"}, "template": map[string]any{"instanceType": "p5.48xlarge"}}), "version 7 is not valid"},
		"EKSBothTypes":      {eks{}, "p", eksTemplate(params{"instanceType": "p5.48xlarge"}).over(params{"instanceTypes": []any{"p5.48xlarge"}}), "not in both"},
		"EKSSpotMarket":     {eks{}, "p", eksTemplate(params{"instanceType": "p5.48xlarge", "instanceMarketOptions": map[string]any{"marketType": "spot"}}), "Use the capacity type SPOT"},
		"EKSPlacement":      {eks{}, "p", eksTemplate(params{"instanceType": "p5.48xlarge", "placement": map[string]any{"groupName": "g"}}), "The Placement Group 'g' is unknown"},
		"EKSSubnet":         {eks{}, "p", eksTemplate(params{"instanceType": "p5.48xlarge", "networkInterfaces": []any{map[string]any{"subnetId": "s"}}}), "should not specify subnets"},
		"EKSCard":           {eks{}, "p", eksTemplate(params{"instanceType": "p5en.48xlarge", "networkInterfaces": []any{efa(0, 0, "efa"), efa(16, 1, "efa-only")}}), "which has 16 network cards"},
		"EKSPrimary":        {eks{}, "p", eksTemplate(params{"instanceType": "p5.48xlarge", "networkInterfaces": []any{efa(0, 0, "efa-only")}}), "can not be the primary"},
		"EKSNoEFA":          {eks{}, "p", eksTemplate(params{"instanceType": "g6e.xlarge", "networkInterfaces": []any{efa(0, 0, "efa")}}), "supports 0 EFA interfaces"},
		"GKEFine":           {gke{}, "p", gkeAsked("a3-megagpu-8g", nil, nil), ""},
		"GKELongName":       {gke{}, strings.Repeat("x", 41), gkeAsked("a3-megagpu-8g", nil, nil), "longer than 40"},
		"GKENodeCount":      {gke{}, "p", gkeAsked("a3-megagpu-8g", nil, params{"nodeCount": 1.0}), "node_count can not be set"},
		"GKECompactZones":   {gke{}, "p", gkeAsked("a3-megagpu-8g", nil, params{"nodeLocations": []any{"a", "b"}, "placementPolicy": map[string]any{"type": "COMPACT"}}), "single zone"},
		"GKESpotReserved":   {gke{}, "p", gkeAsked("a3-megagpu-8g", params{"spot": true, "reservationAffinity": map[string]any{"consumeReservationType": "ANY_RESERVATION"}}, nil), "can not consume reservations"},
		"GKESpecific":       {gke{}, "p", gkeAsked("a3-megagpu-8g", params{"reservationAffinity": map[string]any{"consumeReservationType": "SPECIFIC_RESERVATION"}}, nil), "exactly one value"},
		"GKEFlexRepair":     {gke{}, "p", gkeAsked("a3-megagpu-8g", params{"flexStart": true, "reservationAffinity": none}, nil), "auto-repair to be disabled"},
		"GKEFlexAffinity":   {gke{}, "p", gkeAsked("a3-megagpu-8g", params{"flexStart": true}, nil), "NO_RESERVATION"},
		"GKEProfile":        {gke{}, "p", gkeAsked("g2-standard-12", nil, params{"networkConfig": map[string]any{"acceleratorNetworkProfile": "auto"}}), "does not support an accelerator network profile"},
		"AKSFine":           {aks{}, "pool1", aksAsked(nil), ""},
		"AKSUpper":          {aks{}, "Pool", aksAsked(nil), "must start with a lowercase letter"},
		"AKSCluster":        {aks{}, "p", aksAsked(params{"kubernetesClusterId": "c"}), "parsing the ManagedCluster ID"},
		"AKSSize":           {aks{}, "p", aksAsked(params{"vmSize": "Standard_X1"}), "not allowed in your subscription"},
		"AKSEviction":       {aks{}, "p", aksAsked(params{"evictionPolicy": "Delete"}), "`eviction_policy` can only be set"},
		"AKSBoundsUnscaled": {aks{}, "p", aksAsked(params{"autoScalingEnabled": false}), "must be set to `null`"},
		"AKSMaxZero":        {aks{}, "p", aksAsked(params{"maxCount": 0.0}), "`max_count` must be configured"},
		"AKSMIG":            {aks{}, "p", aksAsked(params{"vmSize": "Standard_NV36ads_A10_v5", "gpuInstance": "MIG1g"}), "is not supported by VM size"},
		"AKSTaint":          {aks{}, "p", aksAsked(params{"nodeTaints": []any{"a=b"}}), "key=value:effect"},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(Options{})

			if d, ok := tc.asked["template"].(map[string]any); ok {
				data, err := parseLaunchTemplate(d)
				if err != nil {
					t.Fatal(err)
				}

				w.templates["lt-1"] = &launchTemplate{id: "lt-1", region: "us-west-2", defaultVersion: 1, data: []launchTemplateData{data}}
			}

			_, err := tc.api.plan(w, tc.name, tc.asked)

			switch {
			case tc.want == "" && err != nil:
				t.Errorf("want no error, got %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("want an error with %q, got %v", tc.want, err)
			}
		})
	}
}
