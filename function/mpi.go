package function

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"

	"golang.org/x/crypto/ssh"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/wire"
)

// mpiKeys completes a graph by the key pair of its own Secret. It is generated once: from then on it is what the Secret
// holds. A Secret that was created but is not among what is observed yet is looked up, since pods may have mounted it.
func (f *Function) mpiKeys(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, xr *structpb.Struct, g *graph.Graph) error {
	if g.MPI == nil || !g.MPI.Own {
		return nil
	}
	secret := req.GetObserved().GetResources()[compose.MPISecretResource].GetResource()
	if secret == nil {
		found := wire.Require(req, rsp, conflict(compose.MPISecretResource), "v1", "Secret", g.Namespace, g.MPI.Secret).Object
		if found != nil && foreign(found, xr) == "" {
			secret = found
		}
	}
	var err error
	if secret == nil {
		g.MPI.Keys, err = f.keys()
		return errors.Wrap(err, "cannot generate an SSH key")
	}
	g.MPI.Keys, err = observedKeys(secret)
	return err
}

// observedKeys are those that a Secret holds.
func observedKeys(o *structpb.Struct) (graph.KeyPair, error) {
	k := graph.KeyPair{}
	for _, part := range []struct {
		key  string
		into *[]byte
	}{{compose.MPIPrivateKey, &k.Private}, {compose.MPIPublicKey, &k.Public}} {
		b, err := base64.StdEncoding.DecodeString(wire.String(o, "data", part.key))
		if err != nil || len(b) == 0 {
			return k, missing("Secret %q has no %s, by which the nodes of the graph reach each other: delete the Secret to have it made again", wire.String(o, "metadata", "name"), part.key)
		}
		*part.into = b
	}
	return k, nil
}

// generateKeys makes an SSH key pair.
func generateKeys() (graph.KeyPair, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return graph.KeyPair{}, errors.Wrap(err, "cannot generate")
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return graph.KeyPair{}, errors.Wrap(err, "cannot marshal the private key")
	}
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		return graph.KeyPair{}, errors.Wrap(err, "cannot marshal the public key")
	}
	return graph.KeyPair{Private: pem.EncodeToMemory(block), Public: ssh.MarshalAuthorizedKey(p)}, nil
}
