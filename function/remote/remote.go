// Package remote carries what a graph consists of to another cluster: each object is the manifest of an Object of
// provider-kubernetes, and what that observes is what the rest of the function sees as observed.
package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/wire"
)

// NamespaceResource is the composition resource name of the namespace of a graph in the other cluster.
const NamespaceResource = "namespace"

// secretPrefix begins the composition resource names of copied Secrets.
const secretPrefix = "secretcopy."

// A Target is where the objects of one composite resource go. A nil Target is the cluster of the control plane.
type Target struct {
	config v1alpha1.ProviderConfigReference

	// owner is the name of the composite resource, and namespace that of the Objects.
	owner, namespace string
	labels           map[string]string

	encoder *wire.Encoder

	// outer are the observed Objects by composition resource name.
	outer map[string]*structpb.Struct
}

// New returns the Target of a composite resource whose Objects are kept in a namespace, with labels.
func New(encoder *wire.Encoder, config v1alpha1.ProviderConfigReference, owner, namespace string, labels map[string]string) *Target {
	return &Target{
		config: config, owner: owner, namespace: namespace, labels: labels,
		encoder: encoder, outer: map[string]*structpb.Struct{},
	}
}

// stays reports whether an object of a kind lives beside the composite resource, whichever cluster the graph runs on:
// what a provider of Crossplane manages, what guards that, and Secrets, which are copied to the cluster by reference so
// that their data is in no manifest.
func stays(gk schema.GroupKind) bool {
	switch {
	case gk == schema.GroupKind{Kind: "Secret"}:
		return true
	case gk.Group == "protection.crossplane.io", gk.Group == GroupVersion.Group:
		return true
	case strings.HasSuffix(gk.Group, ".m.upbound.io"), strings.HasSuffix(gk.Group, ".graphplane.io"):
		return true
	}
	return false
}

// Unwrap returns a request in which what an Object observes takes its place. An Object that has observed nothing yet is
// taken for what it is told to apply: it exists, but Watch says that it is not ready.
func (t *Target) Unwrap(req *fnv1.RunFunctionRequest) *fnv1.RunFunctionRequest {
	if t == nil {
		return req
	}
	resources := make(map[string]*fnv1.Resource, len(req.GetObserved().GetResources()))
	for name, r := range req.GetObserved().GetResources() {
		o := r.GetResource()
		if wire.String(o, "kind") != Kind || wire.String(o, "apiVersion") != GroupVersion.String() {
			resources[name] = r
			continue
		}
		t.outer[name] = o
		inner := observed(o)
		if inner == nil {
			inner = wire.Get(o, "spec", "forProvider", "manifest").GetStructValue()
		}
		resources[name] = &fnv1.Resource{Resource: inner}
	}
	return &fnv1.RunFunctionRequest{
		Meta: req.GetMeta(), Input: req.GetInput(), Context: req.GetContext(), Desired: req.GetDesired(),
		Observed:          &fnv1.State{Composite: req.GetObserved().GetComposite(), Resources: resources},
		RequiredResources: req.GetRequiredResources(), RequiredSchemas: req.GetRequiredSchemas(),
	}
}

// observed is the object of the other cluster that an Object last saw, or nil.
func observed(outer *structpb.Struct) *structpb.Struct {
	return wire.Get(outer, "status", "atProvider", "manifest").GetStructValue()
}

// Watch returns resources with checks that know whether an object has arrived, and with the namespace before them that
// they live in, if any.
func (t *Target) Watch(namespace string, resources []compose.Resource) []compose.Resource {
	if t == nil {
		return resources
	}
	out := make([]compose.Resource, 0, len(resources)+1)
	if namespace != "" {
		out = append(out, compose.Resource{
			Name: NamespaceResource,
			Object: &corev1.Namespace{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
				// Other graphs live there too.
				ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{v1alpha1.LabelRetain: "true"}},
			},
			Ready: t.arrived(NamespaceResource, ready.Exists),
		})
	}
	for _, r := range resources {
		if !stays(r.Object.GetObjectKind().GroupVersionKind().GroupKind()) {
			r.Ready = t.arrived(r.Name, r.Ready)
			if namespace != "" {
				r.After = append(slices.Clone(r.After), NamespaceResource)
			}
		}
		out = append(out, r)
	}
	return out
}

// arrived judges an object of the other cluster, and before it is there, the Object that brings it.
func (t *Target) arrived(name string, check ready.Check) ready.Check {
	return func(inner *structpb.Struct) ready.Verdict {
		o := t.outer[name]
		switch {
		case o == nil:
			return check(nil)
		case ready.Condition(o, "Synced") == "False":
			return ready.Verdict{Message: "Cannot be applied to the cluster: " + ready.ConditionMessage(o, "Synced")}
		case observed(o) == nil:
			return ready.Verdict{Message: "Waiting to be created in the cluster"}
		}
		return check(inner)
	}
}

// Address is what a resource is called in the control plane, and its kind there. The name is empty if Crossplane derives
// it.
func (t *Target) Address(r compose.Resource) (gvk schema.GroupVersionKind, namespace, name string, err error) {
	o, err := meta.Accessor(r.Object)
	if err != nil {
		return gvk, "", "", errors.Wrapf(err, "cannot read metadata of %s", r.Name)
	}
	gvk = r.Object.GetObjectKind().GroupVersionKind()
	if t == nil || stays(gvk.GroupKind()) {
		return gvk, o.GetNamespace(), o.GetName(), nil
	}
	return GroupVersion.WithKind(Kind), t.namespace, t.objectName(gvk.Kind, o.GetName()), nil
}

