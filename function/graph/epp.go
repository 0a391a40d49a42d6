package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
)

// An EPP is an endpoint picker: it tells an inference gateway which worker takes a request.
type EPP struct {
	// Component is the index in the graph's components.
	Component int

	// Config is an EndpointPickerConfig as JSON, empty for one that is generated or the user's.
	Config string

	// ConfigMap and its Key hold the configuration of a user who keeps it elsewhere.
	ConfigMap, Key string

	// Prefill says that requests are prefilled and decoded by workers of two types.
	Prefill bool

	// BlockSize is the number of tokens in a block of the workers' KV caches.
	BlockSize string
}

// Flags by which engines take the size of a KV cache's blocks, and the sizes that generated commands have.
func blockSize(b v1alpha1.Backend) (flag, value string) {
	switch b {
	case v1alpha1.BackendSGLang:
		return "--page-size", "16"
	case v1alpha1.BackendTRTLLM:
		return "--kv-block-size", "32"
	case v1alpha1.BackendVLLM:
	}
	return "--block-size", "16"
}

// epp resolves the endpoint picker of a graph, nil for none.
func (r *resolver) epp(g *Graph) *EPP {
	at := r.spec.Child("components")
	var out *EPP
	for i := range g.Components {
		if g.Components[i].Type != v1alpha1.TypeEPP {
			if r.in.Spec.Components[i].EPPConfig != nil {
				r.Add(field.Forbidden(at.Index(i).Child("eppConfig"), "is for a component of type epp: remove it"))
			}
			continue
		}
		if out != nil {
			r.Add(field.Forbidden(at.Index(i).Child("type"), "an InferencePool has one endpoint picker: remove this one"))
			continue
		}
		out = &EPP{Component: i}
		r.eppRules(i)
		r.eppVersion(&g.Components[i], at.Index(i))
		r.eppConfig(out, at.Index(i).Child("eppConfig"))
	}
	if out == nil {
		return nil
	}
	_, out.BlockSize = blockSize(g.Backend)
	r.picked(g, out)
	return out
}

// eppRules check that an endpoint picker can do its work.
func (r *resolver) eppRules(i int) {
	in, at := &r.in.Spec.Components[i], r.spec.Child("components").Index(i)
	if !r.in.Cluster.Capabilities.InferenceExtension {
		r.incapable(at.Child("type"), "inferenceExtension", "install the Gateway API Inference Extension there, or use a frontend")
	}
	if r.in.Spec.Model == nil {
		r.Add(field.Required(r.spec.Child("model"), "an endpoint picker splits requests into tokens, and needs to know of which model: set model.name"))
	}
	if n := ptr.Deref(in.Replicas, 1); n > 1 {
		r.Add(field.Invalid(at.Child("replicas"), n, "two endpoint pickers would each know half of the load: use 1"))
	}
	if in.Scaling != nil {
		r.Add(field.Forbidden(at.Child("scaling"), "two endpoint pickers would each know half of the load: remove scaling"))
	}
}

// eppVersion refuses a release whose endpoint picker takes neither these arguments nor a configuration file:
// https://docs.nvidia.com/dynamo/v1.5.0/reference/components/gateway-api-routing
func (r *resolver) eppVersion(c *Component, at *field.Path) {
	main, _ := c.Main()
	if main.Command != nil || main.Args != nil {
		return
	}
	image := c.Image
	if main.Image != "" {
		image = main.Image
	}
	tag := image[strings.LastIndexByte(image, ':')+1:]
	v, err := version.ParseGeneric(tag)
	if err == nil && v.AtLeast(version.MustParseGeneric("1.5")) {
		r.Unsupported(at.Child("type"), fmt.Sprintf("the endpoint picker of Dynamo %s is set up another way than that of 1.4 and before: use an image of such a release in podTemplate, or give the container main args", tag))
	}
}

