// Package configuration holds what the Configuration package ships, for tools that work without a cluster.
package configuration

import (
	"embed"
	"io/fs"

	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	extv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
)

//go:embed definition-*.yaml composition-*.yaml
var files embed.FS //nolint:gochecknoglobals // Embedding needs a variable.

// Definitions are the CompositeResourceDefinitions. They are of apiextensions.crossplane.io/v2, whose fields the v1 type
// has too.
func Definitions() ([]extv1.CompositeResourceDefinition, error) {
	return read[extv1.CompositeResourceDefinition]("definition-*.yaml")
}

// Compositions are the Compositions that the definitions name as their defaults.
func Compositions() ([]extv1.Composition, error) {
	return read[extv1.Composition]("composition-*.yaml")
}

// read every file that a pattern matches, in the order of their names.
func read[T any](pattern string) ([]T, error) {
	paths, err := fs.Glob(files, pattern)
	if err != nil {
		return nil, errors.Wrapf(err, "cannot list %s", pattern)
	}
	out := make([]T, len(paths))
	for i, p := range paths {
		b, err := files.ReadFile(p)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot read %s", p)
		}
		if err := yaml.UnmarshalStrict(b, &out[i]); err != nil {
			return nil, errors.Wrapf(err, "cannot parse %s", p)
		}
	}
	return out, nil
}
