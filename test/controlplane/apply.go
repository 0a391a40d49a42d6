package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// fieldManager of what Apply applies.
const fieldManager = "graphplane-controlplane"

// ReadObjects reads the objects in a YAML file.
func ReadObjects(path string) ([]*unstructured.Unstructured, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read objects: %w", err)
	}

	objs, err := ParseObjects(b)
	if err != nil {
		return nil, fmt.Errorf("cannot parse %s: %w", path, err)
	}

	return objs, nil
}

// ParseObjects parses a stream of YAML documents. Empty ones are left out.
func ParseObjects(b []byte) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured

	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(b), 4096)

	for {
		u := &unstructured.Unstructured{}

		err := d.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return out, nil
		}

		if err != nil {
			return nil, fmt.Errorf("cannot decode object %d: %w", len(out)+1, err)
		}

		if len(u.Object) > 0 {
			out = append(out, u)
		}
	}
}

// Apply objects by server-side apply, as the administrator. An object without a
// namespace goes to the given one if its kind is namespaced.
func (cl *Cluster) Apply(ctx context.Context, namespace string, objs ...*unstructured.Unstructured) error {
	for _, o := range objs {
		c, err := cl.resource(o, namespace)
		if err != nil {
			return err
		}

		opts := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
		if _, err := c.Apply(ctx, o.GetName(), o, opts); err != nil {
			return fmt.Errorf("cannot apply %s %q: %w", o.GetKind(), o.GetName(), err)
		}
	}

	return nil
}

// Get an object as it is now. The given one says which, and need not have more
// than its apiVersion, kind, namespace and name.
func (cl *Cluster) Get(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	c, err := cl.resource(o, o.GetNamespace())
	if err != nil {
		return nil, err
	}

	now, err := c.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot get %s %q: %w", o.GetKind(), o.GetName(), err)
	}

	return now, nil
}

// resource returns a client for an object's kind and namespace.
func (cl *Cluster) resource(o *unstructured.Unstructured, namespace string) (dynamic.ResourceInterface, error) {
	gvk := o.GroupVersionKind()

	m, err := cl.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		// The kind may be newer than what we know.
		cl.mapper.Reset()
		m, err = cl.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}

	if err != nil {
		return nil, fmt.Errorf("cannot find the resource of %s: %w", gvk, err)
	}

	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return cl.dynamic.Resource(m.Resource), nil
	}

	if o.GetNamespace() != "" {
		namespace = o.GetNamespace()
	}

	return cl.dynamic.Resource(m.Resource).Namespace(namespace), nil
}

// connectDynamic makes the clients for objects of any kind.
func (cl *Cluster) connectDynamic() error {
	d, err := dynamic.NewForConfig(cl.config)
	if err != nil {
		return fmt.Errorf("cannot make dynamic client: %w", err)
	}

	dc, err := discovery.NewDiscoveryClientForConfig(cl.config)
	if err != nil {
		return fmt.Errorf("cannot make discovery client: %w", err)
	}

	cl.dynamic = d
	cl.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(dc))

	return nil
}
