package compose

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// Keys of the Secret with the SSH key pair, as the Dynamo operator's has them, so that a platform can use the same.
const (
	MPIPrivateKey = "private.key"
	MPIPublicKey  = "private.key.pub"
)

// MPISecretResource is what the Secret with a graph's own SSH key is composed as.
const MPISecretResource = "secret.mpi"

const (
	mpiVolume = "mpi-ssh"
	mpiPath   = "/ssh-pk"
	portSSH   = 2222
)

// MPISecret keeps the key pair by which the nodes of TensorRT-LLM reach each other. It cannot change: half of a group
// that mounts another key than the rest would be cut off.
func MPISecret(g *graph.Graph) []Resource {
	if g.MPI == nil || !g.MPI.Own {
		return nil
	}
	return []Resource{{
		Name: MPISecretResource,
		Object: &corev1.Secret{
			TypeMeta:   typeMeta("v1", "Secret"),
			ObjectMeta: objectMeta(g, g.MPI.Secret),
			Type:       corev1.SecretTypeOpaque,
			Immutable:  new(true),
			Data:       map[string][]byte{MPIPrivateKey: g.MPI.Keys.Private, MPIPublicKey: g.MPI.Keys.Public},
		},
		Ready: ready.Exists,
	}}
}

// sshKey makes the key pair a copy of its own in a directory that only its user reads, since ssh takes no key that others
// can. Both sides have the same pair: it is the client's identity, and the server's as well, so that neither talks to
// somebody else.
const sshKey = `set -eu
umask 077
d=$(mktemp -d)
cp ` + mpiPath + `/` + MPIPrivateKey + ` "$d/key"
`

// sshServer answers the leader. What is started through it gets the environment of the container, as an engine on one
// node does, and not that of the leader: variables that come from a Secret or from the pod are there, and true.
const sshServer = sshKey + `cp ` + mpiPath + `/` + MPIPublicKey + ` "$d/authorized_keys"
export -p > "$d/env"
printf '. %s/env\nexec bash -c "$SSH_ORIGINAL_COMMAND"\n' "$d" > "$d/enter"
printf '%s\n' 'Port 2222' "HostKey $d/key" "AuthorizedKeysFile $d/authorized_keys" "ForceCommand bash $d/enter" \
  'StrictModes no' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PermitRootLogin prohibit-password' \
  'AllowTcpForwarding no' 'X11Forwarding no' 'PidFile none' > "$d/sshd_config"
test "$(id -u)" != 0 || mkdir -p /run/sshd
exec "$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f "$d/sshd_config"
`

// mpirun starts the ranks of all nodes when each of them answers. trtllm-llmapi-launch, which runs the engine in the
// first rank, takes its arguments apart at spaces, so the engine's command line is a script:
// https://github.com/NVIDIA/TensorRT-LLM/blob/main/tensorrt_llm/llmapi/trtllm-llmapi-launch
//
// The leader alone connects to the others. MPI moves little data, NCCL the rest, so it needs no fabric of its own.
const mpirun = sshKey + `read -r type public _ < ` + mpiPath + `/` + MPIPublicKey + ` || test -n "$public"
echo "group $type $public" > "$d/known_hosts"
printf '%s\n' 'Port 2222' "IdentityFile $d/key" 'IdentitiesOnly yes' "UserKnownHostsFile $d/known_hosts" 'HostKeyAlias group' \
  'StrictHostKeyChecking yes' 'BatchMode yes' 'ConnectTimeout 5' 'LogLevel ERROR' > "$d/config"
{ printf exec; printf ' %q' "$@"; } > "$d/engine"
hosts=
for host in $hostnames; do
  test -z "$hosts" || until ssh -F "$d/config" "$host" true; do echo "Waiting for $host"; sleep 2; done
  hosts=${hosts:+$hosts,}$host:$gpus
done
exec mpirun --allow-run-as-root -n "$ranks" -H "$hosts" --mca pml ob1 --mca plm_rsh_no_tree_spawn 1 \
  --mca plm_rsh_args "-F $d/config" trtllm-llmapi-launch bash "$d/engine"
`

// mpi is the command line of one role of a group that mpirun joins.
func mpi(g *graph.Group, command, args []string, role string) (newCommand, newArgs []string) {
	if role == roleWorker {
		return []string{"bash", "-c", sshServer}, nil
	}
	script := mpiHosts(g) +
		fmt.Sprintf("gpus=%d\nranks=%d\n", g.LocalRanks, g.Nodes*g.LocalRanks) + mpirun
	// The parameter before the others is the name by which the shell reports errors.
	return []string{"bash", "-c", script, "bash"}, append(append([]string{}, command...), args...)
}

// mpiHosts are the nodes of a group as the script has them, the leader first.
func mpiHosts(g *graph.Group) string {
	leader := peersOf(g).leader
	hosts, lines := []string{leader}, ""
	if g.Clique == "" {
		lines = "leader=" + leader + "\n"
	}
	for i := int32(1); i < g.Nodes; i++ {
		if g.Clique == "" {
			hosts = append(hosts, fmt.Sprintf("${leader%%%%.*}-%d.${leader#*.}", i))
			continue
		}
		hosts = append(hosts, groveHost(names.WorkerClique(g.Clique), i-1))
	}
	return lines + "hostnames=\"" + strings.Join(hosts, " ") + "\"\n"
}

// mpiVolumes and mpiMounts give a pod of a group the key pair. Everybody in the container may read it, since it is not
// known as whom it runs.
func mpiVolumes(g *graph.Graph, c *graph.Component) []corev1.Volume {
	if !usesMPI(c) {
		return nil
	}
	return []corev1.Volume{{Name: mpiVolume, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: g.MPI.Secret, DefaultMode: new(int32(0o444))},
	}}}
}

func mpiMounts(c *graph.Component) []corev1.VolumeMount {
	if !usesMPI(c) {
		return nil
	}
	return []corev1.VolumeMount{{Name: mpiVolume, MountPath: mpiPath, ReadOnly: true}}
}

// mpiEnv makes MPI tell nodes apart by their whole names. It knows them by the part before the first dot otherwise, and
// what it starts on a node would not find itself in the list of nodes.
func mpiEnv(c *graph.Component) []corev1.EnvVar {
	if !usesMPI(c) {
		return nil
	}
	return []corev1.EnvVar{variable("OMPI_MCA_orte_keep_fqdn_hostnames", "1")}
}

func usesMPI(c *graph.Component) bool {
	return c.Group != nil && c.Group.Join == graph.JoinMPI
}

// answersSSH is ready when ranks can be started on a node.
func answersSSH() *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(portSSH)}},
		PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 3,
	}
}
