package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/schema"
)

type validateCmd struct {
	Files     []string `arg:""                help:"Files of InferenceGraphs and InferenceClusters, - for the standard input."    name:"file"`
	Cluster   []string `help:"File of the InferenceCluster that graphs name in spec.clusterRef." placeholder:"FILE"`
	Namespace string   `default:"default"     help:"Namespace of graphs that name none."         short:"n"`
}

// Run prints every error of every object.
func (c *validateCmd) Run(ctx context.Context, s *streams) error {
	inv, err := take(s, c.Files, c.Cluster, c.Namespace)
	if err != nil {
		return err
	}
	n, err := inv.check(ctx, s)
	if err != nil {
		return err
	}
	if n > 0 {
		return errors.Errorf("refused for %s", count(n, "error"))
	}
	_, err = fmt.Fprintf(s.out, "%d valid\n", len(inv.graphs)+inv.subjects)
	return errors.Wrap(err, "cannot print")
}

// check every object as API server and function do, report what they are refused for, and return the number of errors.
func (i *inventory) check(ctx context.Context, s *streams) (int, error) {
	kinds, err := schema.New()
	if err != nil {
		return 0, err
	}
	i.admit(ctx, kinds)
	for n := range i.graphs {
		d := &i.graphs[n]
		d.refused = append(d.refused, others(d.refused, resolve(i, &d.object))...)
	}
	return i.report(s), nil
}

// resolve a graph as the function does, and return what it refuses.
func resolve(inv *inventory, o *unstructured.Unstructured) field.ErrorList {
	in := graph.Input{Name: o.GetName(), Namespace: o.GetNamespace()}
	if err := decode(o, &in.Spec); err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("spec"), nil, err.Error())}
	}
	name := in.Spec.ClusterRef.Name
	if c, ok := inv.cluster(name); ok {
		spec := v1alpha1.InferenceClusterSpec{}
		if err := decode(c, &spec); err != nil {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "clusterRef", "name"), name, err.Error())}
		}
		in.Cluster = graph.NewCluster(name, spec)
	} else if name != v1alpha1.LocalCluster {
		return field.ErrorList{field.Invalid(field.NewPath("spec", "clusterRef", "name"), name, "this InferenceCluster is in none of the files, and its policy is not known: give its file with --cluster")}
	}
	_, refusal := graph.Resolve(in)
	if refusal == nil {
		return nil
	}
	return refusal.Errors
}

func decode(o *unstructured.Unstructured, spec any) error {
	s, _ := o.Object["spec"].(map[string]any)
	return runtime.DefaultUnstructuredConverter.FromUnstructured(s, spec)
}

// others are the errors of the function at fields that the API server does not refuse anyway.
func others(server, function field.ErrorList) field.ErrorList {
	var out field.ErrorList
	for _, f := range function {
		covered := false
		for _, s := range server {
			covered = covered || below(f.Field, s.Field)
		}
		if !covered {
			out = append(out, f)
		}
	}
	return out
}

// below reports whether a field is another or in it. An error of the whole object has no field, and every field is in it.
func below(child, parent string) bool {
	rest, ok := strings.CutPrefix(child, parent)
	return !hasField(parent) || (ok && (rest == "" || rest[0] == '.' || rest[0] == '['))
}

func hasField(path string) bool {
	return path != "" && path != (*field.Path)(nil).String()
}
