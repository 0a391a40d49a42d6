package simulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
)

// A request is what a provider asks of a cloud for one managed resource.
type request struct {
	// name is the external name.
	name string

	// asked is forProvider over initProvider.
	asked params

	// exclusive are the top-level fields that only initProvider has.
	exclusive []string

	// changed is what of asked may be changed: not what is exclusive to initProvider.
	changed params

	// changes that an update makes.
	changes []change

	annotations map[string]string
	faults      faults
}

// resizes returns whether an update sets the number of machines.
func (r request) resizes() bool {
	return slices.ContainsFunc(r.changes, func(c change) bool {
		return strings.HasSuffix(c.path, "desired_size") || strings.HasSuffix(c.path, "node_count") && !strings.Contains(c.path, "autoscaling")
	})
}

func newRequest(m *Managed) (request, error) {
	asked, err := parseParams(m.Spec.ForProvider)
	if err != nil {
		return request{}, err
	}

	initial, err := parseParams(m.Spec.InitProvider)
	if err != nil {
		return request{}, err
	}

	r := request{name: meta.GetExternalName(m), asked: asked.over(initial), annotations: m.GetAnnotations()}
	r.changed = maps.Clone(r.asked)

	for k := range initial {
		if _, ok := asked[k]; !ok {
			r.exclusive = append(r.exclusive, k)
			delete(r.changed, k)
		}
	}

	return r, nil
}

// accounts finds the account that a managed resource belongs to.
type accounts struct {
	client dynamic.Interface
}

// faults of a managed resource and of its account. The error is what the provider reports when there is no such account.
func (a accounts) faults(ctx context.Context, m *Managed, cloud string) (faults, error) {
	ref := m.GetProviderConfigReference()
	if ref == nil {
		return nil, errors.New("no providerConfigRef provided")
	}

	var client dynamic.ResourceInterface

	configs := schema.GroupVersionResource{Group: cloud + ".m.upbound.io", Version: "v1beta1"}

	switch ref.Kind {
	case "ProviderConfig":
		configs.Resource = "providerconfigs"
		client = a.client.Resource(configs).Namespace(m.GetNamespace())
	case "ClusterProviderConfig":
		configs.Resource = "clusterproviderconfigs"
		client = a.client.Resource(configs)
	default:
		return nil, errors.Errorf("referenced provider config kind %q is invalid for %s/%s", ref.Kind, m.GetNamespace(), m.GetName())
	}

	pc, err := client.Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		err = fmt.Errorf("%s.%s %q not found", ref.Kind, configs.Group, ref.Name)
	}

	if err != nil {
		return nil, errors.Wrap(err, "cannot get referenced ProviderConfig")
	}

	var out faults

	for _, annotations := range []map[string]string{m.GetAnnotations(), pc.GetAnnotations()} {
		f, err := parseFault(annotations, time.Now())
		if err != nil {
			return nil, err
		}

		if f != nil {
			out = append(out, f)
		}
	}

	return out, nil
}
