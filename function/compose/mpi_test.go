package compose

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/graphplane/graphplane/function/graph"
)

// A node runs what a container of a group runs, with programs in place of those of the image.
type node struct {
	dir string
	env []string
}

// mpiPrograms are those of the image that a group runs. mpirun does on each host what it does first: it starts itself
// there over SSH. trtllm-llmapi-launch takes its arguments apart, as that of TensorRT-LLM 1.0 does.
func mpiPrograms(port string) map[string]string {
	return map[string]string{
		"ssh": `exec /usr/bin/ssh -p ` + port + ` -o Hostname=127.0.0.1 "$@"`,
		"mpirun": `while test "$1" != trtllm-llmapi-launch; do
  case "$1" in
  -H) hosts=$2;;
  -n) ranks=$2;;
  esac
  case "$2" in
  plm_rsh_args) args=$3;;
  esac
  shift
done
printf '%s\0%s\0' "$ranks" "$hosts"
for h in $(echo "$hosts" | tr , ' ' | cut -d' ' -f2-); do ssh $args "${h%%:*}" "printf '%s\0' \"\$TOKEN\" \"\$POD_NAME\""; done
exec "$@"`,
		"trtllm-llmapi-launch": `exec $*`,
		"python3":              `for a in "$@"; do printf '%s\0' "$a"; done`,
		"sleep":                `:`,
		"sshd":                 `while test "$1" != -f; do shift; done; cp "$2" "$HOME/sshd_config"`,
	}
}

func newNode(t *testing.T, keys, port string, env ...string) node {
	t.Helper()
	dir := t.TempDir()
	for name, script := range mpiPrograms(port) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return node{dir: dir, env: append(env, "KEYS="+keys, "HOME="+dir, "TMPDIR="+dir, "PATH="+dir+":/usr/bin:/bin")}
}

func (n node) run(t *testing.T, keys string, words []string) string {
	t.Helper()
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], mpiPath, keys)
		words[i] = strings.ReplaceAll(words[i], "/run/sshd", n.dir)
		words[i] = strings.NewReplacer(
			"$(LWS_LEADER_ADDRESS)", "group-0.group.ns",
			"$(GROVE_PCSG_NAME)", "g-0-w", "$(GROVE_PCSG_INDEX)", "1", "$(GROVE_HEADLESS_SERVICE)", "g-0.ns",
		).Replace(words[i])
	}
	c := exec.CommandContext(t.Context(), words[0], words[1:]...)
	c.Env = n.env
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
	return string(out)
}

// writeKeys writes a key pair as a Secret volume does.
func writeKeys(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{MPIPrivateKey: pem.EncodeToMemory(block), MPIPublicKey: bytes.TrimSpace(ssh.MarshalAuthorizedKey(p))} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestMPI runs the command lines of both roles: the leader's own ssh reaches a server that was told what the worker tells
// sshd, and each trusts the other by the key of the group alone.
func TestMPI(t *testing.T) {
	if _, err := os.Stat("/usr/bin/ssh"); err != nil {
		t.Skip("needs /usr/bin/ssh")
	}
	cases := map[string]struct {
		reason string
		clique string
		hosts  string
	}{
		"LeaderWorkerSet": {
			reason: "Workers are called after the leader",
			hosts:  "group-0.group.ns:8,group-0-1.group.ns:8,group-0-2.group.ns:8",
		},
		"Grove": {
			reason: "Workers have a clique of their own",
			clique: "w", hosts: "g-0-w-1-w-ldr-0.g-0.ns:8,g-0-w-1-w-wkr-0.g-0.ns:8,g-0-w-1-w-wkr-1.g-0.ns:8",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
			keys := writeKeys(t)
			g := &graph.Group{Nodes: 3, Join: graph.JoinMPI, LocalRanks: 8, Clique: tc.clique}
			engine := []string{"python3", "-m", "dynamo.trtllm"}

			worker := newNode(t, keys, port, "TOKEN=it's a \"secret\"\nof two lines $HOME", "POD_NAME=worker")
			command, args := joined(g, engine, awkward, roleWorker)
			worker.run(t, keys, append(append([]string{}, command...), args...))
			serveSSH(t, l, worker)

			leader := newNode(t, keys, port, "TOKEN=other", "POD_NAME=leader")
			command, args = joined(g, engine, awkward, roleLeader)
			got := strings.Split(strings.TrimSuffix(leader.run(t, keys, append(append([]string{}, command...), args...)), "\x00"), "\x00")

			token := "it's a \"secret\"\nof two lines $HOME"
			want := []string{"24", tc.hosts, token, "worker", token, "worker", "-m", "dynamo.trtllm"}
			if diff := cmp.Diff(append(want, awkward...), got); diff != "" {
				t.Errorf("%s: mpirun, the environment on each node, the engine's arguments (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// serveSSH plays sshd with the configuration that a worker wrote.
func serveSSH(t *testing.T, l net.Listener, n node) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(n.dir, "sshd_config"))
	if err != nil {
		t.Fatal(err)
	}
	option := func(name string) string {
		m := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindSubmatch(config)
		if m == nil {
			t.Fatalf("sshd is not told its %s:\n%s", name, config)
		}
		return string(m[1])
	}
	if option("Port") != "2222" || option("PasswordAuthentication") != "no" {
		t.Errorf("sshd listens elsewhere or takes passwords:\n%s", config)
	}
	private, err := os.ReadFile(option("HostKey"))
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	authorized, err := os.ReadFile(option("AuthorizedKeysFile"))
	if err != nil {
		t.Fatal(err)
	}
	allowed, _, _, _, err := ssh.ParseAuthorizedKey(authorized) //nolint:dogsled // Only the key matters.
	if err != nil {
		t.Fatal(err)
	}
	server := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(k.Marshal(), allowed.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}}
	server.AddHostKey(host)
	forced := option("ForceCommand")
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go session(c, server, forced, n)
		}
	}()
}

// session runs the forced command of one connection, with nothing of the container's environment.
func session(c net.Conn, server *ssh.ServerConfig, forced string, n node) {
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	conn, channels, requests, err := ssh.NewServerConn(c, server)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		ch, in, err := offered.Accept()
		if err != nil {
			return
		}
		for r := range in {
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			run := struct{ Command string }{}
			_ = ssh.Unmarshal(r.Payload, &run)
			k := exec.Command("/bin/bash", "-c", forced)
			k.Env = []string{"SSH_ORIGINAL_COMMAND=" + run.Command, "PATH=" + n.dir + ":/usr/bin:/bin"}
			k.Stdout, k.Stderr = ch, ch.Stderr()
			status := struct{ Status uint32 }{}
			if k.Run() != nil {
				status.Status = 1
			}
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(&status))
			_ = ch.Close()
		}
	}
}