func (r *resolver) eppConfig(out *EPP, at *field.Path) {
	c := r.in.Spec.Components[out.Component].EPPConfig
	if c == nil {
		return
	}
	switch {
	case (c.Config == nil) == (c.ConfigMapRef == nil):
		r.Add(field.Forbidden(at, "needs exactly one of config and configMapRef: keep one"))
	case c.ConfigMapRef != nil:
		out.ConfigMap, out.Key = c.ConfigMapRef.Name, c.ConfigMapRef.Key
	default:
		out.Config = r.eppObject(c.Config.Raw, at.Child("config"))
	}
}

// eppObject completes an EndpointPickerConfig by what says that it is one. Its keys are sorted.
func (r *resolver) eppObject(raw []byte, at *field.Path) string {
	o := map[string]any{}
	if err := json.Unmarshal(raw, &o); err != nil {
		r.Add(field.Invalid(at, "", "must be an EndpointPickerConfig: "+err.Error()))
		return ""
	}
	for k, v := range map[string]string{"apiVersion": "inference.networking.x-k8s.io/v1alpha1", "kind": "EndpointPickerConfig"} {
		if set, ok := o[k]; ok && set != v {
			r.Add(field.Invalid(at.Child(k), fmt.Sprint(set), "must be "+v+": remove it"))
		}
		o[k] = v
	}
	if plugins, ok := o["plugins"].([]any); !ok || len(plugins) == 0 {
		r.Add(field.Required(at.Child("plugins"), "an endpoint picker without plugins picks nothing: name some, or remove eppConfig for the default"))
	}
	b, err := json.Marshal(o)
	if err != nil {
		r.Add(field.Invalid(at, "", err.Error()))
	}
	return string(b)
}

// picked checks the workers that the endpoint picker picks from, and learns of them. A worker of several nodes would be
// picked by nodes that serve nothing, since an InferencePool selects pods by plain labels.
func (r *resolver) picked(g *Graph, out *EPP) {
	var sizes []string
	workers := 0
	for i := range g.Components {
		c, at := &g.Components[i], r.spec.Child("components").Index(i)
		if !c.Worker() {
			continue
		}
		workers++
		out.Prefill = out.Prefill || c.Type == v1alpha1.TypePrefill
		if c.Group != nil {
			r.Unsupported(at.Child("nodeCount"), "an endpoint picker picks workers of one node: remove nodeCount, or use a frontend in place of the component of type epp")
		}
		if epp := &g.Components[out.Component]; c.DynamoNamespace != epp.DynamoNamespace {
			r.Add(field.Invalid(at.Child("globalNamespace"), c.DynamoNamespace, "the endpoint picker is in Dynamo namespace "+epp.DynamoNamespace+", and finds no workers of another: set globalNamespace of both alike"))
		}
		if n, ok := r.workerBlock(g.Backend, c); ok {
			sizes = append(sizes, n)
		}
	}
	if workers == 0 {
		r.Add(field.Forbidden(r.spec.Child("components").Index(out.Component).Child("type"), "there are no workers to pick from: add a component of type worker, or of prefill and decode"))
	}
	slices.Sort(sizes)
	if sizes = slices.Compact(sizes); len(sizes) == 1 {
		out.BlockSize = sizes[0]
	} else if len(sizes) > 1 {
		r.Add(field.Forbidden(r.spec.Child("components"), "an endpoint picker knows one size of KV cache blocks, and these workers have "+strings.Join(sizes, " and ")+": give them all the same"))
	}
}

// workerBlock is the size of the KV cache blocks that a user's own command asks for.
func (r *resolver) workerBlock(b v1alpha1.Backend, c *Component) (string, bool) {
	main, _ := c.Main()
	words := slices.Concat(main.Command, main.Args)
	flags := Flags(words)
	if l := Launches(words); len(l) > 0 {
		flags = l[0].Flags(words)
	}
	name, _ := blockSize(b)
	n, ok := flags.Value(name)
	if _, err := strconv.Atoi(n); err != nil {
		return "", false
	}
	return n, ok
}

// BlockFlag is how a worker's generated command asks for KV cache blocks of the size that the endpoint picker counts with.
func (g *Graph) BlockFlag() []string {
	if g.EPP == nil {
		return nil
	}
	flag, _ := blockSize(g.Backend)
	return []string{flag, g.EPP.BlockSize}
}
