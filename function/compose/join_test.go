package compose

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graphplane/graphplane/function/graph"
)

// awkward are arguments that a shell takes apart unless it is stopped.
var awkward = []string{`{"a": "b c", "d": [1, 2]}`, "it's", `say "hi"`, "$HOME", "a;b", "`id`", `back\slash`, "", "*"}

func TestJoined(t *testing.T) {
	address, index := "group-0.group.ns", "3"
	groveAddress := "g-0-w-1-w-ldr-0.g-0.ns.svc.cluster.local"
	env := map[string]string{
		"LWS_LEADER_ADDRESS": address, "LWS_WORKER_INDEX": index,
		"GROVE_PCSG_NAME": "g-0-w", "GROVE_PCSG_INDEX": "1", "GROVE_HEADLESS_SERVICE": "g-0.ns.svc.cluster.local", "GROVE_PCLQ_POD_INDEX": "2",
	}
	vllm := []string{"python3", "-m", "dynamo.vllm"}
	cases := map[string]struct {
		reason        string
		group         graph.Group
		role          string
		command, args []string
		// want are the words that the engine gets after its module.
		want []string
	}{
		"SGLangLeader": {
			reason: "The leader waits for all nodes at its own address",
			group:  graph.Group{Nodes: 4, Join: graph.JoinSGLang}, role: roleLeader,
			command: []string{"python3", "-m", "dynamo.sglang"}, args: awkward,
			want: append(append([]string{}, awkward...), "--dist-init-addr", address+":29500", "--nnodes", "4", "--node-rank", "0"),
		},
		"SGLangWorker": {
			reason: "A worker joins with its rank",
			group:  graph.Group{Nodes: 4, Join: graph.JoinSGLang}, role: roleWorker,
			command: []string{"python3", "-m", "dynamo.sglang"}, args: awkward,
			want: append(append([]string{}, awkward...), "--dist-init-addr", address+":29500", "--nnodes", "4", "--node-rank", index),
		},
		"MultiprocessingWorker": {
			reason: "A worker of an engine that spans nodes serves nothing",
			group:  graph.Group{Nodes: 4, Join: graph.JoinMultiprocessing}, role: roleWorker,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--distributed-executor-backend", "mp", "--nnodes", "4", "--node-rank", index,
				"--master-addr", address, "--master-port", "29500", "--headless"),
		},
		"CommandHoldsAll": {
			reason: "A command without arguments gets the flags as arguments",
			group:  graph.Group{Nodes: 2, Join: graph.JoinSGLang}, role: roleLeader,
			command: append([]string{"python3", "-m", "dynamo.sglang"}, awkward...),
			want:    append(append([]string{}, awkward...), "--dist-init-addr", address+":29500", "--nnodes", "2", "--node-rank", "0"),
		},
		"Script": {
			reason: "In a script, the flags follow the module, and the rest stays as it is written",
			group:  graph.Group{Nodes: 4, Join: graph.JoinMultiprocessing}, role: roleLeader,
			command: []string{"/bin/sh", "-c"}, args: []string{`X='a b' && exec python3 -m dynamo.vllm --model "$X" --json '{"a": "b c"}'`},
			want: []string{
				"--distributed-executor-backend", "mp", "--nnodes", "4", "--node-rank", "0", "--master-addr", address, "--master-port", "29500",
				"--model", "a b", "--json", `{"a": "b c"}`,
			},
		},
		"DataParallelLeader": {
			reason: "The first node has the first ranks",
			group:  graph.Group{Nodes: 4, Join: graph.JoinDataParallel, LocalRanks: 2}, role: roleLeader,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--data-parallel-hybrid-lb", "--data-parallel-size-local", "2",
				"--data-parallel-address", address, "--data-parallel-rpc-port", "13445", "--data-parallel-start-rank", "0"),
		},
		"DataParallelWorker": {
			reason: "The first rank of a node is its index times the copies of a node",
			group:  graph.Group{Nodes: 4, Join: graph.JoinDataParallel, LocalRanks: 2}, role: roleWorker,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--data-parallel-hybrid-lb", "--data-parallel-size-local", "2",
				"--data-parallel-address", address, "--data-parallel-rpc-port", "13445", "--data-parallel-start-rank", "6"),
		},
		"DataParallelOneRank": {
			reason: "With one copy a node the rank is the index, and no shell is needed",
			group:  graph.Group{Nodes: 4, Join: graph.JoinDataParallel, LocalRanks: 1}, role: roleWorker,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--data-parallel-hybrid-lb", "--data-parallel-size-local", "1",
				"--data-parallel-address", address, "--data-parallel-rpc-port", "13445", "--data-parallel-start-rank", index),
		},
		"DataParallelScript": {
			reason: "The shell of the script works the rank out",
			group:  graph.Group{Nodes: 4, Join: graph.JoinDataParallel, LocalRanks: 2}, role: roleWorker,
			command: []string{"/bin/sh", "-c"}, args: []string{`python3 -m dynamo.vllm --json '{"a": "b c"}'`},
			want: []string{
				"--data-parallel-hybrid-lb", "--data-parallel-size-local", "2", "--data-parallel-address", address,
				"--data-parallel-rpc-port", "13445", "--data-parallel-start-rank", "6", "--json", `{"a": "b c"}`,
			},
		},
		"GroveSGLangLeader": {
			reason: "The leader is the one pod of its clique, of the same replica",
			group:  graph.Group{Nodes: 4, Join: graph.JoinSGLang, Clique: "w"}, role: roleLeader,
			command: []string{"python3", "-m", "dynamo.sglang"}, args: awkward,
			want: append(append([]string{}, awkward...), "--dist-init-addr", groveAddress+":29500", "--nnodes", "4", "--node-rank", "0"),
		},
		"GroveSGLangWorker": {
			reason: "The workers of a clique count from 0, and come after the leader",
			group:  graph.Group{Nodes: 4, Join: graph.JoinSGLang, Clique: "w"}, role: roleWorker,
			command: []string{"python3", "-m", "dynamo.sglang"}, args: awkward,
			want: append(append([]string{}, awkward...), "--dist-init-addr", groveAddress+":29500", "--nnodes", "4", "--node-rank", "3"),
		},
		"GroveMultiprocessingWorker": {
			reason: "A rank that a shell works out leaves the arguments as they are",
			group:  graph.Group{Nodes: 4, Join: graph.JoinMultiprocessing, Clique: "w"}, role: roleWorker,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--distributed-executor-backend", "mp", "--nnodes", "4",
				"--master-addr", groveAddress, "--master-port", "29500", "--headless", "--node-rank", "3"),
		},
		"GroveCommandHoldsAll": {
			reason: "A command without arguments stays whole",
			group:  graph.Group{Nodes: 4, Join: graph.JoinSGLang, Clique: "w"}, role: roleWorker,
			command: append([]string{"python3", "-m", "dynamo.sglang"}, awkward...),
			want:    append(append([]string{}, awkward...), "--dist-init-addr", groveAddress+":29500", "--nnodes", "4", "--node-rank", "3"),
		},
		"GroveScript": {
			reason: "The shell of a script works the rank out itself",
			group:  graph.Group{Nodes: 4, Join: graph.JoinMultiprocessing, Clique: "w"}, role: roleWorker,
			command: []string{"/bin/sh", "-c"}, args: []string{`X='a b' && exec python3 -m dynamo.vllm --model "$X" --json '{"a": "b c"}'`},
			want: []string{
				"--distributed-executor-backend", "mp", "--nnodes", "4", "--master-addr", groveAddress, "--master-port", "29500", "--headless",
				"--node-rank", "3", "--model", "a b", "--json", `{"a": "b c"}`,
			},
		},
		"GroveDataParallelWorker": {
			reason: "The leader's copies have the first ranks",
			group:  graph.Group{Nodes: 4, Join: graph.JoinDataParallel, LocalRanks: 2, Clique: "w"}, role: roleWorker,
			command: vllm, args: awkward,
			want: append(append([]string{}, awkward...), "--data-parallel-hybrid-lb", "--data-parallel-size-local", "2",
				"--data-parallel-address", groveAddress, "--data-parallel-rpc-port", "13445", "--data-parallel-start-rank", "6"),
		},
		"GroveRayLeader": {
			reason: "The leader's Ray waits for nobody",
			group:  graph.Group{Nodes: 4, Join: graph.JoinRay, Clique: "w"}, role: roleLeader,
			command: vllm, args: awkward,
			want: awkward,
		},
		"RayLeader": {
			reason: "The engine starts when Ray does, with its arguments as they are",
			group:  graph.Group{Nodes: 4, Join: graph.JoinRay}, role: roleLeader,
			command: vllm, args: awkward,
			want: awkward,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			command, args := joined(&tc.group, tc.command, tc.args, tc.role)
			got := execute(t, append(append([]string{}, command...), args...), env)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// execute runs a container's command line as a kubelet does: it expands $(VAR), and runs the words without a shell of
// its own. It returns the words that python3 gets after -m and the module.
func execute(t *testing.T, words []string, env map[string]string) []string {
	t.Helper()
	path := tools(t)
	for i := range words {
		for k, v := range env {
			words[i] = strings.ReplaceAll(words[i], "$("+k+")", v)
		}
	}
	program, err := exec.LookPath("/bin/sh")
	if err != nil {
		t.Skip("needs /bin/sh")
	}
	// A kubelet looks the program up in the container's PATH. This exec does, and leaves every word as it is.
	c := exec.CommandContext(t.Context(), program, append([]string{"-c", `exec "$@"`, "sh"}, words...)...)
	c.Env = []string{"PATH=" + path + ":/usr/bin:/bin", "HOME=/nowhere"}
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", words, err, out)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(got) < 2 || got[0] != "-m" {
		t.Fatalf("python3 got %q", got)
	}
	return got[2:]
}
