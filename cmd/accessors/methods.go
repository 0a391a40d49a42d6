package main

import (
	"bytes"
	_ "embed"
	"go/format"
	"text/template"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// source of the methods. A template of code is Go's own way to generate it.
//
//go:embed methods.go.tmpl
var source string

// Methods of the package's types, as the source of a file.
func (p *Package) Methods() ([]byte, error) {
	t, err := template.New("methods").Parse(source)
	if err != nil {
		return nil, errors.Wrap(err, "cannot parse template")
	}
	b := &bytes.Buffer{}
	if err := t.Execute(b, p); err != nil {
		return nil, errors.Wrap(err, "cannot execute template")
	}
	out, err := format.Source(b.Bytes())
	return out, errors.Wrap(err, "cannot format methods")
}
