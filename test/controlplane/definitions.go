package controlplane

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// definitionsEnv names a directory of definitions to serve in place of our minimal ones of the same file name. Without it
// they are looked for in directories called crds, two below the one that the repository is in.
const definitionsEnv = "GRAPHPLANE_DEFINITIONS"

// minimal are definitions that are in no Go module.
//
//go:embed definitions/*/*.yaml
var minimal embed.FS

// A definitionSource is a module that holds definitions.
type definitionSource struct {
	tool  tool
	files []string
}

// cloudDefinitions are the modules of the cloud providers.
func cloudDefinitions() []definitionSource {
	return []definitionSource{
		{
			tool: tool{name: "provider-aws", dir: "provider-aws", module: "github.com/upbound/provider-aws/v2"},
			files: []string{
				"eks.aws.m.upbound.io_nodegroups.yaml", "ec2.aws.m.upbound.io_launchtemplates.yaml",
				"ec2.aws.m.upbound.io_placementgroups.yaml",
				"aws.m.upbound.io_providerconfigs.yaml", "aws.m.upbound.io_clusterproviderconfigs.yaml",
			},
		},
		{
			tool: tool{name: "provider-azure", dir: "provider-azure", module: "github.com/upbound/provider-azure/v2"},
			files: []string{
				"containerservice.azure.m.upbound.io_kubernetesclusternodepools.yaml",
				"azure.m.upbound.io_providerconfigs.yaml", "azure.m.upbound.io_clusterproviderconfigs.yaml",
			},
		},
	}
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

// minimalDefinitions are ours for clouds or for addons, but for those that there is a real one of.
func minimalDefinitions(root, of string) ([]*unstructured.Unstructured, error) {
	files, err := fs.Glob(minimal, path.Join("definitions", of, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("cannot list definitions: %w", err)
	}

	var out []*unstructured.Unstructured

	for _, f := range files {
		b, err := minimal.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("cannot read definition: %w", err)
		}

		if known := genuine(root, path.Base(f)); known != "" {
			if b, err = os.ReadFile(known); err != nil {
				return nil, fmt.Errorf("cannot read definition: %w", err)
			}
		}

		objs, err := ParseObjects(b)
		if err != nil {
			return nil, fmt.Errorf("cannot parse %s: %w", f, err)
		}

		out = append(out, objs...)
	}

	return out, nil
}

// genuine returns the file of a provider's own definition, empty if there is none.
func genuine(root, file string) string {
	pattern := filepath.Join(root, "..", "*", "crds", file)
	if dir := os.Getenv(definitionsEnv); dir != "" {
		pattern = filepath.Join(dir, file)
	}

	// The pattern is well formed.
	found, _ := filepath.Glob(pattern)
	if len(found) == 0 {
		return ""
	}

	return found[0]
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
