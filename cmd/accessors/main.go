// Command accessors writes the methods by which Crossplane's runtime reads and
// changes managed resources, configs and usages. crossplane-tools has a command
// for it, but no version of it that knows the types of Crossplane 2 is in Go's
// checksum database.
package main

import (
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// file that is written into each package.
const file = "zz_generated.accessors.go"

type cli struct {
	Packages []string `arg:"" help:"Directories of packages with API types." type:"existingdir"`
}

// Run writes the methods of every package.
func (c *cli) Run() error {
	for _, dir := range c.Packages {
		p, err := Parse(dir)
		if err != nil {
			return err
		}
		out, err := p.Methods()
		if err != nil {
			return errors.Wrapf(err, "cannot write methods of %q", dir)
		}
		if err := os.WriteFile(filepath.Join(dir, file), out, 0o644); err != nil { //nolint:gosec // Code is public.
			return errors.Wrapf(err, "cannot write methods of %q", dir)
		}
	}
	return nil
}

func main() {
	ctx := kong.Parse(&cli{}, kong.Description("Generate methods of managed resources."))
	ctx.FatalIfErrorf(ctx.Run())
}
