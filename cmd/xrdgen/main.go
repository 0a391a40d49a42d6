// Command xrdgen turns CustomResourceDefinitions that controller-gen wrote into Crossplane
// CompositeResourceDefinitions.
package main

import (
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

type cli struct {
	In  string `arg:"" help:"Directory of CustomResourceDefinitions."     type:"existingdir"`
	Out string `arg:"" help:"Directory to write the definitions into."    type:"existingdir"`
}

// Run converts every file of the input directory.
func (c *cli) Run() error {
	files, err := filepath.Glob(filepath.Join(c.In, "*.yaml"))
	if err != nil {
		return errors.Wrapf(err, "cannot list %q", c.In)
	}
	if len(files) == 0 {
		return errors.Errorf("no CustomResourceDefinition in %q", c.In)
	}
	for _, f := range files {
		in, err := os.ReadFile(f) //nolint:gosec // Reading the files it is told to is what this command is for.
		if err != nil {
			return errors.Wrapf(err, "cannot read %q", f)
		}
		name, out, err := Definition(in)
		if err != nil {
			return errors.Wrapf(err, "cannot convert %q", f)
		}
		path := filepath.Join(c.Out, "definition-"+name+".yaml")
		if err := os.WriteFile(path, out, 0o644); err != nil { //nolint:gosec // The definitions are public.
			return errors.Wrapf(err, "cannot write %q", path)
		}
	}
	return nil
}

func main() {
	ctx := kong.Parse(&cli{}, kong.Description("Generate CompositeResourceDefinitions."))
	ctx.FatalIfErrorf(ctx.Run())
}
