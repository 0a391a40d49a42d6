// Package access turns the references of a ProviderConfig into what a client
// needs: Secret values and TLS settings. It explains, without giving away a
// secret, why they cannot be used.
package access

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// A Reader reads the Secrets that a ProviderConfig refers to.
type Reader struct {
	// Client that reads Secrets.
	Client client.Reader

	// Namespace of the ProviderConfig, empty for a ClusterProviderConfig.
	Namespace string
}

// Name of the Secret that a reference means. The error names the field.
func (r Reader) Name(field string, ref v1alpha1.SecretReference) (types.NamespacedName, error) {
	n := types.NamespacedName{Name: ref.Name}
	switch {
	case r.Namespace == "" && ref.Namespace == nil:
		return n, errors.Errorf("%s.namespace: a ClusterProviderConfig has no namespace of its own: set the namespace of Secret %q", field, ref.Name)
	case r.Namespace == "":
		n.Namespace = *ref.Namespace
	case ref.Namespace != nil && *ref.Namespace != r.Namespace:
		return n, errors.Errorf("%s.namespace: a ProviderConfig reads Secrets of its own namespace %q only: move the Secret or use a ClusterProviderConfig", field, r.Namespace)
	default:
		n.Namespace = r.Namespace
	}
	return n, nil
}

// Data of a Secret. The error names the field.
func (r Reader) Data(ctx context.Context, field string, ref v1alpha1.SecretReference) (map[string][]byte, error) {
	n, err := r.Name(field, ref)
	if err != nil {
		return nil, err
	}
	s := &corev1.Secret{}
	if err := r.Client.Get(ctx, n, s); err != nil {
		if kerrors.IsNotFound(err) {
			return nil, errors.Errorf("%s: Secret %q does not exist: create it or change the reference", field, n)
		}
		return nil, errors.Wrapf(err, "%s: cannot get Secret %q", field, n)
	}
	return s.Data, nil
}

// Value of one key of a Secret, without the blanks around it that editors
// leave. The error names the field.
func (r Reader) Value(ctx context.Context, field string, ref v1alpha1.SecretReference, key string) (string, error) {
	d, err := r.Data(ctx, field, ref)
	if err != nil {
		return "", err
	}
	v := strings.TrimSpace(string(d[key]))
	if v == "" {
		n, _ := r.Name(field, ref)
		return "", errors.Errorf("%s: Secret %q has no value under the key %q: add it or change the reference", field, n, key)
	}
	return v, nil
}

// Basic reads a user and its password.
func (r Reader) Basic(ctx context.Context, field string, b v1alpha1.Basic) (username, password string, err error) {
	f := field + ".secretRef"
	if username, err = r.Value(ctx, f, b.SecretRef, "username"); err != nil {
		return "", "", err
	}
	// A password is taken as it is, blanks included.
	d, err := r.Data(ctx, f, b.SecretRef)
	if err != nil {
		return "", "", err
	}
	if len(d["password"]) == 0 {
		n, _ := r.Name(f, b.SecretRef)
		return "", "", errors.Errorf("%s: Secret %q has no value under the key %q: add it", f, n, "password")
	}
	return username, string(d["password"]), nil
}

// Names of the Secrets that references mean, without those that are not allowed.
func (r Reader) Names(refs ...v1alpha1.SecretReference) []types.NamespacedName {
	out := []types.NamespacedName{}
	for _, ref := range refs {
		if n, err := r.Name("", ref); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// TLSRefs are the Secrets that TLS settings refer to.
func TLSRefs(t *v1alpha1.TLS) []v1alpha1.SecretReference {
	out := []v1alpha1.SecretReference{}
	if t != nil && t.CASecretRef != nil {
		out = append(out, t.CASecretRef.SecretReference)
	}
	if t != nil && t.CertSecretRef != nil {
		out = append(out, *t.CertSecretRef)
	}
	return out
}
