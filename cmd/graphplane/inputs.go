package main

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/render"
)

// inputs are what commands read that run the function.
type inputs struct {
	Files     []string `arg:""            help:"Files of InferenceGraphs and InferenceClusters, - for the standard input." name:"file"`
	Cluster   []string `help:"File of the InferenceCluster that graphs name in spec.clusterRef. It may hold Namespaces too, which own claims that outlive their graph, and provider configs and Endpoints of etcd and NATS systems." placeholder:"FILE"`
	Observed  []string `help:"File of the graph and the objects that exist of it, as kubectl or crossplane resource trace print them." placeholder:"FILE"`
	Namespace string   `default:"default" help:"Namespace of graphs that name none."                                       short:"n"`
}

// gettingObserved says how to get what --observed reads.
const gettingObserved = `

The file of --observed holds a graph and all that was composed of it:

  crossplane resource trace -n NAMESPACE -o json inferencegraph.graphplane.io/NAME > observed.json

or, without that command:

  kubectl get -n NAMESPACE -l crossplane.io/composite=NAME -o yaml --show-managed-fields "$(kubectl api-resources --namespaced --verbs=list -o name | paste -sd, -)" > observed.yaml

Either holds the graph's Secrets. A Namespace that no file holds has the UID ` + render.NamespaceUID + `.`

// read the files. What exists is nil where no file says so.
func (c *inputs) read(s *streams) (inv *inventory, observed []unstructured.Unstructured, err error) {
	if inv, err = take(s, c.Files, c.Cluster, c.Namespace); err != nil || len(c.Observed) == 0 {
		return inv, nil, err
	}
	docs, err := load(s, c.Observed...)
	return inv, objects(docs), err
}

// each subject is handed over with what it is rendered in. What the function refuses is printed for all of them, and then
// the error says what was not done.
func (i *inventory) each(s *streams, observed []unstructured.Unstructured, done string, do func(*document, render.Request) error) error {
	refused := false
	required := slices.Concat(objects(i.clusters), i.namespaces, i.systems)
	subjects := slices.Concat(i.clusters[:i.subjects], i.graphs)
	for n := range subjects {
		d := &subjects[n]
		err := do(d, render.Request{Composite: &d.object, Required: required, Observed: observed})
		if refusal := (&render.Refusal{}); errors.As(err, &refusal) {
			refused = true
			_, _ = fmt.Fprintf(s.err, "%s: %s\n", d, refusal.Message)
			continue
		}
		if err != nil {
			return errors.Wrap(err, d.String())
		}
		i.presume(s, d)
	}
	if refused {
		return errors.Errorf("refused: nothing is %s", done)
	}
	return nil
}

// presume says where a graph is taken to run on a cluster of which nothing is known.
func (i *inventory) presume(s *streams, d *document) {
	name, _, _ := unstructured.NestedString(d.object.Object, "spec", "clusterRef", "name")
	if _, ok := i.cluster(name); !ok && len(i.clusters) > 0 && d.object.GetKind() == v1alpha1.InferenceGraphKind {
		_, _ = fmt.Fprintf(s.err, "%s: warning: no file holds InferenceCluster %q, which it runs on: built-in defaults are used\n", d, name)
	}
}

func objects(docs []document) []unstructured.Unstructured {
	out := make([]unstructured.Unstructured, len(docs))
	for i := range docs {
		out[i] = docs[i].object
	}
	return out
}
