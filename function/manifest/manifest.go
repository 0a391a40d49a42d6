// Package manifest reads and writes Kubernetes objects as people keep them: YAML streams and JSON Lists.
package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// Read returns the objects of a YAML stream or of JSON, with those of Lists in their place, and of the trees that crossplane
// resource trace prints. It fails on what has no apiVersion or kind, and on a key that is there twice.
func Read(r io.Reader) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(r))
	for i := 1; ; i++ {
		doc, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, errors.Wrapf(err, "cannot read document %d", i)
		}
		objects, err := parse(doc)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot parse document %d", i)
		}
		out = append(out, objects...)
	}
}

func parse(doc []byte) ([]unstructured.Unstructured, error) {
	b, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		return nil, nil
	}
	o := unstructured.Unstructured{}
	if err := utiljson.Unmarshal(b, &o.Object); err != nil {
		return nil, err
	}
	if _, ok := o.Object["object"]; ok && o.GetKind() == "" {
		return tree(o.Object)
	}
	if !o.IsList() {
		if o.GetAPIVersion() == "" || o.GetKind() == "" {
			return nil, errors.New("not a Kubernetes object: it has no apiVersion or no kind")
		}
		return []unstructured.Unstructured{o}, nil
	}
	l, err := o.ToList()
	if err != nil {
		return nil, errors.Wrap(err, "cannot read the List")
	}
	return l.Items, nil
}

// tree returns an object and those below it, as crossplane resource trace -o json and -o yaml print them:
// https://github.com/crossplane/cli/blob/v2.5.0/cmd/crossplane/common/resource/resource.go
func tree(node map[string]any) ([]unstructured.Unstructured, error) {
	m, _ := node["object"].(map[string]any)
	o := unstructured.Unstructured{Object: m}
	if o.GetAPIVersion() == "" || o.GetKind() == "" {
		return nil, errors.New("cannot read the tree of objects: one has no apiVersion or no kind")
	}
	var out []unstructured.Unstructured
	switch reason, _, _ := unstructured.NestedString(node, "error", "ErrStatus", "reason"); {
	case node["error"] == nil:
		out = append(out, o)
	case reason != string(metav1.StatusReasonNotFound):
		return nil, errors.Errorf("%s %q could not be read when the tree was printed: print it again with the right to read it", o.GetKind(), o.GetName())
	}
	children, _ := node["children"].([]any)
	for _, c := range children {
		child, ok := c.(map[string]any)
		if !ok {
			return nil, errors.New("cannot read the tree of objects: a child is not an object")
		}
		below, err := tree(child)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}

// YAML writes objects as a stream, each after a line of three hyphens, its keys sorted.
func YAML(w io.Writer, objects []unstructured.Unstructured) error {
	for i := range objects {
		b, err := yaml.Marshal(objects[i].Object)
		if err != nil {
			return errors.Wrapf(err, "cannot write %s %q", objects[i].GetKind(), objects[i].GetName())
		}
		if _, err := w.Write(slices.Concat([]byte("---\n"), b)); err != nil {
			return errors.Wrap(err, "cannot write")
		}
	}
	return nil
}

// JSON writes objects as one List.
func JSON(w io.Writer, objects []unstructured.Unstructured) error {
	items := make([]any, len(objects))
	for i := range objects {
		items[i] = objects[i].Object
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return errors.Wrap(e.Encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}), "cannot write the List")
}
