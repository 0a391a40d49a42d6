package graph

import (
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/names"
)

// A Group is how one replica of a component spans several nodes, a pod on each. The first pod is the leader.
type Group struct {
	// Object is the name of the LeaderWorkerSet, empty with Grove. The component's own name is its Service's: a LeaderWorkerSet makes a
	// headless Service of its own name, by which its pods find each other.
	Object string
	Nodes  int32

	// Clique is the key of the component where Grove runs the group, which names pods after it. Empty with LeaderWorkerSet.
	Clique string

	Join Join
	// LocalRanks is the number of copies of the model on each node for JoinDataParallel, and of processes for JoinMPI.
	LocalRanks int32
}

// Join is how the engines of a group's pods become one.
type Join string

// Ways to join. With JoinNone all pods run the command as it is.
const (
	JoinNone Join = ""
	// JoinSGLang is the rendezvous of SGLang.
	JoinSGLang Join = "sglang"
	// JoinMultiprocessing is vLLM's multiprocessing executor over several nodes.
	JoinMultiprocessing Join = "mp"
	// JoinRay is vLLM on a Ray cluster of the group's pods.
	JoinRay Join = "ray"
	// JoinDataParallel is vLLM with whole copies of the model on each node, behind a load balancer on each.
	JoinDataParallel Join = "data-parallel"
	// JoinMPI is TensorRT-LLM, whose leader starts the ranks of all pods with mpirun.
	JoinMPI Join = "mpi"
)

// Rendezvous flags. Who writes one of them joins the nodes without us.
func rendezvous() []string {
	return []string{
		"--nnodes", "--node-rank", "--master-addr", "--headless", "--dist-init-addr", "--nccl-init-addr",
		"--data-parallel-address", "-dpa", "--data-parallel-start-rank", "-dpr", "--data-parallel-hybrid-lb", "-dph",
	}
}

// mpiLauncher starts processes on several nodes. Who runs one joins the nodes without us.
var mpiLauncher = regexp.MustCompile(`(^|[\s/;&|(])(mpirun|mpiexec|srun|trtllm-llmapi-launch)($|\s)`)

// group resolves how a replica spans several nodes. It leaves the component as it is when it runs on one.
func (r *resolver) group(c *Component, in *v1alpha1.Component, at *field.Path) {
	nodes := ptr.Deref(in.NodeCount, 1)
	if nodes <= 1 {
		return
	}
	c.Group = &Group{Object: names.Group(c.Object), Nodes: nodes}
	if c.Clique != "" {
		c.Group.Object, c.Group.Clique = "", c.Key
	}
	if !hasGPUs(c.Type) {
		r.Add(field.Invalid(at.Child("nodeCount"), nodes, "a "+string(c.Type)+" runs on one node: remove nodeCount, and set replicas to run more of them"))
		return
	}
	if c.Strategy != nil {
		r.Add(field.Forbidden(at.Child("strategy"), "is for components of one node, which are Deployments: remove it"))
	}
	if !c.Worker() {
		return
	}
	gpus := c.NodeGPUs()
	if gpus <= 0 {
		r.Add(field.Required(at.Child("gpus"), fmt.Sprintf("a replica over %d nodes needs GPUs on each of them: set gpus", nodes)))
		return
	}
	c.GPUs = int32(gpus) //nolint:gosec // GPUs of one node.
	r.join(c, gpus, at)
	if c.Group.Join == JoinMPI {
		c.Group.LocalRanks = c.GPUs
	}
}

// NodeGPUs are the GPUs of one pod, which a limit in the user's template overrides.
func (c *Component) NodeGPUs() int64 {
	main, _ := c.Main()
	if q, ok := main.Resources.Limits[c.GPUResource]; ok {
		return q.Value()
	}
	return int64(c.GPUs)
}

// join chooses how the engines of a group become one, from the command that the user wrote or that is generated.
func (r *resolver) join(c *Component, gpus int64, at *field.Path) {
	main, _ := c.Main()
	if main.Command == nil && main.Args == nil {
		c.Group.Join = generatedJoin(r.in.Spec.Backend)
		return
	}
	at = mainPath(c.Template.Spec.Containers, at.Child("podTemplate", "spec", "containers"))
	words := commandLine(main, r.in.Spec.Backend)
	found := Launches(words)
	switch {
	case len(found) == 0, slices.ContainsFunc(words, mpiLauncher.MatchString):
		return
	case len(found) > 1:
		r.Add(field.Invalid(at, len(found), "the command starts more than one engine, and it cannot be told which spans the nodes: start one"))
		return
	case found[0].Backend != string(r.in.Spec.Backend):
		r.Add(field.Invalid(at, "dynamo."+found[0].Backend, fmt.Sprintf("spec.backend is %s: start dynamo.%s, or change spec.backend", r.in.Spec.Backend, r.in.Spec.Backend)))
		return
	}
	flags := found[0].Flags(words)
	if flags.Has(rendezvous()...) {
		return
	}
	s, err := flags.sizes()
	if err != nil {
		r.Add(field.Invalid(at, c.Name, err.Error()))
		return
	}
	if !flags.Has(tensorParallel...) && !flags.Has(pipelineParallel...) && !flags.Has(dataParallel...) && flags.Has(sizesElsewhere...) {
		// The sizes are where only the engine reads them.
		s = sizes{tensor: 1, pipeline: c.Group.Nodes * int32(gpus), data: 1} //nolint:gosec // GPUs of one node.
	}
	switch r.in.Spec.Backend {
	case v1alpha1.BackendSGLang:
		r.joinSGLang(c, s, gpus, flags, at)
	case v1alpha1.BackendTRTLLM:
		r.joinMPI(c, s, gpus, at)
	case v1alpha1.BackendVLLM:
		r.joinVLLM(c, s, gpus, flags, at)
	}
}

