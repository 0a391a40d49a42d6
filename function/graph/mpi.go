package graph

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/graphplane/graphplane/function/names"
)

// MPI is how the leader of TensorRT-LLM starts processes on the other nodes of its group: over SSH.
type MPI struct {
	// Secret with the key pair, under the keys that the Dynamo operator's has: private.key and private.key.pub.
	Secret string

	// Own says that the Secret is the graph's, and Keys what it holds. The platform's is not ours to read.
	Own  bool
	Keys KeyPair
}

// A KeyPair of SSH, each half in the format of OpenSSH's files.
type KeyPair struct {
	Private, Public []byte
}

// mpi resolves by which Secret the nodes of a graph reach each other.
func (r *resolver) mpi(components []Component) *MPI {
	if !slices.ContainsFunc(components, func(c Component) bool { return c.Group != nil && c.Group.Join == JoinMPI }) {
		return nil
	}
	if s := r.in.Cluster.Defaults.MPISSHSecretName; s != "" {
		return &MPI{Secret: s}
	}
	return &MPI{Secret: names.MPI(r.in.Name), Own: true}
}

// joinMPI checks that there is a GPU for each rank. Attention data parallelism shares the GPUs of tensor parallelism.
func (r *resolver) joinMPI(c *Component, s sizes, gpus int64, at *field.Path) {
	c.Group.Join = JoinMPI
	if all := int64(c.Group.Nodes) * gpus; s.model() != all {
		r.Add(field.Invalid(at, c.Name, fmt.Sprintf("%s: make them equal", arithmetic(s, 1, c.Group.Nodes, gpus))))
	}
}
