package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane"
)

// clusterKind is the kind of the clusters that graphs run on.
const clusterKind = "InferenceCluster"

// clusters are those that graphs run on: local, and those that they name, which the files of examples define.
func clusters(root string, objs []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(root, "examples", "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("cannot list examples: %w", err)
	}

	defined := map[string]*unstructured.Unstructured{}

	for _, f := range files {
		all, err := controlplane.ReadObjects(f)
		if err != nil {
			return nil, err
		}

		for _, o := range all {
			if o.GetKind() == clusterKind {
				defined[o.GetName()] = o
			}
		}
	}

	names := []string{"local"}

	for _, o := range objs {
		if n, _, _ := unstructured.NestedString(o.Object, "spec", "clusterRef", "name"); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}

	out := make([]*unstructured.Unstructured, 0, len(names))

	for _, n := range names {
		c, ok := defined[n]
		if !ok {
			return nil, fmt.Errorf("the graph runs on InferenceCluster %q, which no file of examples defines: "+
				"add it to examples/cluster.yaml, or change spec.clusterRef", n)
		}

		out = append(out, c)
	}

	return out, nil
}

// need is what a control plane has to consist of for graphs and the clusters that they run on. A cluster that is reached by
// a provider config is the control plane's other one.
func need(objs, clusters []*unstructured.Unstructured) (controlplane.Options, error) {
	o := controlplane.Options{Systems: needSystems(objs)}

	for _, c := range clusters {
		_, cloud, _ := unstructured.NestedMap(c.Object, "spec", "cloud")
		o.Clouds = o.Clouds || cloud

		orchestrators, _, _ := unstructured.NestedStringSlice(c.Object, "spec", "capabilities", "orchestrators")
		o.LeaderWorkerSet = o.LeaderWorkerSet || slices.Contains(orchestrators, "LeaderWorkerSet")

		if source, _, _ := unstructured.NestedString(c.Object, "spec", "access", "source"); source != "Remote" {
			continue
		}

		o.Remote, o.RemoteNodes = true, controlplane.DefaultNodes()

		if err := unstructured.SetNestedField(c.Object, controlplane.RemoteConfig, "spec", "access", "providerConfigRef", "name"); err != nil {
			return o, fmt.Errorf("cannot point InferenceCluster %q at the other cluster: %w", c.GetName(), err)
		}
	}

	return o, nil
}
