// Package refused holds what users get wrong, where it is refused, and the message that is promised to them. The cases
// are data, so that the API server and the function of a real control plane answer to the same ones.
package refused

import (
	"cmp"
	"embed"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

//go:embed cases/*.yaml
var files embed.FS //nolint:gochecknoglobals // Embedding needs a variable.

// By is who refuses.
type By string

// Who refuses: the API server, which does not store the object, or the function, with a Fatal result and the condition
// Accepted=False, and nothing that runs changes.
const (
	APIServer By = "APIServer"
	Function  By = "Function"
)

// A Case is something that is refused.
type Case struct {
	Name string
	By   By

	// Field and Message are in what the user is told.
	Field   string
	Message string

	// Object that is refused: an InferenceGraph or an InferenceCluster.
	Object *unstructured.Unstructured

	// Before is what the object was before, and was accepted. Nil where the object is refused when it is created.
	Before *unstructured.Unstructured

	// Cluster is the InferenceCluster that the graph runs on. Nil for the built-in defaults, and for a cluster that is
	// missing.
	Cluster *unstructured.Unstructured

	// Exist are other objects that there must be, as provider configs. Namespaced ones are in the namespace of the graph.
	Exist []*unstructured.Unstructured
}

// written is a Case as it is written down: by what it changes of a valid graph, as JSON merge patches.
type written struct {
	By      By             `json:"refusedBy"`
	Field   string         `json:"field"`
	Message string         `json:"message"`
	Graph   map[string]any `json:"graph,omitempty"`
	Before  map[string]any `json:"before,omitempty"`
	Cluster map[string]any `json:"cluster,omitempty"`

	// Exist are whole objects.
	Exist []map[string]any `json:"exist,omitempty"`
}

// Cases returns every case, by name. Each object is called like its case unless its name is what is refused, and graphs
// are in a namespace.
func Cases(namespace string) ([]Case, error) {
	paths, err := fs.Glob(files, "cases/*.yaml")
	if err != nil {
		return nil, errors.Wrap(err, "cannot list cases")
	}
	out := large(namespace)
	for _, p := range paths {
		b, err := files.ReadFile(p)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot read %s", p)
		}
		in, err := parse(b)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot parse %s", p)
		}
		for name, w := range in {
			c, err := w.build(name, namespace)
			if err != nil {
				return nil, errors.Wrapf(err, "cannot build %s of %s", name, p)
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Case) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// parse a file strictly, with whole numbers as integers, as in objects that came from an API server.
func parse(b []byte) (map[string]written, error) {
	j, err := yaml.YAMLToJSONStrict(b)
	if err != nil {
		return nil, err
	}
	out := map[string]written{}
	strict, err := json.UnmarshalStrict(j, &out)
	return out, errors.Join(append(strict, err)...)
}

func (w written) build(name, namespace string) (Case, error) {
	c := Case{Name: name, By: w.By, Field: w.Field, Message: w.Message}
	if w.By != APIServer && w.By != Function {
		return c, errors.Errorf("refusedBy is %q, must be %s or %s", w.By, APIServer, Function)
	}
	if w.Message == "" {
		return c, errors.New("no message")
	}
	for _, o := range w.Exist {
		u := &unstructured.Unstructured{Object: o}
		if u.GetKind() != "ClusterProviderConfig" {
			u.SetNamespace(namespace)
		}
		c.Exist = append(c.Exist, u)
	}
	if w.Cluster != nil {
		c.Cluster = merge(cluster(name), w.Cluster)
	}
	if w.Graph == nil {
		c.Object, c.Cluster = c.Cluster, nil
		return c, nil
	}
	base := graph(name, namespace)
	if c.Cluster != nil {
		base = merge(base, map[string]any{"spec": map[string]any{"clusterRef": map[string]any{"name": name}}})
	}
	if w.Before != nil {
		c.Before = merge(base, w.Before)
	}
	c.Object = merge(base, w.Graph)
	return c, nil
}

// graph is a valid one.
func graph(name, namespace string) *unstructured.Unstructured {
	return object(v1alpha1.InferenceGraphKind, map[string]any{"name": name, "namespace": namespace}, map[string]any{
		"backend": "vllm",
		"model":   map[string]any{"name": "Qwen/Qwen3-0.6B"},
		"components": []any{
			map[string]any{"name": "frontend", "type": "frontend"},
			map[string]any{"name": "worker", "type": "worker", "gpus": int64(1)},
		},
	})
}

func cluster(name string) *unstructured.Unstructured {
	return object(v1alpha1.InferenceClusterKind, map[string]any{"name": name}, map[string]any{})
}

func object(kind string, metadata, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": kind, "metadata": metadata, "spec": spec,
	}}
}

// merge a JSON merge patch (RFC 7386) into a copy of an object.
func merge(base *unstructured.Unstructured, patch map[string]any) *unstructured.Unstructured {
	out := base.DeepCopy()
	mergeInto(out.Object, runtime.DeepCopyJSON(patch))
	return out
}

func mergeInto(target, patch map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(patch)) {
		m, isMap := patch[k].(map[string]any)
		old, wasMap := target[k].(map[string]any)
		switch {
		case patch[k] == nil:
			delete(target, k)
		case isMap && wasMap:
			mergeInto(old, m)
		default:
			target[k] = patch[k]
		}
	}
}

// large are cases that nobody would want to read.
func large(namespace string) []Case {
	one := graph("env-of-5-mib", namespace)
	one.Object["spec"].(map[string]any)["env"] = environment(50, 100<<10) //nolint:forcetypeassert // It is built above.
	many := graph("env-times-components", namespace)
	spec := many.Object["spec"].(map[string]any) //nolint:forcetypeassert // It is built above.
	spec["env"] = environment(200, 1<<10)
	components := make([]any, 25)
	for i := range components {
		components[i] = map[string]any{"name": "worker-" + string(rune('a'+i)), "type": "worker"}
	}
	spec["components"] = components
	return []Case{
		{Name: one.GetName(), By: APIServer, Message: "too large", Object: one},
		{Name: many.GetName(), By: Function, Message: "are larger than the 4194304 bytes that Crossplane takes: move large values, as of env, into a ConfigMap or a volume", Object: many},
	}
}

// environment of a number of variables, each of a size.
func environment(n, size int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = map[string]any{"name": "V" + strings.Repeat("I", i), "value": strings.Repeat("x", size)}
	}
	return out
}
