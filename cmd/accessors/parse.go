package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// A Package holds the names of the types that need methods, sorted.
type Package struct {
	// Name of the package.
	Name string
	// Managed resources, configs and usages.
	Managed, Configs, Usages []string
}

// Types of Crossplane that tell by being embedded what a type is.
const (
	managedSpec  = "ManagedResourceSpec"
	configStatus = "ProviderConfigStatus"
	configUsage  = "TypedProviderConfigUsage"
)

// Parse the package in a directory. A managed resource is a type whose Spec
// embeds Crossplane's ManagedResourceSpec, a config one whose Status embeds its
// ProviderConfigStatus, and a usage one that embeds its TypedProviderConfigUsage.
func Parse(dir string) (*Package, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, errors.Wrapf(err, "cannot list %q", dir)
	}
	p := &Package{}
	types := map[string]*ast.StructType{}
	for _, path := range paths {
		base := filepath.Base(path)
		if strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, errors.Wrapf(err, "cannot parse %q", path)
		}
		p.Name = f.Name.Name
		structs(f, types)
	}
	for name, t := range types {
		switch {
		case embeds(types[field(t, "Spec")], managedSpec):
			p.Managed = append(p.Managed, name)
		case embeds(types[field(t, "Status")], configStatus):
			p.Configs = append(p.Configs, name)
		case embeds(t, configUsage):
			p.Usages = append(p.Usages, name)
		}
	}
	slices.Sort(p.Managed)
	slices.Sort(p.Configs)
	slices.Sort(p.Usages)
	if len(p.Managed)+len(p.Configs)+len(p.Usages) == 0 {
		return nil, errors.Errorf("no type in %q needs methods", dir)
	}
	return p, nil
}

// structs of a file, by name.
func structs(f *ast.File, into map[string]*ast.StructType) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok {
			if t, ok := s.Type.(*ast.StructType); ok {
				into[s.Name.Name] = t
			}
		}
		return true
	})
}

// field of a struct by name: its type, if that is of the same package.
func field(t *ast.StructType, name string) string {
	for _, f := range t.Fields.List {
		if id, ok := f.Type.(*ast.Ident); ok && len(f.Names) == 1 && f.Names[0].Name == name {
			return id.Name
		}
	}
	return ""
}

// embeds tells whether a struct embeds a type of another package.
func embeds(t *ast.StructType, name string) bool {
	if t == nil {
		return false
	}
	return slices.ContainsFunc(t.Fields.List, func(f *ast.Field) bool {
		s, ok := f.Type.(*ast.SelectorExpr)
		return ok && len(f.Names) == 0 && s.Sel.Name == name
	})
}