// generatedJoin is how engines join whose command is generated.
func generatedJoin(b v1alpha1.Backend) Join {
	switch b {
	case v1alpha1.BackendSGLang:
		return JoinSGLang
	case v1alpha1.BackendTRTLLM:
		return JoinMPI
	case v1alpha1.BackendVLLM:
	}
	return JoinMultiprocessing
}

// joinSGLang checks the sizes as SGLang does. There, data parallel attention shares the GPUs of tensor parallelism.
func (r *resolver) joinSGLang(c *Component, s sizes, gpus int64, flags Flags, at *field.Path) {
	c.Group.Join = JoinSGLang
	if s.data > 1 && !flags.Has("--enable-dp-attention") {
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("SGLang runs --data-parallel-size %d over %d nodes only with --enable-dp-attention: add it, or set nodeCount to 1 and replicas to %d", s.data, c.Group.Nodes, s.data)))
		return
	}
	if all := int64(c.Group.Nodes) * gpus; s.model() != all {
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("%s: make them equal", arithmetic(s, 1, c.Group.Nodes, gpus))))
	}
}

// joinVLLM chooses between an engine that spans the nodes and whole engines on each node. One that fits a node and has
// no copies would be started once on each node, and the others would never be asked.
func (r *resolver) joinVLLM(c *Component, s sizes, gpus int64, flags Flags, at *field.Path) {
	nodes := int64(c.Group.Nodes)
	spans, data := s.model() > gpus, int64(s.data)
	problem := arithmetic(s, s.data, c.Group.Nodes, gpus)
	switch {
	case spans && data > 1:
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("a copy of the model has %d GPUs and spans nodes of %d, so it cannot have %d copies in one replica: remove --data-parallel-size, and set replicas to %d", s.model(), gpus, data, data)))
	case s.model()*data != nodes*gpus && !spans && data == 1:
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("%s, and one node is enough: raise --tensor-parallel-size, --pipeline-parallel-size or --data-parallel-size, or set nodeCount to 1 and replicas to %d", problem, nodes)))
	case s.model()*data != nodes*gpus:
		r.Add(field.Invalid(at, c.Name, problem+": make them equal"))
	case spans:
		c.Group.Join = JoinMultiprocessing
		if v, _ := flags.Value("--distributed-executor-backend"); v == "ray" {
			c.Group.Join = JoinRay
		}
	case data%nodes != 0 || gpus%s.model() != 0:
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("%d copies of %d GPUs do not fit nodes of %d without one that is on two nodes: use sizes that divide %d", data, s.model(), gpus, gpus)))
	default:
		c.Group.Join, c.Group.LocalRanks = JoinDataParallel, int32(data/nodes) //nolint:gosec // Of at most 20 bits.
	}
}

// arithmetic spells out the GPUs that an engine uses and those that there are.
func arithmetic(s sizes, data, nodes int32, gpus int64) string {
	out := fmt.Sprintf("tensor parallel size %d x pipeline parallel size %d", s.tensor, s.pipeline)
	if data > 1 {
		out += fmt.Sprintf(" x data parallel size %d", data)
	}
	return fmt.Sprintf("%s is %d GPUs, but nodeCount %d x %d GPUs is %d", out, s.model()*int64(data), nodes, gpus, int64(nodes)*gpus)
}

// commandLine is the command line of a main container that the user wrote, with the engine's module before its
// arguments where only these are the user's.
func commandLine(main corev1.Container, b v1alpha1.Backend) []string {
	if main.Command == nil {
		return append(EngineCommand(b), main.Args...)
	}
	return append(append([]string{}, main.Command...), main.Args...)
}

// EngineCommand starts the engine of a backend.
func EngineCommand(b v1alpha1.Backend) []string {
	return []string{"python3", "-m", "dynamo." + string(b)}
}

// mainPath is where the user's main container is.
func mainPath(containers []corev1.Container, at *field.Path) *field.Path {
	for i := range containers {
		if containers[i].Name == v1alpha1.MainContainer {
			return at.Index(i)
		}
	}
	return at
}
