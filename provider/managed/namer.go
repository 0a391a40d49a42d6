package managed

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
)

// A Namer gives a resource its default external name: its namespace and its
// name, since one system serves many namespaces.
type Namer struct {
	client    client.Client
	separator string
}

// NewNamer that puts a separator, which no namespace contains, between the two.
func NewNamer(c client.Client, separator string) *Namer {
	return &Namer{client: c, separator: separator}
}

// Initialize the external name unless there is one.
func (n *Namer) Initialize(ctx context.Context, mg resource.Managed) error {
	if meta.GetExternalName(mg) != "" {
		return nil
	}
	meta.SetExternalName(mg, mg.GetNamespace()+n.separator+mg.GetName())
	if meta.WasDeleted(mg) {
		return nil
	}
	return errors.Wrap(n.client.Update(ctx, mg), "cannot set the external name")
}
