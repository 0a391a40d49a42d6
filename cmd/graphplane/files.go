package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/manifest"
	"github.com/graphplane/graphplane/function/schema"
)

// A document is an object, the file it was read from, and what it is refused for.
type document struct {
	file    string
	object  unstructured.Unstructured
	refused field.ErrorList
}

func (d *document) String() string {
	return fmt.Sprintf("%s: %s/%s", d.file, d.object.GetKind(), d.object.GetName())
}

// load the objects of files. A file called - is the standard input.
func load(s *streams, files ...string) ([]document, error) {
	var out []document
	for _, f := range files {
		objects, err := loadOne(s, f)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			out = append(out, document{file: f, object: o})
		}
	}
	return out, nil
}

func loadOne(s *streams, file string) ([]unstructured.Unstructured, error) {
	in := s.in
	if file != "-" {
		f, err := os.Open(file) //nolint:gosec // Reading the files it is told to is what this command is for.
		if err != nil {
			return nil, errors.Wrap(err, "cannot open")
		}
		defer f.Close() //nolint:errcheck // It was only read.
		in = f
	}
	objects, err := manifest.Read(in)
	return objects, errors.Wrapf(err, "cannot read %q", file)
}

// An inventory is what the files of a command line hold.
type inventory struct {
	// Graphs to work on, in the order of the files.
	graphs []document

	// Clusters of the files, and after them those that are only needed by graphs. Subjects is the number of the former.
	clusters []document
	subjects int

	namespaces []unstructured.Unstructured

	// Systems are the provider configs and Endpoints of etcd and NATS that graphs use.
	systems []unstructured.Unstructured
}

// take sorts the objects of files into an inventory. Namespaced objects without a namespace get one.
func take(s *streams, files, clusterFiles []string, namespace string) (*inventory, error) {
	out := &inventory{}
	docs, err := load(s, files...)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		switch d.object.GroupVersionKind() {
		case v1alpha1.GroupVersion.WithKind(v1alpha1.InferenceGraphKind):
			if d.object.GetNamespace() == "" {
				d.object.SetNamespace(namespace)
			}
			out.graphs = append(out.graphs, d)
		case v1alpha1.GroupVersion.WithKind(v1alpha1.InferenceClusterKind):
			out.clusters = append(out.clusters, d)
		case runtimeschema.GroupVersionKind{Version: "v1", Kind: "Namespace"}:
			out.namespaces = append(out.namespaces, d.object)
		default:
			if out.addSystem(d.object, namespace) {
				continue
			}
			return nil, errors.Errorf("%s: %s is not a kind of %s, which are InferenceGraph and InferenceCluster", &d, d.object.GroupVersionKind(), v1alpha1.GroupVersion)
		}
	}
	out.subjects = len(out.clusters)
	if len(out.graphs)+out.subjects == 0 {
		return nil, errors.New("no InferenceGraph and no InferenceCluster in the files")
	}
	err = out.addClusters(s, clusterFiles, namespace)
	return out, err
}

// addSystem adds what graphs need to know of an etcd or NATS system, and reports whether an object is that.
func (i *inventory) addSystem(o unstructured.Unstructured, namespace string) bool {
	gvk := o.GroupVersionKind()
	if gvk.GroupVersion() != etcdv1alpha1.SchemeGroupVersion && gvk.GroupVersion() != natsv1alpha1.SchemeGroupVersion {
		return false
	}
	if gvk.Kind != etcdv1alpha1.ClusterProviderConfigKind && o.GetNamespace() == "" {
		o.SetNamespace(namespace)
	}
	i.systems = append(i.systems, o)
	return true
}

// addClusters adds what graphs need beside themselves.
func (i *inventory) addClusters(s *streams, files []string, namespace string) error {
	docs, err := load(s, files...)
	if err != nil {
		return err
	}
	for _, d := range docs {
		switch d.object.GroupVersionKind() {
		case v1alpha1.GroupVersion.WithKind(v1alpha1.InferenceClusterKind):
			i.clusters = append(i.clusters, d)
		case runtimeschema.GroupVersionKind{Version: "v1", Kind: "Namespace"}:
			i.namespaces = append(i.namespaces, d.object)
		default:
			if !i.addSystem(d.object, namespace) {
				return errors.Errorf("%s: --cluster takes files of InferenceClusters, of Namespaces, and of provider configs and Endpoints of etcd and NATS", &d)
			}
		}
	}
	return nil
}

// cluster returns the InferenceCluster of a name.
func (i *inventory) cluster(name string) (*unstructured.Unstructured, bool) {
	for n := range i.clusters {
		if i.clusters[n].object.GetName() == name {
			return &i.clusters[n].object, true
		}
	}
	return nil, false
}

// admit every object as the API server does.
func (i *inventory) admit(ctx context.Context, kinds *schema.Kinds) {
	for _, docs := range [][]document{i.clusters, i.graphs} {
		for n := range docs {
			docs[n].refused = kinds.Admit(ctx, &docs[n].object, nil)
		}
	}
}

// report what objects are refused for, one error a line, and return the number of errors.
func (i *inventory) report(s *streams) int {
	sum := 0
	for _, docs := range [][]document{i.clusters, i.graphs} {
		for n := range docs {
			for _, e := range docs[n].refused {
				msg := e.ErrorBody()
				if hasField(e.Field) {
					msg = e.Error()
				}
				_, _ = fmt.Fprintf(s.err, "%s: %s\n", &docs[n], msg)
				sum++
			}
		}
	}
	return sum
}

// count says how many of a noun there are.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
