package function

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/wire"
)

// tensorrt is a graph of TensorRT-LLM over two nodes.
const tensorrt = `
apiVersion: graphplane.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: team-a}
spec:
  clusterRef: {name: multinode}
  backend: trtllm
  model: {name: m}
  components: [{name: worker, type: worker, nodeCount: 2, gpus: 8}]
`

func secretKeys(t *testing.T, o *structpb.Struct) (private, public []byte) {
	t.Helper()
	for key, into := range map[string]*[]byte{compose.MPIPrivateKey: &private, compose.MPIPublicKey: &public} {
		b, err := base64.StdEncoding.DecodeString(wire.String(o, "data", key))
		if err != nil {
			t.Fatal(err)
		}
		*into = b
	}
	return private, public
}

// The key is generated once, and is what ssh reads. From then on it is that of the Secret.
func TestMPIKeysAreKept(t *testing.T) {
	s := simulate(t, object(t, tensorrt), object(t, multinode))
	first := s.apply().GetDesired().GetResources()[compose.MPISecretResource].GetResource()
	private, public := secretKeys(t, first)
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal("the private key cannot be read")
	}
	if !bytes.Equal(ssh.MarshalAuthorizedKey(signer.PublicKey()), public) {
		t.Error("the halves of the key are of two keys")
	}
	second := s.apply().GetDesired().GetResources()[compose.MPISecretResource].GetResource()
	if !proto.Equal(wire.Get(first, "data"), wire.Get(second, "data")) {
		t.Error("the key changed")
	}
	other := simulate(t, object(t, tensorrt), object(t, multinode)).apply().GetDesired().GetResources()[compose.MPISecretResource].GetResource()
	if proto.Equal(wire.Get(first, "data"), wire.Get(other, "data")) {
		t.Error("two graphs have one key")
	}
}

// A Secret that was applied, but is not among what is observed, has a key that pods may have mounted.
func TestMPIKeysOfUnobservedSecret(t *testing.T) {
	s := simulate(t, object(t, tensorrt), object(t, multinode))
	first := proto.CloneOf(s.apply().GetDesired().GetResources()[compose.MPISecretResource].GetResource())
	set(t, first, []any{map[string]any{"uid": "xr1", "controller": true}}, "metadata", "ownerReferences")
	s.exist[key("v1", "Secret", "g-mpi-ssh")] = first
	delete(s.observed, compose.MPISecretResource)
	second := s.apply().GetDesired().GetResources()[compose.MPISecretResource].GetResource()
	if !proto.Equal(wire.Get(first, "data"), wire.Get(second, "data")) {
		t.Error("the key changed")
	}
}

// What is in a Secret is never replaced, and never shown.
func TestMPIKeysAreMissing(t *testing.T) {
	s := simulate(t, object(t, tensorrt), object(t, multinode))
	s.apply()
	private := wire.String(s.observed[compose.MPISecretResource], "data", compose.MPIPrivateKey)
	set(t, s.observed[compose.MPISecretResource], "", "data", compose.MPIPublicKey)
	_, rsp := s.call(s.request())
	msg := fatal(rsp)
	if !strings.Contains(msg, "g-mpi-ssh") || !strings.Contains(msg, compose.MPIPublicKey) || strings.Contains(msg, private) {
		t.Errorf("refused with %q", msg)
	}
	if got := conditionOf(rsp, v1alpha1.ConditionAccepted); got != "FALSE/"+v1alpha1.ReasonMissingInput {
		t.Errorf("accepted: %q", got)
	}
}

// Where the platform has a Secret, it is mounted, and nothing is generated.
func TestMPIKeysOfThePlatform(t *testing.T) {
	c := object(t, multinode)
	set(t, c, "mpi-run-ssh-secret", "spec", "defaults", "mpiSSHSecretName")
	s := simulate(t, object(t, tensorrt), c)
	s.apply()
	rsp := s.apply()
	if _, ok := rsp.GetDesired().GetResources()[compose.MPISecretResource]; ok {
		t.Error("a Secret is composed")
	}
	group := rsp.GetDesired().GetResources()["leaderworkerset.worker"].GetResource()
	for _, role := range []string{"leaderTemplate", "workerTemplate"} {
		volumes := wire.Get(group, "spec", "leaderWorkerTemplate", role, "spec", "volumes").GetListValue().GetValues()
		found := false
		for _, v := range volumes {
			found = found || wire.String(v.GetStructValue(), "secret", "secretName") == "mpi-run-ssh-secret"
		}
		if !found {
			t.Errorf("%s does not mount the platform's Secret", role)
		}
	}
}
