package controlplane

import (
	"errors"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const placementGroup = `
apiVersion: ec2.aws.m.upbound.io/v1beta1
kind: PlacementGroup
metadata: {name: fabric, namespace: default}
spec: {forProvider: {region: us-west-2, strategy: cluster}}
`

const launchTemplate = `
apiVersion: ec2.aws.m.upbound.io/v1beta1
kind: LaunchTemplate
metadata: {name: fabric, namespace: default}
spec:
  forProvider:
    region: us-west-2
    name: fabric
    instanceType: p5.48xlarge
    placement: {groupName: fabric}
    blockDeviceMappings: [{deviceName: /dev/xvda, ebs: {volumeSize: 500, volumeType: gp3}}]
    networkInterfaces:
    - {networkCardIndex: 0, deviceIndex: 0, interfaceType: efa, securityGroups: [sg-1]}
    - {networkCardIndex: 1, deviceIndex: 1, interfaceType: efa-only, securityGroups: [sg-1]}
`

const fabricGroup = `
apiVersion: eks.aws.m.upbound.io/v1beta1
kind: NodeGroup
metadata: {name: fabric, namespace: default}
spec:
  managementPolicies: [Observe, Create, Update, Delete]
  forProvider:
    region: us-west-2
    clusterName: inference
    nodeRoleArn: arn:aws:iam::123456789012:role/node
    subnetIds: [subnet-a]
    amiType: AL2023_x86_64_NVIDIA
    labels: {pool: fabric}
    launchTemplate: {name: fabric, version: "1"}
  initProvider:
    scalingConfig: {minSize: 0, maxSize: 3, desiredSize: 0}
`

// fabricStartsFromZero shows that a node group has the EFA interfaces that its launch template gives it, and that the
// autoscaler knows of them beforehand only if a tag of the node group says so.
func (r running) fabricStartsFromZero(t *testing.T) {
	p, lt, g := parse(t, placementGroup), parse(t, launchTemplate), parse(t, fabricGroup)
	r.apply(t, p)
	r.await(t, p, "Ready", "Synced")
	r.apply(t, lt)
	r.await(t, lt, "Ready", "Synced")

	now, err := r.Get(t.Context(), lt)
	if err != nil {
		t.Fatal(err)
	}

	if v, _, _ := unstructured.NestedFieldNoCopy(now.Object, "status", "atProvider", "latestVersion"); fmt.Sprint(v) != "1" {
		t.Errorf("launch template: want version 1, got %v", v)
	}

	r.apply(t, g)
	r.await(t, g, "Ready", "Synced", "AsyncOperation")

	pod := gpuPod("fabric-pod", "fabric", "8", true)
	pod.Spec.Containers[0].Resources.Limits["vpc.amazonaws.com/efa"] = resource.MustParse("2")
	r.create(t, pod)
	r.eventually(t, "the autoscaler does not know of EFA", func() error {
		return errors.Join(r.event(t, "fabric-pod", "NotTriggerScaleUp", "Insufficient vpc.amazonaws.com/efa"), r.has(t, "fabric", 0))
	})

	tags := map[string]string{"k8s.io/cluster-autoscaler/node-template/resources/vpc.amazonaws.com/efa": "2"}
	if err := unstructured.SetNestedStringMap(g.Object, tags, "spec", "forProvider", "tags"); err != nil {
		t.Fatal(err)
	}

	r.apply(t, g)
	r.eventually(t, "the pod runs once a tag says so", func() error { return r.runs(t, "fabric-pod") })

	n := r.nodes(t, "fabric")[0]
	if efa, pages := n.Status.Allocatable["vpc.amazonaws.com/efa"], n.Status.Allocatable["hugepages-2Mi"]; efa.String() != "2" || pages.IsZero() {
		t.Errorf("node %s: want 2 EFA devices and huge pages, got %s and %s", n.Name, efa.String(), pages.String())
	}

	r.remove(t, "fabric-pod")
	r.delete(t, g)
	r.delete(t, lt)
	r.delete(t, p)
}