// objectName is the name of the Object that brings an object which people or peers address by name: two that bring the
// same object meet in it. It is empty, so that Crossplane derives it, for every other, and for what several may bring.
func (t *Target) objectName(kind, name string) string {
	if name == "" || kind == "Namespace" || kind == "Secret" {
		return ""
	}
	return strings.ToLower(kind) + "-" + name
}

// Wrap makes each desired object that belongs in the other cluster the manifest of an Object, and adds copies of the
// Secrets that pods need there.
func (t *Target) Wrap(rsp *fnv1.RunFunctionResponse) error {
	if t == nil {
		return nil
	}
	resources := rsp.GetDesired().GetResources()
	secrets, own := map[string]bool{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		r := resources[name]
		gv, err := schema.ParseGroupVersion(wire.String(r.GetResource(), "apiVersion"))
		if err != nil {
			return errors.Wrapf(err, "cannot read the kind of %s", name)
		}
		if stays(schema.GroupKind{Group: gv.Group, Kind: wire.String(r.GetResource(), "kind")}) {
			add(own, wire.String(r.GetResource(), "spec", "writeConnectionSecretToRef", "name"))
			continue
		}
		needed(r.GetResource(), secrets)
		if r.Resource, err = t.object(name, r.GetResource()); err != nil {
			return errors.Wrapf(err, "cannot wrap %s", name)
		}
	}
	for name := range secrets {
		as := secretPrefix + name
		policies := keep()
		if own[name] {
			policies = nil
		}
		o, err := t.copied(name, policies)
		if err != nil {
			return err
		}
		wire.Desire(rsp, as, o, t.arrived(as, ready.Exists)(observed(t.outer[as])).Ready)
	}
	return nil
}

// object is an Object that brings a manifest.
func (t *Target) object(resource string, manifest *structpb.Struct) (*structpb.Struct, error) {
	m := wire.Get(manifest, "metadata").GetStructValue()
	// Owners are of the control plane, where the other cluster's garbage collector does not find them.
	delete(m.GetFields(), "ownerReferences")
	kind := wire.String(manifest, "kind")
	o := t.envelope(t.objectName(kind, wire.String(m, "name")), readiness(kind))
	if wire.String(m, "name") == "" {
		m.Fields["name"] = structpb.NewStringValue(t.derived(resource))
	}
	if wire.String(m, "labels", v1alpha1.LabelRetain) == "true" {
		o.Spec.ManagementPolicies = keep()
	}
	return t.encode(o, manifest)
}

// copied is an Object that copies a Secret of the control plane. Another graph may need the same Secret, so it is not
// deleted with this one, unless what the graph consists of has published it.
func (t *Target) copied(name string, policies []string) (*structpb.Struct, error) {
	o := t.envelope("", readiness("Secret"))
	o.Spec.ManagementPolicies = policies
	for _, path := range []string{"data", "type"} {
		o.Spec.References = append(o.Spec.References, Reference{
			PatchesFrom: PatchesFrom{APIVersion: "v1", Kind: "Secret", Namespace: t.namespace, Name: name, FieldPath: path},
			ToFieldPath: path,
		})
	}
	manifest, err := t.encoder.Struct(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: t.namespace},
	})
	if err != nil {
		return nil, errors.Wrapf(err, "cannot encode Secret %q", name)
	}
	return t.encode(o, manifest)
}

// Look is an Object that tells of an object of the other cluster and changes nothing of it, since it is somebody else's.
func (t *Target) Look(apiVersion, kind, namespace, name string) (*structpb.Struct, error) {
	o := t.envelope("", readiness(kind))
	o.Spec.ManagementPolicies = []string{"Observe"}
	return t.encode(o, &structpb.Struct{Fields: map[string]*structpb.Value{
		"apiVersion": structpb.NewStringValue(apiVersion), "kind": structpb.NewStringValue(kind),
		"metadata": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"name": structpb.NewStringValue(name), "namespace": structpb.NewStringValue(namespace),
		}}),
	}})
}

// keep are the management policies of what outlives its graph.
func keep() []string { return []string{"Observe", "Create", "Update"} }

// envelope is an Object without its manifest.
func (t *Target) envelope(name string, r Readiness) *Object {
	return &Object{
		TypeMeta: metav1.TypeMeta{APIVersion: GroupVersion.String(), Kind: Kind},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: t.namespace, Labels: t.labels,
			// For a provider whose feature of watches is off. It would look every ten minutes.
			Annotations: map[string]string{"crossplane.io/poll-interval": "1m"},
		},
		Spec: ObjectSpec{ProviderConfigRef: t.config, Readiness: r, Watch: true},
	}
}

func (t *Target) encode(o *Object, manifest *structpb.Struct) (*structpb.Struct, error) {
	s, err := t.encoder.Struct(o)
	if err != nil {
		return nil, errors.Wrap(err, "cannot encode an Object")
	}
	wire.Get(s, "spec").GetStructValue().Fields["forProvider"] = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		"manifest": structpb.NewStructValue(manifest),
	}})
	return s, nil
}

// derived is the name of an object that nobody addresses by name, unique in its graph.
func (t *Target) derived(resource string) string {
	sum := sha256.Sum256([]byte(resource))
	const digits, most = 10, 52
	return t.owner[:min(len(t.owner), most)] + "-" + hex.EncodeToString(sum[:])[:digits]
}
