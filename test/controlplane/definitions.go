package controlplane

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A definitionSource is a module that holds definitions.
type definitionSource struct {
	tool  tool
	files []string
}

// kubernetesDefinitions is the module of provider-kubernetes.
func kubernetesDefinitions() definitionSource {
	return definitionSource{
		tool: providerKubernetesTool(),
		files: []string{
			"kubernetes.m.crossplane.io_objects.yaml",
			"kubernetes.m.crossplane.io_providerconfigs.yaml", "kubernetes.m.crossplane.io_clusterproviderconfigs.yaml",
			"kubernetes.m.crossplane.io_providerconfigusages.yaml",
		},
	}
}

// objects reads the definitions of a module.
func (s definitionSource) objects(ctx context.Context, tools *toolbox) ([]*unstructured.Unstructured, error) {
	dir, err := tools.source(ctx, s.tool)
	if err != nil {
		return nil, err
	}

	var out []*unstructured.Unstructured

	for _, f := range s.files {
		objs, err := ReadObjects(filepath.Join(dir, "package", "crds", f))
		if err != nil {
			return nil, err
		}

		out = append(out, objs...)
	}

	return out, nil
}

// define applies the definitions of a provider, waits until they are served, and lets Crossplane write the kinds that they
// define. For an installed provider its RBAC manager does the last.
func (cl *Cluster) define(ctx context.Context, provider string, objs []*unstructured.Unstructured) error {
	if err := cl.Apply(ctx, "", objs...); err != nil {
		return err
	}

	groups := map[string]bool{}

	for _, o := range objs {
		if err := cl.Wait(ctx, o, "Established"); err != nil {
			return err
		}

		group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
		groups[group] = true
	}

	_, err := cl.client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{
			Name:   "controlplane:" + provider,
			Labels: map[string]string{"rbac.crossplane.io/aggregate-to-crossplane": "true"},
		},
		Rules: []rbacv1.PolicyRule{{
			APIGroups: slices.Sorted(maps.Keys(groups)), Resources: []string{"*"}, Verbs: []string{"*"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cannot grant rights to the kinds of %s: %w", provider, err)
	}

	return nil
}
